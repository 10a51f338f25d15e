package content

import "testing"

// How single lines are written.
func TestLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, html, want string }{
		{"terms and definitions", "<dl><dt>a</dt><dt>b</dt><dd>1</dd><dd>2</dd><dt>c</dt><dd>3</dd></dl>", "a\nb\n:   1\n:   2\n\nc\n:   3"},
		{"a term without a definition", "<dl><dt>a</dt><dd></dd><dt>b</dt><dd>1</dd></dl>", "a\n\nb\n:   1"},
		{"type parameters", "<ul><li><a href=/f>func As[E error](err error) E</a></li></ul><p>As[E](x), not [E] (x).</p>", "- [func As[E error\\](err error) E](https://e.com/f)\n\nAs[E\\](x), not [E] (x)."},
		{"code that is a link", "<p>See <code><a href=/x>X</a></code> and <code><a href=/y>Y</a>()</code>.</p>", "See [`X`](https://e.com/x) and `Y()`."},
		{"code beside code", "<p><code>a</code><code>b</code></p>", "`a` `b`"},
		{"a picture of a sign", "<p><img alt=- src=/minus.png> Parts of it.</p>", "Parts of it."},
		{"an entry of nothing but a list", "<ul><li>a</li><li><ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"},
		{"words that a style keeps apart", "<h2><a href=/a>Pool</a><span class=sep></span>fill <a class=srclink href=/s>[src]</a></h2><p>Fills.</p>", "## Pool fill\n\nFills."},
		{"a table of one column", "<table><tr><td>One.</td></tr><tr><td>Two.</td></tr></table>", "One.\n\nTwo."},
		{"emphasis beside another", "<p><b>-e</b> <i>FILE</i><b>, --file=</b><i>FILE</i></p>", "**-e** *FILE*, --file=*FILE*"},
		{"numbers beside lines", "<pre><div><div><span>7</span><div>go get</div></div><div><span>8</span><div>go build</div></div></div></pre>", "```\ngo get\ngo build\n```"},
		{"numbers that are data", "<pre><span><i>1</i>,a</span>\n<span><i>2</i>,b</span></pre>", "```\n1,a\n2,b\n```"},
		{"lines of nothing but numbers", "<pre><div><span>1</span></div><div><span>2</span></div></pre>", "```\n1\n2\n```"},
		{
			"a terminal that a script plays", `<div class=termy><div class=highlight><pre><code>$ run &lt;u style="x"&gt;main.py&lt;/u&gt;
&lt;span style="y"&gt;&lt;font color="#fff"&gt; OK &lt;/font&gt;&lt;/span&gt; a &amp;lt; b &lt;dir&gt;</code></pre></div></div><p>What it says then.</p>`,
			"```\n$ run main.py\n OK  a < b <dir>\n```\n\nWhat it says then.",
		},
		{
			"lines of a terminal", `<div id=termynal data-termynal><span data-ty=input>pip install x</span><span data-ty>Installed.</span> <span data-ty=input data-ty-prompt=">>>">import x</span></div>`,
			"```\n$ pip install x\nInstalled.\n>>> import x\n```",
		},
		{"powers", "<p>2<sup>32</sup> pages, 10<sup>-6</sup> s, O(n<sup>2</sup>), <i>x</i><sup>n+1</sup>, (a + b)<sup>2</sup>, 2<sup>n</sup>, <code>2<sup>53</sup> - 1</code></p>", "2^32 pages, 10^-6 s, O(n^2), *x*^(n+1), (a + b)^2, 2^n, `2^53 - 1`"},
		{"indexes", "<p>H<sub>2</sub>O, x<sub>1</sub>, 101<sub>2</sub>, log<sub>2</sub> n</p>", "H2O, x1, 101_2, log2 n"},
		{"raised words and signs", "<p>1<sup>st</sup>, 2<sup>e</sup>, Air<sup>®</sup>, per class<sup>*</sup>, M<sup>me</sup>, x <sup>2</sup>, it<sup>[1]</sup>, a<sup><a href=/n>1</a></sup>, b<sup> 2</sup></p>", "1st, 2e, Air®, per class*, Mme, x 2, it[1], a[1](https://e.com/n), b 2"},
		{"code with tags in it", "<pre>&lt;b&gt;x&lt;/b&gt;</pre>", "```\n<b>x</b>\n```"},
		{"a line end in bold", "<p>a <b><br>\n-a</b>, b</p>", "a \n**-a**, b"},
		{
			"numbers that cannot be copied", `<pre><code class=language-go><span><span style="-webkit-user-select:none; user-select: none"> 1</span>a := 1</span>
<span><span style="user-select:none"> 2</span></span>
<span class="linenumber">3</span>b := 2</code></pre>`,
			"```go\na := 1\n\nb := 2\n```",
		},
		{"code of several kinds in a line", "<pre><span>module A</span>: <code class=type>B</code><code class=type>  with type t = C</code></pre>", "```\nmodule A: B  with type t = C\n```"},
		{"lines that are code each", "<pre><code>a = 1</code><code>b = 2</code></pre>", "```\na = 1\nb = 2\n```"},
		{"marks behind a sign that opens tags", "<p>List&lt;<a href=/x>Foo</a>&gt;, Map&lt;<b>K</b>, <i>V</i>&gt;</p>", "List\\<[Foo](https://e.com/x)>, Map\\<**K**, *V*>"},
		{"a tag before a name", "<h2><code class=tsd-tag>Optional</code>force</h2>", "## `Optional` force"},
		{"a table right in a list that frames it", "<ul class=blockList><table><tr><th>A<th>B<tr><td>1<td>2</table></ul>", "| A | B |\n| --- | --- |\n| 1 | 2 |"},
		{"a tag before a predicate", "<dl><dt><span class=pred-tag>[det]</span><a id=x><b>shut</b>(G)</a></dt><dd>Shuts.</dd></dl>", "[det] **shut**(G)\n:   Shuts."},
		{"a label that stands apart", "<h2>Latch Class<span class=mlabels><span class=mlabel>abstract</span></span></h2><p>Shuts.</p>", "## Latch Class abstract\n\nShuts."},
		{"a label within the code", "<pre><code class='hljs language-bash'><div class=code__header><span>Bash</span></div><div>bash\nls</div></code></pre>", "```bash\nbash\nls\n```"},
		{"a mark that leads to the top", "<h2>NAME <a href=#top_of_page><span>top</span></a></h2><p>ls</p>", "## NAME\n\nls"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if md := parsed(t, "<p>Text.</p>"+test.html); md != "Text.\n\n"+test.want {
				t.Errorf("got %q, want %q", md, test.want)
			}
		})
	}
}

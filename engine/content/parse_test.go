package content

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ html, want string }{
		"heading without permalink":  {`<h1>Title<a class="headerlink" href="#t">¶</a></h1><p>Text`, "# Title\n\nText"},
		"emphasis and code":          {`<p>Use <strong>bold</strong>, <em>slanted</em> and <code>a_b*c</code>.`, "Use **bold**, *slanted* and `a_b*c`."},
		"relative link":              {`<p><a href="../x.html#y">x</a> <a href="javascript:alert(1)">no</a>`, "[x](https://e.com/x.html#y) no"},
		"picture is a link":          {`<p><img src="a.png" alt="A plot"> seen`, "[A plot](https://e.com/d/a.png) seen"},
		"code keeps its lines":       {`<div class="highlight-python3"><pre><span></span><span>def</span> f():` + "\n    return 1\n</pre></div>", "```python\ndef f():\n    return 1\n```"},
		"fence is longer":            {"<pre>a\n```\nb</pre>", "````\na\n```\nb\n````"},
		"lines in elements":          {`<pre><code class="language-go"><div>a</div><div>b</div></code></pre>`, "```go\na\nb\n```"},
		"code in two versions":       {`<pre><input type=checkbox><code class="language-js mjs">import a</code><code class="language-js cjs">require(a)</code><button>copy</button></pre>`, "```js\nimport a\n```\n\n```js\nrequire(a)\n```"},
		"codes that are lines":       {`<pre><code>a</code><code>b</code></pre>`, "```\na\nb\n```"},
		"lines by a style sheet":     {`<pre class=shiki><code><span class=line><i>a</i> b</span><span class=line></span><span class=line>c</span></code></pre>`, "```\na b\n\nc\n```"},
		"lines with their ends":      {`<pre class=shiki><code><span class=line>a</span>` + "\n" + `<span class=line></span>` + "\n" + `<span class=line>c</span></code></pre>`, "```\na\n\nc\n```"},
		"lines with ends inside":     {"<pre><code><span class=line><span class=cl>a\n</span></span><span class=line><span class=cl>\n</span></span><span class=line><span class=cl>c\n</span></span></code></pre>", "```\na\n\nc\n```"},
		"indented, not quoted":       {`<p>x<blockquote><div><dl class="py method"><dt class="sig" id="C.f">f()</dt><dd>Does it.</dd></dl></div></blockquote>`, "x\n\n`f()`\n:   Does it."},
		"quoted":                     {`<p>x<blockquote><div><p>Said he.<dl><dt>a<dd>b</dl></div></blockquote>`, "x\n\n> Said he.\n>\n> a\n> :   b"},
		"line numbers":               {`<table class="highlighttable"><tr><td class="linenos"><pre>1` + "\n2" + `</pre></td><td class="code"><pre>x` + "\ny" + `</pre></td></tr></table>`, "```\nx\ny\n```"},
		"nested list":                {`<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>`, "- a\n  - b\n- c"},
		"ordered list":               {`<ol start="3"><li>a</li><li><p>b</p><p>c</p></li></ol>`, "3. a\n4. b\n\n   c"},
		"definitions":                {`<dl><dt>term</dt><dd>meaning</dd></dl>`, "term\n:   meaning"},
		"table":                      {`<table><tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td>3</td></tr></table>`, "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"},
		"spans are repeated":         {`<table><tr><th>a</th><th>b</th></tr><tr><td rowspan=2>x</td><td>1</td></tr><tr><td>2</td></tr></table>`, "| a | b |\n| --- | --- |\n| x | 1 |\n| x | 2 |"},
		"lists in a table":           {`<table><tr><th>a</th><th>b</th></tr><tr><td><ul><li><p>x</p></li><li>y</li></ul></td><td><dl><dt>t</dt><dd>d</dd></dl></td></tr></table>`, "| a | b |\n| --- | --- |\n| - x<br>- y | t<br>d |"},
		"code in a table":            {"<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr><tr><td>3</td><td><pre>x\n y</pre></td></tr><tr><td>4</td><td>5</td></tr></table>", "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n3\n\n```\nx\n y\n```\n\n| a | b |\n| --- | --- |\n| 4 | 5 |"},
		"admonition":                 {`<div class="admonition note"><p class="admonition-title">Note</p><p>Careful.</p></div>`, "> **Note**\n>\n> Careful."},
		"details":                    {`<details><summary>More</summary><p>Text</p></details>`, "**More**\n\nText"},
		"maths":                      {`<p>so <script type="math/tex">x^2</script> and <math><semantics><mi>y</mi><annotation encoding="application/x-tex">y_1</annotation></semantics></math>`, "so $x^2$ and $y_1$"},
		"markup in text":             {`<p>&lt;script&gt; and 2 * 3 and # 4`, `\<script> and 2 * 3 and # 4`},
		"headings after a line end":  {"<p>x<br># a<br>- b<br>===<br>1. c<br>&gt; d", "x\n\\# a\n\\- b\n\\===\n1\\. c\n\\> d"},
		"terms that are no headings": {`<p>x<dl><dt># a<dd>b<dt>- c<dd>d</dl>`, "x\n\n\\# a\n:   b\n\n\\- c\n:   d"},
		"fences of tildes":           {`<p>~~~</p><p>* x`, "\\~~~\n\n\\* x"},
		"markup of two nodes":        {`<p>&lt;<i></i>script&gt; [x]<span>(http://e.com/)</span> a<sup class=f><a class=footnote href=#fn1>1</a></sup>(b)`, `\<script> [x]\(http://e.com/) a[^1]\(b)`},
		"markup in titles":           {`<p class=title>&lt;script&gt; [x](y) *</p><p>z`, "**\\<script> [x\\](y) \\***\n\nz"},
		"numbers of callouts":        {`<p>x<div class=colist><table><tr><td># a</td><td>b</td></tr></table></div><div class=colist><table><tr><td><img alt=1></td><td>c</td><td>d</td></tr></table></div>`, "x\n\n\\# a b\n\n1. c\n\n   d"},
		"kinds of other letters":     {`<p>x<div class=admonitionblock><table><tr><td class=icon>注意</td><td class=content>y</td></tr></table></div>`, "x\n\n> **注意**\n>\n> y"},
		"a language of a sentence":   {`<ul><li>As <code>json</code>:<pre class=language-json>{}</pre></li><li><span>json</span><pre class=language-json>[]</pre></li></ul>`, "- As `json`:\n\n  ```json\n  {}\n  ```\n- ```json\n  []\n  ```"},
		"code that is not printed":   {`<main><p>Words.<p>x<div class=d-print-none><pre>y</pre></div><p>z</main>`, "Words.\n\nx\n\n```\ny\n```\n\nz"},
		"numbers that are code":      {`<pre><code class="language-js line-numbers">x=1</code></pre><pre><span class=ln>kept</span></pre><pre><span class=ln>12 </span>y</pre><pre><div><b>10</b><div>z</div></div></pre>`, "```js\nx=1\n```\n\n```\nkept\n```\n\n```\ny\n```\n\n```\n10\nz\n```"},
		"tables in links":            {`<p>x</p><a href=y><table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table></a>`, "x\n\n|  |  |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |"},
		"tabs in a table":            {`<p>x<table><tr><th>A<th>B<tr><td>x<td><div class=tabs><label>One</label><div>1</div><label>Two</label><div>2</div></div></table>`, "x\n\n| A | B |\n| --- | --- |\n| x | **One**<br>1<br>**Two**<br>2 |"},
		"not all lines of a file":    {`<p>x<table class=highlight><tr><td>a</td><td>b</td></tr><tr><td class=blob-code>c</td><td>d</td></tr></table>`, "x\n\n|  |  |\n| --- | --- |\n| a | b |\n| c | d |"},
		"data in a note":             {`<p>x<div class=error><table><tr><th>A</th><th>B</th></tr><tr><td>c</td><td>d</td></tr></table></div>`, "x\n\n> **Error**\n>\n> | A | B |\n> | --- | --- |\n> | c | d |"},
		"code of a member":           {`<meta name=generator content=doxygen><div class=contents><p>Words that are here for a page to say.</p><table class=memberdecls><tr class=memitem:1><td class=memItemLeft>int</td><td>f()</td></tr><tr class=memdesc:1><td class=mdescLeft></td><td class=mdescRight>Does. <pre>c` + "\nx" + `</pre></td></tr></table></div>`, "Words that are here for a page to say.\n\n- int f()\n  Does.\n\n  ```\n  c\n  x\n  ```"},
		"a mark with more in it":     {`<p>x<dl class=footnote><dt>a]: # z</dt><dd>q</dd></dl>`, "x\n\n[^a:#z]: q"},
		"would be a heading":         {`<p># not a heading`, `\# not a heading`},
		"heading without an end":     {`<h1>Broken<p>unclosed <b>bold <i>both</b> it</i><table><tr><td>x<td>y<tr><td>z<td>w</table><ul><li>1<li>2</ul>`, "# Broken\n\nunclosed **bold *both*** *it*\n\n|  |  |\n| --- | --- |\n| x | y |\n| z | w |\n\n- 1\n- 2"},
		"blocks in a heading":        {`<h1><div>Part One</div><div>Begin</div></h1><h2><p>Two</p></h2><h3>A<br>B</h3>`, "# Part One Begin\n\n## Two\n\n### A B"},
		"space within emphasis":      {`<p>a<b> x </b>c <i>y </i><code> z </code>d`, "a **x** c *y* `z` d"},
		"seen for spoken":            {`<p>10 <span class="sr-only">minutes</span><span aria-hidden="true">mins</span>`, "10 mins"},
		"who is quoted":              {`<blockquote><div><cite>ann wrote:</cite>Words.</div></blockquote><p>See <cite>Book</cite> for it.`, "> *ann wrote:*\n> Words.\n\nSee *Book* for it."},
		"one row":                    {`<table><tr><td>a</td><td>b</td></tr></table><p>c`, "a b\n\nc"},
		"facts":                      {`<table><tr><th>a</th><td><ul><li>x</li></ul></td></tr><tr><th>b</th><td>y</td></tr></table>`, "|  |  |\n| --- | --- |\n| a | - x |\n| b | y |"},
		"a heading leads elsewhere":  {`<h1><a href="/">Title</a></h1><h2><a href="x.html">A</a> <a class="headerlink" href="#a">¶</a></h2><h2><a href="#b">B</a></h2><h2><a href="/d/p.html#c">C</a></h2><h2>D <a href="y.html">y</a></h2>`, "# Title\n\n## [A](https://e.com/d/x.html)\n\n## B\n\n## C\n\n## D y"},
		"cards":                      {`<h1>T</h1><div><a href="x.html"><h2>A</h2><p>About a.</p></a><a href="y.html"><div>B</div><p>About b.</p></a></div>`, "# T\n\n## [A](https://e.com/d/x.html)\n\nAbout a.\n\n[B About b.](https://e.com/d/y.html)"},
		"types of parameters":        {`<dl><dt><strong>f</strong><span class="classifier">callable</span></dt><dd><p>What.</p></dd><dt>g<span class="classifier-delimiter">:</span> <span class="classifier">int</span></dt><dd>Who.</dd></dl>`, "**f** : callable\n:   What.\n\ng: int\n:   Who."},
		"maths kept as it is":        {`<pre class="arithmatex">\[3 &lt; 4\]</pre><pre class="arithmatex">x</pre>`, "$$3 < 4$$\n\n```\nx\n```"},
		"source beside a signature":  {`<dl><dt class="sig">f(x)<a class="reference internal" href="_modules/f.html#f"><span class="viewcode-link"><span class="pre">[source]</span></span></a></dt><dd>Does.</dd></dl><pre><a class="viewcode-back" href="../f.html">[docs]</a>def f(x):</pre>`, "`f(x)`\n:   Does.\n\n```\ndef f(x):\n```"},
		"pictures that hide alts":    {`<main><p><img alt="A plot" src="a.png" style="color:transparent"></p><p style="font-size:0"><img alt="B plot" src="b.png"></p>`, "[A plot](https://e.com/d/a.png)\n\n[B plot](https://e.com/d/b.png)"},
		"a heading leads back":       {`<section id="authors"><h3><a class="toc-backref" href="#id2" role="doc-backlink">Authors</a><a class="headerlink" href="#authors">¶</a></h3><p>All.</p></section>`, "### Authors\n\nAll."},
		"the head of an entry":       {`<main><h1>A</h1><section><header><code>add</code>: method</header><p>Adds.</p></section><section><header>By Jo</header><p>More.</p></section></main>`, "# A\n\n`add`: method\n\nAdds.\n\nMore."},
		"signatures of methods":      {`<ul><li><span class="summary_signature"><a href="#f">f(x)</a> (also: g)</span><p>Does.</p></li></ul><h3 class="signature">f(x)</h3><div class=post><p>Does it.</p><div class="signature">-- Jo</div></div>`, "- [f(x)](https://e.com/d/p.html#f) (also: g)\n\n  Does.\n\n### f(x)\n\nDoes it."},
		"languages of others":        {`<figure class="highlight go"><pre>a</pre></figure><pre data-enlighter-language="css">b</pre><pre class="gatsby-code-jsx"><code>c</code></pre><pre class="mermaid mermaid-js">d</pre>`, "```go\na\n```\n\n```css\nb\n```\n\n```jsx\nc\n```\n\n```mermaid\nd\n```"},
		"boxes to tick off":          {`<ul><li><input type=checkbox checked> done</li><li><p><input type=checkbox> open</p></li><li><input type=checkbox id=a><label for=a>Fold</label><ul><li><input type=checkbox> in</li></ul></li></ul>`, "- [x] done\n- [ ] open\n- Fold\n  - [ ] in"},
		"line break":                 {`<p>a<br>b`, "a\nb"},
		"xhtml with a declaration":   {`<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body><p>x</p></body></html>`, "x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/d/p.html", MediaType: "text/html", Body: []byte(test.html)})
			if err != nil {
				t.Fatal(err)
			}
			if doc.Markdown != test.want {
				t.Errorf("got\n%s\nwant\n%s", doc.Markdown, test.want)
			}
		})
	}
}

// TestHiddenTextIsGone: rule N5.
func TestHiddenTextIsGone(t *testing.T) {
	t.Parallel()
	hidden := []string{
		`<p hidden>canary</p>`, `<p style="display: none">canary</p>`, `<div style="visibility:hidden">canary</div>`,
		`<span style="font-size:0">canary</span>`, `<div style="position:absolute;left:-9999px">canary</div>`, `<p style="opacity:0">canary</p>`,
		`<p style="color:#fff;background:#ffffff">canary</p>`, `<p style="color:white">canary</p>`, `<!-- canary -->`, `<script>canary</script>`, `<style>canary</style>`,
		`<noscript>canary</noscript>`, `<template>canary</template>`, `<span class="sr-only">canary</span>`, `<p style="text-indent:-9999px">canary</p>`,
		`<div style="height:0;overflow:hidden">canary</div>`, `<p title="canary">x</p>`, `<p aria-label="canary">x</p>`, `<svg><text>canary</text></svg>`,
		`<iframe>canary</iframe>`, `<div style="clip:rect(0,0,0,0)">canary</div>`, `<p>c&#x200b;anary</p>x`, `<p>&#xE0063;&#xE0061;</p>`,
		`<input value="canary">`, `<textarea>canary</textarea>`, `<meta name="x" content="canary">`, `<p style="color:red;color:transparent">canary</p>`,
		`<pre><span style="display:none">canary</span>x</pre>`, `<table><tr><td hidden>canary</td><td>x</td></tr></table>`, `<h2><span hidden>canary</span>x</h2>`,
		`<p>x <span class="sr-only">a</span><span aria-hidden="true">canary words that are more than a few letters</span></p>`, `<p>x <b>a</b><span aria-hidden="true">canary</span></p>`,
		`<div aria-label="Note"><p aria-hidden="true">Note canary</p>x</div>`, `<div aria-label="canary"><p aria-hidden="true" class="sr-only">canary</p>x</div>`,
		`<div popover>canary</div>`, `<meter>canary</meter><progress>canary</progress>`, `<font color=white>canary</font>`, `<div style="content-visibility:hidden">canary</div>`,
		`<div style="position:absolute;width:1px;height:1px;overflow:hidden">canary</div>`, `<p style="transform:scaleX(0)">canary</p>`, `<p style="clip-path:circle(0)">canary</p>`,
		`<div role=tablist>t</div><div role=tabpanel style="position:absolute;left:-9999px">canary</div>`,
		`<textarea class="x Documentation-exampleCode">canary</textarea>`, `<textarea class="Documentation-exampleCode" hidden>canary</textarea>`,
	}
	for _, one := range hidden {
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<body><p>Visible words here.</p>" + one + "</body>")})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(doc.Markdown, "canary") && !strings.Contains(one, "200b") || strings.ContainsAny(doc.Markdown, "\u200b\U000E0063") {
			t.Errorf("%s gave %q", one, doc.Markdown)
		}
		if !strings.Contains(doc.Markdown, "Visible words here.") {
			t.Errorf("%s lost the visible text: %q", one, doc.Markdown)
		}
	}
}

func TestChromeAroundContentIsLeftOut(t *testing.T) {
	t.Parallel()
	page := `<html><head><title>Guide - Site</title><meta name="robots" content="noindex"></head><body>
<header><a href="/">Home</a></header><nav><a href="/a">A</a></nav>
<main><h1>Guide</h1><p>` + strings.Repeat("Real words of the guide. ", 20) + `</p><p>See <a href="/b">B</a>.</p></main>
<aside><p>Advert</p></aside><footer><p>Imprint</p></footer></body></html>`
	doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page)})
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"Home", "Advert", "Imprint"} {
		if strings.Contains(doc.Markdown, gone) {
			t.Errorf("%q is in %q", gone, doc.Markdown)
		}
	}
	if doc.Title != "Guide" || !doc.NoIndex || len(doc.Links) != 3 {
		t.Errorf("title %q, noindex %v, links %+v", doc.Title, doc.NoIndex, doc.Links)
	}
	for _, l := range doc.Links {
		if want := l.URL == "https://e.com/b"; l.Main != want {
			t.Errorf("%s: main %v", l.URL, l.Main)
		}
	}
}

func TestDeepAndWide(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"deep": strings.Repeat("<div>", 50_000) + "x", "deep spans": strings.Repeat("<b><i>", 20_000) + "x",
		"wide": strings.Repeat("<p>a</p>", 100_000), "deep lists": strings.Repeat("<ul><li>", 20_000) + "x",
	} {
		if _, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func words(s string) int { return len(strings.Fields(s)) }

func TestChunks(t *testing.T) {
	t.Parallel()
	md := "# Title\n\nIntro.\n\n## One\n\n" + strings.Repeat("word ", 150) + "\n\n```go\n" + strings.Repeat("some code line\n", 300) + "```\n\n## Two\n\n" +
		"| a | b |\n| --- | --- |\n" + strings.Repeat("| x y z | u v w |\n", 100) + "\n### Deep\n\nend"
	chunks := Chunks("Title", md, MarkdownHeadings(md), words)
	covered := 0
	for i, c := range chunks {
		if c.Ordinal != i || c.Start >= c.End || c.End > len(md) || c.Tokens > chunkMax+10 {
			t.Errorf("chunk %d: %d-%d, %d tokens", i, c.Start, c.End, c.Tokens)
		}
		if strings.TrimSpace(md[covered:min(max(c.Start, covered), len(md))]) != "" && !strings.Contains(md[covered:c.Start], "```") && !strings.Contains(md[covered:c.Start], "---") {
			t.Errorf("lost before chunk %d: %q", i, md[covered:c.Start])
		}
		covered = c.End
		if strings.Contains(c.Text, "some code line") && strings.Count(c.Text, "```") != 2 {
			t.Errorf("chunk %d: code without its fence", i)
		}
		if strings.Contains(c.Text, "x y z") && !strings.Contains(c.Text, "| a | b |") {
			t.Errorf("chunk %d: a table without its head", i)
		}
	}
	last := chunks[len(chunks)-1]
	if got := strings.Join(last.HeadingPath, "/"); got != "Two/Deep" && got != "Two" {
		t.Errorf("path of the last chunk: %q", got)
	}
}

func TestChunksKnowTheSectionsInside(t *testing.T) {
	t.Parallel()
	md := "# Title\n\n## One\n\na\n\n### Deep\n\nb\n\n## Two\n\nc\n\n## Long\n\n" + strings.Repeat("word ", 300)
	chunks := Chunks("Title", md, MarkdownHeadings(md), words)
	var got []string
	for _, c := range chunks {
		got = append(got, strings.Join(c.HeadingPath, "/")+":")
		for _, p := range c.Inside {
			if p.Offset < c.Start || p.Offset >= c.End || !strings.HasPrefix(md[p.Offset:], "#") {
				t.Errorf("%+v is not in %d-%d", p, c.Start, c.End)
			}
			got = append(got, strings.Join(p.HeadingPath, "/"))
		}
	}
	if want := ": One One/Deep Two Long:"; !strings.HasPrefix(strings.Join(got, " "), want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFingerprints holds the hash of blocks to FNV-1a: they are stored.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	for text, words := range map[string]string{"Some Words, here": " some words here", "Größe 世界 [x](y)": " größe 世界 x", "*": ""} {
		h := fnv.New64a()
		_, _ = h.Write([]byte(words))
		if got := Blocks(text)[0].Fingerprint; got != h.Sum64() {
			t.Errorf("%q: %x, want %x", text, got, h.Sum64())
		}
	}
}

func TestCutAndRestore(t *testing.T) {
	t.Parallel()
	md := "menu a b\n\n# Title\n\ntext\n\n```\nx\n\ny\n```\n\nfooter"
	blocks := Blocks(md)
	if len(blocks) != 5 {
		t.Fatalf("got %d blocks, want 5", len(blocks))
	}
	drop := map[uint64]bool{blocks[0].Fingerprint: true, blocks[4].Fingerprint: true}
	cleaned, cuts := CutBlocks(md, drop)
	if strings.Contains(cleaned, "menu") || strings.Contains(cleaned, "footer") || !strings.Contains(cleaned, "# Title") {
		t.Errorf("cleaned: %q", cleaned)
	}
	if got := Restore(cleaned, cuts); got != md {
		t.Errorf("restored: %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("<table><tr><td rowspan=3>a<td><pre>x</table><dl><dt class=sig id=x>f(*a)<dd>y")
	pages, _ := filepath.Glob("testdata/*.html")
	for _, path := range pages {
		if page, err := os.ReadFile(path); err == nil {
			f.Add(string(page))
		}
	}
	f.Fuzz(func(t *testing.T, page string) {
		began := time.Now()
		defer func() {
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%d bytes took %v", len(page), took)
			}
		}()
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page)})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range doc.Headings {
			if h.Offset < 0 || h.Offset > len(doc.Markdown) {
				t.Fatalf("heading %+v outside of %d bytes", h, len(doc.Markdown))
			}
		}
		for _, c := range Chunks(doc.Title, doc.Markdown, doc.Headings, words) {
			if c.Start < 0 || c.End > len(doc.Markdown) || c.Start > c.End {
				t.Fatalf("chunk %d: %d-%d of %d", c.Ordinal, c.Start, c.End, len(doc.Markdown))
			}
		}
		drop := map[uint64]bool{}
		for i, b := range Blocks(doc.Markdown) {
			drop[b.Fingerprint] = i%2 == 0
		}
		if cleaned, cuts := CutBlocks(doc.Markdown, drop); Restore(cleaned, cuts) != doc.Markdown {
			t.Fatal("cut and restore do not agree")
		}
	})
}

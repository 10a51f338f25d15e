package pagetree

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// corners are pages at the edges of the rules. None of them may have another tree
// than x/net's; those of the ordinary ones must be read.
var corners = []struct {
	page     string
	declined bool
}{
	{page: ""},
	{page: " "},
	{page: "a"},
	{page: "\n<p>a"},
	{page: "<!doctype html>"},
	{page: "<!DOCTYPE html>\r\n<html>\r\n<p>a\rb\r\n\r\rc&#13;\r\nd<pre>\r\n\r\na</pre><textarea>\r\nb</textarea><pre>&#13;\nc"},
	{page: "<!doctypehtml><p><table>"},
	{page: "<!DOCTYPE HTML><p><table>"},
	{page: "<!doctype html SYSTEM 'about:legacy-compat'><p><table>"},
	{page: "<!doctype &amp;html><p><table>"},
	{page: `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><p>a<table><tr><td>b`},
	{page: `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><p>a<table><tr><td>b`},
	{page: "<!doctype html", declined: true},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.1//EN\"\n \"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd\"><p>a<table><tr><td>b"},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Frameset//EN\"\"http://www.w3.org/TR/x\"><p><table>"},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Frameset//EN\" \"http://www.w3.org/TR/x\" ><p><table>"},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Frameset//EN\" x\"http://www.w3.org/TR/x\"><p><table>"},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 &amp;//EN\" \"http://www.w3.org/TR/x\"><p><table>"},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\"><p><table>"},
	{page: "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" 'http://www.w3.org/TR/x'><p><table>"},
	{page: "<!DOCTYPE Html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/x\"><p><table>"},
	{page: "<p><table><tr><td>quirks"},
	{page: "<?xml version='1.0'?><!doctype html><html xmlns='x' xml:lang=en><!-- a --><head><!-- b --></head><!-- c --><body></body><!-- d --></html><!-- e --> "},

	// Left out: what the parser adds.
	{page: "<title>a</title>b"},
	{page: "</p>a"},
	{page: "</head>a"},
	{page: "</br>"},
	{page: "<head></br>"},
	{page: "</x>"},
	{page: "<head></head></x></br></p>"},
	{page: "<html></html><head>a</head><body class=x>b<body class=y id=z><html lang=en><html lang=de dir=ltr>"},
	{page: "<head> a"},
	{page: "<head>  <meta charset=utf-8>  <link>  </head>  <style>a</style> <title>b</title> <script>c</script> d"},
	{page: "<head><head><base><basefont><bgsound><noframes><b></noframes><noscript><img></noscript><p>"},
	{page: "</body> a </body><!-- b --></html> c </html><!-- d -->"},
	{page: "a</body><p>b</html><p>c"},
	{page: "<p>a<div>b</div>c</p>d"},
	{page: "<p>a<p>b<h1>c<h2>d</h1>e</h2>"},
	{page: "<button><p></button><button>a<button>b</p>"},
	{page: "<ul><li>a<li>b<ul><li>c</ul><li>d</ul>"},
	{page: "<li>a<div><li>b<address><li>c<section><li>d"},
	{page: "<ul><li><p>a</li></p></li>"},
	{page: "<dl><dt>a<dd>b<dt>c<p>d<dd>e</dt></dd></dl>"},
	{page: "<hr><p>a<hr>b<select><option>c<hr>d</select>"},
	{page: "<select><option>a<option>b<optgroup><option>c<optgroup>d</select><option>e<option>f<optgroup>g<select><input>"},
	{page: "<select><select>a"},
	{page: "<select><p>a<div>b</select>"},
	{page: "<ruby>a<rb>b<rtc>c<rp>d<rt>e<rp>f</ruby><rt>g"},
	{page: "<form>a<form>b</form>c</form>d<form><div></form>e</div>"},
	{page: "</form><form><p>a</form>b"},
	{page: "<image src=a>"},
	{page: "<br/><br></br><hr/><img><input type=hidden><param><source><track><wbr><area><embed><keygen>a"},
	{page: "<div/>a<p/>b<x-y/>c<X-Y>d</x-Y>"},
	{page: "<object>a<b>b</object>c</b><applet><marquee></applet>d</marquee>"},
	{page: "<h1><p>a</h1>b"},
	{page: "<frame>a"},
	{page: "<search>a<p><search>b"},
	{page: "<p><dialog>b<details><summary>c"},

	// Formatting elements.
	{page: "<p><b>a<p>b</b>c"},
	{page: "<b>a<i>b</b>c</i>d"},
	{page: "<b><b><b><b>a<p>b<p>c"},
	{page: "<b id=1 class=2>a<p>b<b class=2 id=1>"},
	{page: "<a href=x>a<a href=y>b"},
	{page: "<a>a<p>b<a>c"},
	{page: "<b><p>a</b>b"},
	{page: "<b><i><u><s><tt><p>a</b>b<p>c</i>d</u>e"},
	{page: "<b id=1><x-y><i><p>a</b>b</i>c"},
	{page: "<table><b><tr><td>a", declined: true},
	{page: "<table><tr><td><a><p>b</a>c</table>d"},
	{page: "<a><div><div><a>b</div></div>"},
	{page: "</b></a>a"},
	{page: "<nobr>a<nobr>b</nobr>c"},
	{page: "<a><table><tr><td><a>b</a></table>c</a>"},
	{page: "<b><code></b>a</code>"},
	{page: "<p><font color=x size=y>a<p>b<font>c</font></font>"},
	{page: "<a><b></a>c<u></b>d"},
	{page: "<object><b></object><p>c"},
	{page: strings.Repeat("<b><p>", 60) + "a"},
	{page: unclosed(40) + "<p>a<p>b"},
	{page: unclosed(60), declined: true},

	// Tables.
	{page: "<table><tr><td>a<td>b<tr><th>c</table>d"},
	{page: "<table><td>a</table>"},
	{page: "<table>  <tbody>  <tr>  <td> a </table>"},
	{page: "<table><caption>a<b>b</caption><colgroup><col><col></colgroup><col><thead><tr><th>c<tbody><tr><td>d<tfoot><td>e</table>"},
	{page: "<table><caption>a<tr><td>b"},
	{page: "<table><colgroup> <!-- a --><tr><td>b"},
	{page: "<table><caption>a</table>b"},
	{page: "<table><tr><td><table><tr><td>a</table>b</table>c"},
	{page: "<table><table><tr><td>a"},
	{page: "<table>a", declined: true},
	{page: "<table><div>a", declined: true},
	{page: "<table></p>", declined: true},
	{page: "<table></div></b></form><tr><td>a"},
	{page: "<table><form><tr><td>a<input></form>b</table>c"},
	{page: "<table><input type=hidden><script>a</script><style>b</style><tr><td>c"},
	{page: "<table><tr></table></tr><td>a</td>"},
	{page: "<table><tr><td>a</th></tr></tbody></thead></table>b"},
	{page: "<td>a<tr>b<caption>c"},
	{page: "<table><thead></tbody></tfoot><tr></thead><td>a</body></html>b"},
	{page: "<table><!-- a --><tr><!-- b --><td><!-- c -->"},
	{page: "<table><tr> &#32;<td>a"},
	{page: "<table><col>a", declined: true},
	{page: "<table><tr><td><p>a</table>b"},
	{page: "<table><br>", declined: true},
	{page: "<table><tr><td><select><tr><td>a</select>"},
	{page: "<table><tr><td><svg><desc><td>a"},

	// Text, and what only looks like a tag.
	{page: "a<b"},
	{page: "a<"},
	{page: "a</"},
	{page: "</"},
	{page: "<"},
	{page: "a<b>c<d e"},
	{page: "a < b <1 <<b>c"},
	{page: "</>a</ b>c</1>d"},
	{page: "<!>a<!x>b<!-c>d<?e>f<!"},
	{page: "<!-"},
	{page: "<!--"},
	{page: "<!x"},
	{page: "<?"},
	{page: "a</ b"},
	{page: "<![CDATA[a]]>b"},
	{page: "<!-->a"},
	{page: "<!--->a"},
	{page: "<!---->a"},
	{page: "<!----->a"},
	{page: "<!--a--!>b"},
	{page: "<!--a--!-->b"},
	{page: "<!--a--!--!>b"},
	{page: "<!--a--!x-->b"},
	{page: "<!--a->b-->c"},
	{page: "<!--a--"},
	{page: "<!--a--!"},
	{page: "<!--a-"},
	{page: "<!----!>a"},
	{page: "<!--!>a-->b"},
	{page: "<!--a&amp;b&#0;-->"},
	{page: "<!--a--!!>b-->"},
	{page: "<!doct"},
	{page: "a\x00b", declined: true},
	{page: "<p>\xff\xfea<\xc3\xa9>b</\xc3\xa9>"},
	{page: "<A HREF=X>a</A><DIV CLASS=y>b</DiV>"},
	{page: "<x\xc3\x89>a"},
	{page: "<X\xc3\x89>a", declined: true},
	{page: "<p X\xc3\x89=a>", declined: true},

	// Attributes.
	{page: `<p a b= c =d e='f' g="h" i=j/k l/m/ =n "o 'p q"r=s t==u v=">"w>a`},
	{page: "<p a=1 A=2 b=3 a=4>a"},
	{page: "<p a=b"},
	{page: "<p a='b"},
	{page: "<p a="},
	{page: "<p/a=b/ c>d"},
	{page: "<p a=\"b\"c='d'e>f"},
	{page: "<p\ta\n=\fb\r\n>c"},
	{page: "<p a=>b"},
	{page: "<p a='1\r\n2\r3'>b"},
	{page: "</p a='>'>b"},
	{page: "<p <b=c>"},
	{page: "<svg a=b/>c<svg a='b'/>c<svg a/>c<svg a=/>c</svg><svg / >c</svg><svg a=1 a=b/>c"},
	{page: "<p" + attributesOf(64) + ">a"},
	{page: "<p" + attributesOf(150) + ">a", declined: true},

	// Character references.
	{page: "&amp;&lt;&gt;&quot;&nbsp;&copy&copy;&copyx&notit;&notin;&not;&no;&;&&&#&#x&#x;&#;&#0;&#x80;&#128;&#x110000;&#xD800;&#65&#x41g&#X41;&#1114111;&#99999999999;&nGt;&bne;&ampamp"},
	{page: "<p a='&amp;&copy&copy;&copyx&copy=&copy;=&notit;&notin;&not;&no;&;&&#0;&#x80;&#65=&nGt;&semi;&bne;&bne&lt&ltx&lt1&AMP&AMP;&ampamp' b=&lt c=&amp/ d=&amp;>&lt"},
	{page: "<title>a&amp;b<b></title><textarea>&lt;\n</textarea><script>&amp;</script><style>&amp;</style><xmp>&amp;</xmp><iframe>&amp;</iframe>"},

	// Raw text.
	{page: "<script></script>a"},
	{page: "<script>a</scriptx></script b>c"},
	{page: "<script>a</SCRIPT/>b"},
	{page: "<script>a"},
	{page: "<script>a</script"},
	{page: "<script><!-- <script> </script> --></script>a"},
	{page: "<script><!-- a </script>b"},
	{page: "<script><!-- <script> a"},
	{page: "<script>a<!-</script>b"},
	{page: "<title>a<!-- b</title>c --></title>"},
	{page: "<textarea>\n\na</textarea><textarea></textarea>"},
	{page: "<style>a</style </style>b"},
	{page: "<noscript><p>a</noscript>b<noembed><b></noembed><noframes><i></noframes>c<xmp><b></xmp>d"},
	{page: "<title>"},
	{page: "<iframe>a</iframe"},
	{page: "<pre>\n\na</pre><listing>\nb"},
	{page: "<pre><b>\na</pre>"},
	{page: "<p><xmp>a</xmp>b"},
	{page: "<style/>a</style>b"},
	{page: "<plaintext>a", declined: true},
	{page: "<frameset>", declined: true},

	// SVG and MathML.
	{page: "<p><svg viewBox='0 0 1 1' xmlns:xlink=x xlink:href=y xml:lang=z><g><path d=M0/><linearGradient gradientUnits=x></linearGradient></g><title>a<b>b</b></title></svg>c"},
	{page: "<svg><foreignObject><p>a<div>b</p></foreignObject><desc>c<p>d</desc></svg>e"},
	{page: "<svg><style>a<g></style><script>b</script></svg>"},
	{page: "<svg><p>a", declined: true},
	{page: "<math definitionurl=a><mi>x</mi><mo>&lt;</mo><mrow><mn>1</mn></mrow><semantics><annotation encoding=x>y</annotation></semantics></math>z"},
	{page: "<math><mi><mglyph/><p>a</mi></math>"},
	{page: "<svg><a><text>a</a>b</svg>c"},
	{page: "<svg></p>", declined: true},
	{page: "<svg><g></svg>a</g>b"},
	{page: "<b><svg><g></b>a"},
	{page: "<svg><![CDATA[a]]>", declined: true},
	{page: "<math><annotation-xml encoding='text/html'><p>a", declined: true},
	{page: "<svg><font color=a>b", declined: true},
	{page: "<svg><title><svg><title>a</svg>b</title>c"},
	{page: "<svg/>a<math/>b"},
	{page: "<svg></br>", declined: true},
	{page: "<svg></html>a"},
	{page: "<svg></body>a"},
	{page: "<table><svg>", declined: true},

	// Depth and size.
	{page: strings.Repeat("<div>", 510) + "a"},
	{page: strings.Repeat("<div>", 511) + "a", declined: true},
	{page: "<p>" + strings.Repeat("a</x>", 100)},
	{page: strings.Repeat("a</x>", 100_000), declined: true},
	{page: "<template><p>a</template>b"},
	{page: "</template>a"},

	// Templates.
	{page: "<template>a"},
	{page: "<p><template><td>a</template><template><tr><template><col></template></template>c"},
	{page: "<head><template>a<b>b</template></b>c"},
	{page: "<head></head><template><form><p>a</form></template>b"},
	{page: "<table><template><tr><td>a</template><tr><td>b"},
	{page: "<form><template><form>a</form></form></template></form>b"},
	{page: "<template><html a=b><body c=d></template>"},
	{page: "<template><tr>a<br></template>b", declined: true},
	{page: "<svg><template>a", declined: true},
	{page: "<template><caption>a</template><template><col><p></template><template></p></template>"},
}

func unclosed(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("<b id=" + strings.Repeat("a", i) + ">")
	}
	return b.String()
}

func attributesOf(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("b", i) + "=c")
	}
	return b.String()
}

func TestCorners(t *testing.T) {
	t.Parallel()
	for _, c := range corners {
		if read := check(t, []byte(c.page)); read == c.declined {
			t.Errorf("%.300q: read %t", c.page, read)
		}
	}
}

// TestRandomPages compares pages of tags in any order.
func TestRandomPages(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	names := strings.Fields("html head body title script style p p div ul li dl dt dd a a b b i code em nobr table caption colgroup col tbody thead tfoot tr tr td td th " +
		"h1 h2 pre br hr img input form button select option optgroup textarea noscript object span section svg g title desc foreignObject math mi mtext mrow x-y " +
		"ruby rt rp rb rtc address blockquote font image xmp iframe template frameset")
	pieces := []string{" ", "\n", "text", "&amp;", "<!-- a -->", "</", "<", "<p a=b c='d'>", "<b a=1>", "<input type=hidden>", "<svg/>", "<!doctype html>"}
	began, read := time.Now(), 0
	const pages = 20_000
	for range pages {
		var b strings.Builder
		for range 1 + r.IntN(25) {
			name := names[r.IntN(len(names))]
			switch r.IntN(8) {
			case 0, 1, 2, 3:
				b.WriteString("<" + name + ">")
			case 4, 5:
				b.WriteString("</" + name + ">")
			default:
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
		}
		if check(t, []byte(b.String())) {
			read++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d pages read in %v", read, pages, time.Since(began))
	if read < pages/10 {
		t.Error("too few to say anything")
	}
}

// FuzzParse looks for pages whose tree is not x/net's.
func FuzzParse(f *testing.F) {
	for _, c := range corners {
		if len(c.page) < 4<<10 {
			f.Add([]byte(c.page))
		}
	}
	f.Fuzz(func(t *testing.T, page []byte) { check(t, page) })
}

package content

import (
	"strings"
	"testing"
)

// What stands in lists without being an entry was dropped: of a list that is not
// closed, the rest of the page.
func TestStraysInListsStay(t *testing.T) {
	t.Parallel()
	const before = "<h1>T</h1><p>Words that are here for a page to say, and some more.</p>"
	for name, test := range map[string]struct{ page, want string }{
		"open list of definitions": {
			"<dl><dt>a</dt><dd>b</dd><p>Kept.<h2 id=h>Kept</h2><pre>kept\n  code</pre>bare <b>text</b><dl><dt>c<dd>d</dl><p>More.",
			"a\n:   b\n\nKept.\n\n## Kept\n\n```\nkept\n  code\n```\n\nbare **text**\n\nc\n:   d\n\nMore.",
		},
		"pairs in boxes":       {"<dl><div><dt>a</dt><dd>b</dd>kept</div><a name=x><dt>c</dt></a><dd>d</dd></dl>", "a\n:   b\n\nkept\n\nc\n:   d"},
		"hidden":               {"<dl><dt>a</dt><dd>b</dd><p hidden>secret</p><div style='display:none'>secret</div></dl>", "a\n:   b"},
		"text in a list":       {"<ul><li>a</li>bare <b>text</b><li>b</li></ul>", "- a\n- bare **text**\n- b"},
		"text among numbers":   {"<ol><li>a</li>bare<li>b</li></ol>", "1. a\n- bare\n2. b"},
		"a list among numbers": {"<ol><li>a</li><ul><li>x</li></ul><li>b</li></ol>", "1. a\n   - x\n2. b"},
		"code as a term":       {"<dl><dt><pre>a = enum\n  b, c</pre></dt><dd>d</dd></dl>", "```\na = enum\n  b, c\n```\n:   d"},
	} {
		if got, want := parsed(t, "<main>"+before+test.page+"</main>"), "# T\n\nWords that are here for a page to say, and some more.\n\n"+test.want; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// One section that holds nine tenths of the prose was taken for the page.
func TestOneSectionOfSeveralIsNotThePage(t *testing.T) {
	t.Parallel()
	long := "<p>" + strings.Repeat("Words that fill the largest section of all, and more. ", 60) + "</p>"
	for name, page := range map[string]string{
		"by class":   `<div class=section><h2>One</h2><pre>kept()</pre></div><div class=section><h2><a class=toc-backref href="#x">Two</a></h2>` + long + `</div>`,
		"by element": `<section><h2>One</h2><pre>kept()</pre></section><section><h2>Two</h2>` + long + `</section>`,
	} {
		got := parsed(t, "<div id=content>"+page+"</div>")
		for _, want := range []string{"## One\n\n```\nkept()", "## Two\n\nWords"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in %.200q", name, want, got)
			}
		}
	}
	lead := "What the page is about stands right below its title, in one sentence that is not short, and it was dropped with its box, so that nothing told it."
	if got := parsed(t, "<div><h1>T</h1><p>"+lead+"</p></div><div><h2>Two</h2>"+long+"</div>"); !strings.HasPrefix(got, "# T\n\n"+lead) {
		t.Errorf("lead: got %.200q", got)
	}
}

// Functions and sections may be called as what surrounds content is: their boxes
// bear those names.
func TestSectionsAreNotJudgedByTheirOwnNames(t *testing.T) {
	t.Parallel()
	const lead = "<h1>T</h1><p>Words that are here for a page to say, and some more.</p>"
	section := func(id, text string) string {
		return `<section id="` + id + `"><h2>` + id + `</h2><p>` + text + ` Words that are here for a section to say, and some more.</p></section>`
	}
	filler := "<p>" + strings.Repeat("More words, for a page that is long. ", 40) + "</p>"
	for name, test := range map[string]struct {
		page string
		kept bool
	}{
		"between sections":   {section("open", "One.") + section("login", "Kept.") + section("close", "Two."), true},
		"after sections":     {section("open", "One.") + section("close", "Two.") + section("login", "Kept."), true},
		"alone":              {`<section id=login><h2>login</h2><p>Kept.</p></section>`, false},
		"another heading":    {section("open", "One.") + `<section id=newsletter><h2>Stay in touch</h2><p>Kept.</p></section>` + section("close", "Two."), false},
		"a form":             {section("open", "One.") + section("close", "Two.") + `<section id=login><h2>login</h2><p>Kept. Words that are here for a section to say, and some more.</p><form><input></form></section>`, false},
		"a named definition": {`<dl><div id=getCookie><dt>getCookie</dt><dd>Kept.</dd></div><dt>b</dt><dd>c</dd></dl>`, true},
		"linked definitions": {`<dl><div><dt><a href=#a>Kept.</a> = <a href=b>int</a></dt><dd><a href=c>source</a> <a href=d>edit</a></dd></div><dt>b</dt><dd>A definition of some words.</dd></dl>`, true},
		"inline code":        {`<p>Say <tt><span class=comment>Kept.</span></tt> here.</p>`, true},
	} {
		if got := parsed(t, "<div>"+lead+test.page+filler+"</div>"); strings.Contains(got, "Kept") != test.kept {
			t.Errorf("%s: kept is %v in %.400q", name, !test.kept, got)
		}
	}
	long := "<div class=section><h1>Types</h1><p>" + strings.Repeat("More words, for a page that is long. ", 60) + "</p></div>"
	intro := "What the module is about stands right before its only section, in a sentence that is not short, and it was dropped with what was around that section."
	if got := parsed(t, "<div class=top></div><div id=content><p>"+intro+"</p>"+long+"</div>"); !strings.HasPrefix(got, intro) {
		t.Errorf("intro: got %.300q", got)
	}
}

// An appendix was all that was read of an article, and the first entry of a
// reference.
func TestDocBookInOneFile(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("Words that a part of a document has to say. ", 10)
	for outer, inner := range map[string]string{"article": "appendix", "reference": "refentry", "book": "article"} {
		page := `<meta name=generator content="DocBook XSL Stylesheets V1.79.1"><body><div class=` + outer + `><h1>T</h1><div class=abstract><p>Kept, ` + words +
			`</p></div><div class=sect1><h2>One</h2><p>Kept, too.</p></div><div class=` + inner + `><h2>Two</h2><p>` + words + `</p></div></div>`
		if got := parsed(t, page); !strings.Contains(got, "Kept, Words") || !strings.Contains(got, "## One\n\nKept, too.\n\n## Two") {
			t.Errorf("%s: got %q", outer, got)
		}
	}
}

// The tags of a function are its parameters and examples (YARD, PlDoc), and the
// comment of a member is its documentation (scaladoc).
func TestDocumentationThatIsNamedLikeRemarks(t *testing.T) {
	t.Parallel()
	filler := "<p>" + strings.Repeat("More words, for a page that is long, and has commas. ", 40) + "</p>"
	for name, test := range map[string]struct{ page, want string }{
		"yard":       {`<h2>m</h2><div class=tags><p class=tag_title>Parameters:</p><ul><li>a — kept</li></ul><pre>kept()</pre></div>`, "Parameters:\n\n- a — kept\n\n```\nkept()\n```"},
		"pldoc":      {`<h2>m</h2><dl class=tags><dt>Compatibility</dt><dd>Kept as it is.</dd></dl>`, "Compatibility\n:   Kept as it is."},
		"tags":       {`<h2>m</h2><div class=tags><p>Tags: <a href=a>one of them</a></p></div><p>b</p>`, "## m\n\nb"},
		"scaladoc":   {`<h4>m</h4><p class="shortcomment cmt">Kept.</p><div class=fullcomment><div class="comment cmt"><p>Kept. And more.</p></div></div><p>b</p>`, "#### m\n\nKept. And more.\n\nb"},
		"no comment": {`<h4>m</h4><p class="shortcomment cmt">Kept.</p><div class=fullcomment><dl><dt>a</dt><dd>b</dd></dl></div>`, "#### m\n\nKept.\n\na\n:   b"},
	} {
		if got := parsed(t, "<body><h1>T</h1>"+filler+test.page+filler); !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q", name, got[min(len(got), 2000):])
		}
	}
}

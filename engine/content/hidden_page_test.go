package content

import (
	"strings"
	"testing"
)

// What hides <html>, <body> or <main> holds where no script can undo it, and for
// a <main> beside more text than its own (N5); pages that wait for a script are
// read.
func TestHiddenPages(t *testing.T) {
	t.Parallel()
	const shown = "<p>Visible words here, more of them than there are in what is hidden on this page.</p>"
	for page, read := range map[string]bool{
		`<body style="display:none"><p>canary</p>`:                                               false,
		`<html style="visibility:hidden"><body><p>canary</p>`:                                    false,
		`<html hidden><body><p>canary</p>`:                                                       false,
		`<style>body{opacity:0}</style><body><p>canary</p>`:                                      false,
		`<style>main{display:none}</style><body>` + shown + `<main><p>canary</p></main>`:         false,
		`<body>` + shown + `<main hidden><p>canary</p></main>`:                                   false,
		`<body>` + shown + `<script>go()</script><main hidden><p>canary</p></main>`:              false,
		`<body><script type="application/ld+json">{}</script><main hidden><p>canary</p></main>`:  false,
		`<body><p>Wait</p><script>go()</script><main hidden><p>canary and more words</p></main>`: true,
		`<style>main{visibility:hidden}</style><body><nav>` + shown + shown + strings.Repeat("<a href=/x>menu</a> ", 30) + `</nav><script>go()</script><main><p>canary, and more words</p></main>`: true,
		`<body style="display:none" onload="this.style.display=''"><p>canary</p>`:                   true,
		`<style>body{display:none}</style><script>top === self && go()</script><body><p>canary</p>`: true,
		`<style>body{font-size:0}p{font-size:16px}</style><body><p>canary</p><p>x</p>`:              true,
		`<style>body{visibility:hidden}</style><link rel=stylesheet href=a.css><body><p>canary</p>`: true,
		// Attack: more hidden elements than are judged.
		`<body><p>Wait</p><script>go()</script>` + strings.Repeat(`<main hidden></main>`, 10) + `<main hidden><p>canary and more words</p></main>`: false,
		`<body class="hidden"><p>canary</p>`: true,
	} {
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte(page)})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(doc.Markdown, "canary") != read {
			t.Errorf("%s\ngave %q, want it read: %v", page, doc.Markdown, read)
		}
		if !read && doc.Hidden == 0 {
			t.Errorf("%s: nothing tells that text was hidden", page)
		}
		if !read && strings.Contains(page, shown) && !strings.Contains(doc.Markdown, "Visible words here") {
			t.Errorf("%s lost the visible text: %q", page, doc.Markdown)
		}
	}
}

// A page that fades in is read; text that is hidden so beside a page is not.
func TestFadedText(t *testing.T) {
	t.Parallel()
	visible, faded := strings.Repeat("Words of the page. ", 20), strings.Repeat("Words to be faded in. ", 1)
	for times, want := range map[int]bool{1: false, 10: false, 30: false, 80: true} {
		doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<title>T</title><main><p>" + visible + `<section style="opacity:0"><p>` + strings.Repeat(faded, times) + "</section></main>")})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(doc.Markdown, "faded"); got != want {
			t.Errorf("%d times: read is %v, want %v", times, got, want)
		}
	}
}

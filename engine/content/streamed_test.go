package content

import (
	"fmt"
	"strings"
	"testing"
)

func TestStreamedParts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, want string }{
		{
			"boundary and piece",
			`<main><h1>Title</h1><!--$?--><template id="B:0"></template><p>Loading</p><!--/$--><p>End.</p></main>` +
				`<div hidden id="S:0"><p>First.</p><template id="P:1"></template><p>Third.</p></div><div hidden id="S:1"><p>Second.</p></div>`,
			"# Title\n\nFirst.\n\nSecond.\n\nThird.\n\nEnd.",
		},
		{"piece comes first", `<p>a</p><template id="P:2"></template><div hidden id="S:1"><p>c</p></div><div hidden id="S:2"><p>b</p><template id="B:1"></template></div>`, "a\n\nb\n\nc"},
		{"placeholder without an end", `<template id="B:0"></template><p>a</p><div hidden id="S:0"><p>b</p></div>`, "b\n\na"},
		{"placeholder with parts in it", `<template id="B:0"></template><p>old</p><!--$--><p>old</p><!--/$--><p>old</p><!--/$--><p>a</p><div hidden id="S:0"><p>b</p></div>`, "b\n\na"},
		// Attack: a hidden text that only looks like a late part.
		{"no place", `<p>a</p><div hidden id="S:0"><p>canary</p></div>`, "a"},
		{"place in itself", `<p>a</p><div hidden id="S:0"><p>canary</p><template id="B:0"></template></div>`, "a"},
		{"place is hidden", `<p>a</p><p hidden><template id="B:0"></template></p><div hidden id="S:0"><p>canary</p></div>`, "a"},
		{"two in a ring", `<p>a</p><div hidden id="S:0"><p>canary</p><template id="B:1"></template></div><div hidden id="S:1"><p>canary</p><template id="B:0"></template></div>`, "a"},
		// Attack: the first placeholder holds the place of the second part.
		{"place is replaced", `<p>a</p><template id="B:0"></template><template id="B:1"></template><!--/$--><div hidden id="S:0">b</div><div hidden id="S:1">canary</div>`, "a\n\nb"},
		{"place is replaced deep", `<p>a</p><template id="B:0"></template><p><template id="B:1"></template></p><!--/$--><div hidden id="S:0">b</div><div hidden id="S:1">canary</div>`, "a\n\nb"},
		{"hidden twice", `<p>a</p><template id="B:0"></template><div hidden id="S:0" style="display:none"><p>canary</p></div>`, "a"},
		{"hidden in the part", `<p>a</p><template id="B:0"></template><div hidden id="S:0"><p hidden>canary</p></div>`, "a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			doc, err := Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: []byte("<body><script>go()</script>" + test.body + "</body>")})
			if err != nil || doc.Markdown != test.want {
				t.Errorf("got %q, %v, want %q", doc.Markdown, err, test.want)
			}
		})
	}
}

// Attack: parts that stand in each other, so that the page becomes deeper than
// any that the parser would make.
func TestStreamedPartsStayShallow(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := 300; i > 0; i-- {
		fmt.Fprintf(&b, `<div hidden id="S:%d">%s<template id="B:%d"></template>%s</div>`, i, strings.Repeat("<i>", 150), i-1, strings.Repeat("</i>", 150))
	}
	page, err := parseTree([]byte("<body><template id=B:300></template>"+b.String()), &nursery{})
	if err != nil {
		t.Fatal(err)
	}
	fillPlaces(page)
	if height := heightOf(page); height > maxParserDepth+2 {
		t.Errorf("the page became %d deep", height)
	}
}

package content

import "testing"

// A row of links to the pages beside one says nothing of it.
func TestPagers(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"[ [prev](https://e.com/4) | [next](https://e.com/6) | [top](https://e.com/) ]": true,
		"[Home](https://e.com/) [« Up](https://e.com/a)":                                true,
		"[next](https://e.com/6)":                                                       false,
		"Go [up](https://e.com/6) and [home](https://e.com/6)":                          false,
		"[Next steps](https://e.com/6) [Home](https://e.com/)":                          false,
		"[prev](https://e.com/4) [Pools](https://e.com/6)":                              false,
		"": false,
	} {
		if got := isPager(line); got != want {
			t.Errorf("%q: got %v", line, got)
		}
	}
	if md := parsed(t, "<p>[<a href=/a>prev</a> | <a href=/b>next</a>]</p><hr><p>Text of the page.</p>"); md != "Text of the page." {
		t.Errorf("got %q", md)
	}
}

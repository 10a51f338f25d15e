package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// A picture is well-formed XML, has a rectangle for each value that was
// measured beside those of the legend, and escapes what it is given.
func TestChartIsWellFormed(t *testing.T) {
	t.Parallel()
	c := chart{
		title: "a < b & c", series: []string{"one", "two"}, format: "%.1f",
		groups: []group{{"x", []float64{1, -1}, 0.5}, {"y", []float64{2, 3}, 0}},
	}
	dec := xml.NewDecoder(strings.NewReader(c.svg()))
	rects, texts := 0, ""
	for {
		token, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "rect" {
				rects++
			}
		case xml.CharData:
			texts += string(token)
		}
	}
	if rects != 5 {
		t.Errorf("%d rectangles, want 5", rects)
	}
	if !strings.Contains(texts, "a < b & c") {
		t.Errorf("the title is not among %q", texts)
	}
}

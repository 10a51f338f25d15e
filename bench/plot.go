package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// chart is a picture of horizontal bars, one colour a series.
type chart struct {
	title, note string
	series      []string
	groups      []group
	format      string // of a value, such as %.3f
}

// group is a label with a value for each series; a value below zero is not
// measured. A bar (of the specification) is drawn as a line where it is above 0.
type group struct {
	label  string
	values []float64
	bar    float64
}

// The colours stand out on white and on near black; text is grey in the middle,
// with a contrast of 4.5 to white and of 4.1 to #0d1117.
var chartColours = []string{"#8a94a6", "#c2843a", "#2f81c7", "#4a9d5b"}

const (
	chartText   = "#767676"
	chartWidth  = 720
	chartLeft   = 190 // where bars begin
	chartRight  = 80  // left for the values
	chartRow    = 18
	chartTop    = 58
	chartGap    = 14
	chartLegend = 150
)

// draw writes the picture into the folder of AXON_BENCH_PLOTS; without one it
// does nothing.
func (c chart) draw(name string) error {
	folder := os.Getenv("AXON_BENCH_PLOTS")
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".svg"), []byte(c.svg()), 0o644)
}

func (c chart) most() float64 {
	most := 0.0
	for _, g := range c.groups {
		most = max(most, g.bar)
		for _, v := range g.values {
			most = max(most, v)
		}
	}
	return max(most, 1e-9)
}

func (c chart) svg() string {
	var b strings.Builder
	height := chartTop + len(c.groups)*(len(c.series)*chartRow+chartGap) + 24
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui,sans-serif" font-size="12" fill="%s">`+"\n", chartWidth, height, chartText)
	fmt.Fprintf(&b, "<title>%s</title>\n<text x=\"0\" y=\"18\" font-size=\"15\" font-weight=\"600\">%s</text>\n", escaped(c.title), escaped(c.title))
	for i, name := range c.series {
		x := chartLeft + i*chartLegend
		fmt.Fprintf(&b, `<rect x="%d" y="30" width="12" height="12" rx="2" fill="%s"/><text x="%d" y="40">%s</text>`+"\n", x, colourOf(i), x+18, escaped(name))
	}
	scale := float64(chartWidth-chartLeft-chartRight) / c.most()
	y := chartTop
	for _, g := range c.groups {
		tall := len(c.series) * chartRow
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", chartLeft-10, y+tall/2+4, escaped(g.label))
		for i, v := range g.values {
			if v < 0 {
				continue
			}
			at, width := y+i*chartRow, v*scale
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/><text x="%.1f" y="%d">%s</text>`+"\n",
				chartLeft, at+2, width, chartRow-4, colourOf(i), chartLeft+width+6, at+13, fmt.Sprintf(c.format, v))
		}
		if g.bar > 0 {
			fmt.Fprintf(&b, `<path d="M%.1f %dv%d" stroke="%s" stroke-dasharray="3 2"/>`+"\n", chartLeft+g.bar*scale, y, tall, chartText)
		}
		y += tall + chartGap
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" font-size="11">%s</text>`+"\n</svg>\n", chartLeft, y+8, escaped(c.note))
	return b.String()
}

func colourOf(i int) string { return chartColours[i%len(chartColours)] }

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder does not fail
	return b.String()
}

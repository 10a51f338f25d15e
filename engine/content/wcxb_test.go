package content

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWCXB measures the word F1 of the Web Content Extraction Benchmark (Murrough
// Foley, CC-BY-4.0), unpacked in the folder that AXON_WCXB names, by page type.
func TestWCXB(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("AXON_WCXB")
	if dir == "" {
		t.Skip("AXON_WCXB names no unpacked wcxb folder")
	}
	f, err := os.Open(filepath.Join(dir, "truth.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sums := map[string][]float64{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var page struct {
			ID   string `json:"id"`
			URL  string `json:"url"`
			Type string `json:"type"`
			Main string `json:"main_content"`
		}
		if err := json.Unmarshal(lines.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "html", page.ID+".html"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := Parse(Input{URL: page.URL, MediaType: "text/html", Body: raw})
		if err != nil {
			t.Errorf("%s: %v", page.ID, err)
			continue
		}
		got := wordF1(textOf(doc.Markdown), page.Main)
		sums[page.Type] = append(sums[page.Type], got)
		sums["all"] = append(sums["all"], got)
		if got < .6 && testing.Verbose() {
			t.Logf("low %.2f %s %s %s words %d of %d", got, page.Type, page.ID, page.URL, len(wordPattern.FindAllString(doc.Markdown, -1)), len(wordPattern.FindAllString(page.Main, -1)))
		}
	}
	var types []string
	for name := range sums {
		types = append(types, name)
	}
	slices.Sort(types)
	for _, name := range types {
		sum := 0.0
		for _, v := range sums[name] {
			sum += v
		}
		t.Logf("%-15s %.3f over %d pages", name, sum/float64(len(sums[name])), len(sums[name]))
	}
}

func wordF1(got, want string) float64 {
	count := func(s string) (m map[string]int, n int) {
		m = map[string]int{}
		for _, w := range wordPattern.FindAllString(strings.ToLower(s), -1) {
			m[w]++
			n++
		}
		return m, n
	}
	g, gn := count(got)
	w, wn := count(want)
	both := 0
	for k, n := range g {
		both += min(n, w[k])
	}
	if gn+wn == 0 {
		return 1
	}
	return 2 * float64(both) / float64(gn+wn)
}

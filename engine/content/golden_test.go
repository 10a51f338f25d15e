package content

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads small pages after the markup of each generator. The Markdown
// beside each was read by eye when it was written.
func TestGolden(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("testdata/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	for _, path := range pages {
		name := strings.TrimSuffix(filepath.Base(path), ".html")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := Parse(Input{URL: "https://docs.example.org/library/page.html", MediaType: "text/html", Body: body})
			if err != nil {
				t.Fatal(err)
			}
			got := "generator: " + doc.Generator + "\ntitle: " + doc.Title + "\nversion: " + doc.Version + "\nlang: " + doc.Lang + "\n\n" + doc.Markdown + "\n"
			golden := strings.TrimSuffix(path, ".html") + ".md"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s\ngot\n%s\nwant\n%s", path, got, want)
			}
		})
	}
}

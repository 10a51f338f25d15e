package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesWhatExists: every file, function and test that the tables of
// security.md and operations.md name is there.
func TestSecurityNamesWhatExists(t *testing.T) {
	t.Parallel()
	reference := regexp.MustCompile("`([A-Za-z0-9_./-]+\\.(?:go|txtar|yaml|toml)|\\.ci/run)(?::([A-Za-z0-9_]+))?`")
	found := 0
	for _, page := range []string{"security.md", "operations.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reference.FindAllStringSubmatch(string(text), -1) {
			found++
			source, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(m[1])))
			if err != nil {
				t.Errorf("%s names %s, which is not there", page, m[1])
				continue
			}
			declared := regexp.MustCompile(`(?m)^(?:func (?:\([^)]*\) )?|type |var |const |\t)` + regexp.QuoteMeta(m[2]) + `\b`)
			if m[2] != "" && !declared.Match(source) {
				t.Errorf("%s names %s, which %s does not declare", page, m[2], m[1])
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d names were looked at", found)
	}
}

// TestEveryRowHasATest: a control without a test is a wish.
func TestEveryRowHasATest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 4 || strings.Contains(line, "| test |") || strings.HasPrefix(line, "|---") {
			continue
		}
		rows++
		if !strings.Contains(cells[3], "`") {
			t.Errorf("a row without a test: %s", line)
		}
	}
	if rows < 40 {
		t.Errorf("only %d rows", rows)
	}
}

package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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

// TestEveryRuleHasATest: each rule that security.md speaks of is named by a test,
// so that who asks what holds a rule finds it by its number.
func TestEveryRuleHasATest(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	rule := regexp.MustCompile(`\b[UCBFN]\d{1,2}\b`)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "docs"):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for line := range strings.Lines(string(source)) {
			if comment := strings.Index(line, "//"); comment >= 0 {
				for _, id := range rule.FindAllString(line[comment:], -1) {
					named[id] = true
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for letter, last := range map[string]int{"U": 10, "C": 14, "B": 8, "F": 8, "N": 8} {
		for n := range last {
			if id := letter + strconv.Itoa(n+1); !named[id] {
				t.Errorf("no test names %s", id)
			}
		}
	}
	for _, id := range []string{"N9", "N10", "N11", "N13", "N15"} {
		if !named[id] {
			t.Errorf("no test names %s", id)
		}
	}
}

// TestOperatorsAreTold: what no program can do by itself, the second wall (C15,
// B9), and what is no boundary (N16).
func TestOperatorsAreTold(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"egress firewall for 169.254.0.0/16", "(C15;", "B9)", "## What is not a boundary", "(N16)"} {
		if !strings.Contains(string(text), words) {
			t.Errorf("security.md does not say %q", words)
		}
	}
}

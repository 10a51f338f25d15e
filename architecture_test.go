// Package axon_test holds the whole repository to its own rules: what may
// import what, and how long files and functions may be.
package axon_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/axon-mcp/axon-mcp/"

// rooms says what each package may import of ours: its rows point downwards
// only. A package without a row must not be there.
func rooms() map[string][]string {
	leaves := []string{"secret", "fault"}
	return map[string][]string{
		"cmd/axon-mcp": {"*"},
		"config":       {"*"}, // the packages' Config types
		"config/gen":   {"config"},
		"docs":         {},

		"web":      append(leaves, "tools", "acp", "artifact", "security", "jobs"),
		"web/ui":   {},
		"mcp":      append(leaves, "tools", "security", "jobs"),
		"tools":    append(leaves, "engine/*", "jobs", "artifact", "security"),
		"artifact": append(leaves, "security"),
		"acp":      append(leaves, "security"),
		"oauth":    append(leaves, "security", "store"),
		"jobs":     append(leaves, "store"),
		"store":    leaves,

		"engine/content":          append(leaves, "engine/content/pagetree"),
		"engine/content/pagetree": {},
		"engine/fetch":            append(leaves, "security"),
		"engine/crawl":            append(leaves, "engine/fetch", "engine/content", "store"),
		"engine/index":            append(leaves, "engine/content", "store"),
		"engine/ingest":           append(leaves, "engine/fetch", "engine/content"),
		"engine/llm":              leaves,
		"engine/embed/wordpiece":  leaves,
		"engine/embed/static":     append(leaves, "engine/embed/wordpiece"),

		"security": leaves,
		"secret":   {},
		"fault":    {},
	}
}

// helper packages serve the tests of the package above them, or are programs of
// the repository that the product does not contain.
func helper(dir string) bool {
	return strings.HasSuffix(dir, "test") || strings.HasPrefix(dir, "scripts/") ||
		strings.HasPrefix(dir, "conformance") || strings.HasPrefix(dir, "bench")
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	allowed := rooms()
	packages := 0
	for file, parsed := range goFiles(t, parser.ImportsOnly) {
		dir := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || dir == "." || helper(dir) {
			continue
		}
		packages++
		rules, known := allowed[dir]
		if !known {
			t.Errorf("%s: the package %s has no room: add its row to architecture_test.go and docs/architecture.md", file, dir)
			continue
		}
		for _, spec := range parsed.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			target, ours := strings.CutPrefix(imported, module)
			if ours && !fits(rules, target) {
				t.Errorf("%s imports %s: %s may import only %v", file, target, dir, rules)
			}
		}
	}
	if packages < 10 {
		t.Errorf("only %d files looked at", packages)
	}
}

func fits(rules []string, target string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		above, all := strings.CutSuffix(rule, "*")
		return rule == target || (all && strings.HasPrefix(target, above))
	})
}

// Nothing is longer than a reader can keep in mind.
const (
	maxFile     = 500 // lines
	maxFunction = 80
)

func TestNothingIsTooLong(t *testing.T) {
	t.Parallel()
	for file, parsed := range goFiles(t, parser.SkipObjectResolution) {
		if strings.HasSuffix(file, "_test.go") {
			continue // tables are long
		}
		lines := parsed.fset.Position(parsed.FileEnd).Line
		if lines > maxFile+1 {
			t.Errorf("%s has %d lines; split it (at most %d)", file, lines-1, maxFile)
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from, to := parsed.fset.Position(f.Pos()).Line, parsed.fset.Position(f.End()).Line
			if to-from+1 > maxFunction {
				t.Errorf("%s:%d: %s has %d lines; split it (at most %d)", file, from, f.Name.Name, to-from+1, maxFunction)
			}
		}
	}
}

type goFile struct {
	*ast.File
	fset *token.FileSet
}

// goFiles parses every Go file of the repository, by path.
func goFiles(t *testing.T, mode parser.Mode) map[string]goFile {
	t.Helper()
	files := make(map[string]goFile)
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == "testdata" || name == "node_modules" || (strings.HasPrefix(name, ".") && name != ".")) {
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil && entry.IsDir() && file != "." {
			return fs.SkipDir // a module of its own
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, text, mode)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(file)] = goFile{File: parsed, fset: fset}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestDependenciesAreListed holds docs/dependencies.md to what is imported and
// to the versions in go.mod.
func TestDependenciesAreListed(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	product, rest, _ := strings.Cut(string(doc), "## In tests and tools only")
	tests, peers, _ := strings.Cut(rest, "## Peers in bench/")
	linked, tools := rowsOf(product), rowsOf(tests)
	used := make(map[string]bool)
	for file, parsed := range goFiles(t, parser.ImportsOnly) {
		inTest := strings.HasSuffix(file, "_test.go") || helper(path.Dir(file))
		for _, spec := range parsed.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") || strings.HasPrefix(imported+"/", module) {
				continue
			}
			name := moduleOf(imported, linked)
			if name == "" && inTest {
				name = moduleOf(imported, tools)
			}
			if name == "" {
				t.Errorf("%s imports %s, which docs/dependencies.md does not list", file, imported)
			}
			used[name] = true
		}
	}
	for _, rows := range []map[string]string{linked, tools} {
		for name, version := range rows {
			if !used[name] {
				t.Errorf("docs/dependencies.md lists %s, which nothing imports", name)
			}
			if !strings.Contains(string(mod), name+" "+version) {
				t.Errorf("docs/dependencies.md has %s at %s; go.mod differs", name, version)
			}
		}
	}
	benchMod, err := os.ReadFile("bench/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range rowsOf(peers) {
		if !strings.Contains(string(benchMod), name+" "+version) {
			t.Errorf("docs/dependencies.md has %s at %s; bench/go.mod differs", name, version)
		}
	}
}

// rowsOf reads the module and the version of each row of a table.
func rowsOf(text string) map[string]string {
	rows := make(map[string]string)
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) > 3 && strings.Contains(cells[1], "/") {
			rows[strings.TrimSpace(cells[1])] = strings.TrimSpace(cells[2])
		}
	}
	return rows
}

// moduleOf finds the listed module that a package belongs to.
func moduleOf(imported string, rows map[string]string) string {
	for name := range rows {
		if imported == name || strings.HasPrefix(imported, name+"/") {
			return name
		}
	}
	return ""
}

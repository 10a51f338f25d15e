package index

import (
	"html"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

func TestNameOf(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"os.path.join()":                       "os.path.join",
		"std::vec::Vec":                        "std.vec.vec",
		"20.4.1. Memory":                       "memory",
		"52.4. The PostgreSQL Rule System":     "the postgresql rule system",
		"`CREATE  INDEX`":                      "create index",
		"--no-verify":                          "--no-verify",
		"@property":                            "property",
		"\"quoted words\"":                     "quoted words",
		"3.11":                                 "3.11",
		"error[E0308]":                         "error[e0308",
		"what is it?":                          "what is it",
		strings.Repeat("a", 40) + "::" + "b()": strings.Repeat("a", 40) + ".b",
	} {
		if got := nameOf(given); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
	}
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"os.path.join(path, *paths)":                         "os.path.join",
		"class dict(**kwargs)":                               "dict",
		"PyObject *PyList_New(Py_ssize_t len)":               "pylist_new",
		"pub fn spawn<F, T>(&'scope self, f: F) -> T":        "spawn",
		"shared_buffers (integer)":                           "shared_buffers",
		"BASE_BACKUP [ ( option [, ...] ) ]":                 "base_backup",
		"json — JSON encoder and decoder":                    "json",
		"type PyListObject":                                  "pylistobject",
		"Struct Vec":                                         "vec",
		"Error code E0308":                                   "e0308",
		"-p, --package=SPEC":                                 "-p --package",
		"-c <command>":                                       "-c",
		"-o FILE_NAME":                                       "-o",
		"--with-paths=<list of paths, one after the other>":  "--with-paths",
		"npm-install":                                        "npm-install",
		"Context Manager Types":                              "",
		"Notes (and more of them)":                           "notes",
		"Notes for the user (and more)":                      "",
		"A long heading that has eight words or e-mail more": "",
	} {
		all, passing := declared(given)
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%q: got %q, want %q", given, got, want)
		}
		if inPassing := given == "Error code E0308"; len(all) > 0 && passing != inPassing {
			t.Errorf("%q: in passing is %v", given, passing)
		}
	}
}

func TestNamesOfPassages(t *testing.T) {
	t.Parallel()
	const md = "# Types\n\n## class dict(**kwargs)\n\nWords.\n\n### setdefault(key)\n\nMore.\n\n| code | name |\n| --- | --- |\n| `23505` | unique |\n\n`--force`\n:   Does it.\n\n```\n- `not_code` here\n```\n"
	headings := content.MarkdownHeadings(md)
	headings[2].Anchor = "builtins.dict.setdefault"
	cut := strings.Index(md, "### ")
	chunks := []content.Chunk{{Start: 0, End: cut}, {Start: cut, End: len(md)}}
	got := passages("Types", "https://e.com/types", md, headings, chunks)
	for i, want := range [][]string{
		{wholeName + "types", wholeName + "dict", wholeName + "class dict(kwargs", wholeName + "types.dict"},
		{
			wholeName + "builtins.dict.setdefault", wholeName + "setdefault", wholeName + "dict.setdefault", wholeName + "types.setdefault",
			partName + "23505", partName + "--force", wholeName + "setdefault(key", partName + "setdefault",
		},
	} {
		for _, name := range want {
			if !slices.Contains(got[i], name) {
				t.Errorf("chunk %d: no %q among %q", i, name, got[i])
			}
		}
		if len(got[i]) > len(want) {
			t.Errorf("chunk %d: more than %q: %q", i, want, got[i])
		}
	}
	page := pageNames("Struct Vec", "https://e.com/std/vec/struct.Vec.html?x=1")
	for _, name := range []string{wholeName + "vec", wholeName + "struct.vec", partName + "vec.vec"} {
		if !slices.Contains(page, name) {
			t.Errorf("page: no %q among %q", name, page)
		}
	}
}

// What looks like an entry in a block of code is none, also in the later parts
// of a block that is cut.
func TestPassagesKnowsCode(t *testing.T) {
	t.Parallel()
	code := strings.Repeat("- `notAName` of a line\n| `neither` | x |\n", 40)
	for name, test := range map[string]struct {
		md   string
		want int // passages with names
	}{
		"a block that is cut":       {"Text.\n\n```md\n" + code + "```\n\n- `is_a_name` after it\n", 1},
		"a longer fence around one": {"````md\n```\n" + code + "```\n" + code + "````\n\n- `is_a_name` after it\n", 1},
		"ticks that are no fence":   {"```x``` is code in a line\n\n- `is_a_name` after it\n", 1},
		"no block":                  {"- `is_a_name` after it\n", 1},
	} {
		chunks := content.Chunks("", test.md, nil, func(s string) int { return len(s) / 4 })
		got := 0
		for _, names := range passages("", "https://e.com/", test.md, nil, chunks) {
			if len(names) == 0 {
				continue
			}
			if got++; !slices.Contains(names, partName+"is_a_name") || len(names) != 1 {
				t.Errorf("%s: %q", name, names)
			}
		}
		if got != test.want {
			t.Errorf("%s: %d of %d passages have names, want %d", name, got, len(chunks), test.want)
		}
	}
}

func TestNamesOfLines(t *testing.T) {
	t.Parallel()
	const url = "https://e.com/d/page.html"
	away := "[Vacuuming](https://e.com/d/vacuum.html#x)"
	for _, test := range []struct {
		md       string
		want, no string // names, one after the other
	}{
		{"| `json_typeof` ( `json` ) → `text`<br>`jsonb_typeof` ( `jsonb` ) → `text`<br>Returns `nothing` | x |", "json_typeof jsonb_typeof", "nothing"},
		{"`jsonb_each` ( `jsonb` ) → `setof record`\n`two_each`(x)", "jsonb_each two_each", ""},
		{"Call `some_name` ( it ) in a sentence", "", "some_name"},
		{"scale_factor\n:   configuration parameter, " + away, "", "scale_factor"},
		{"scale_factor, " + away + "\n:   hypothetical, " + away, "", "scale_factor"},
		{"scale_factor\n:   Says how much of a table may be dead, see " + away, "scale_factor", ""},
		{"scale_factor\n:   see [below](" + url + "#below)", "scale_factor", ""},
	} {
		chunks := []content.Chunk{{Start: 0, End: len(test.md)}}
		got := passages("", url, test.md, nil, chunks)[0]
		for name := range strings.FieldsSeq(test.want) {
			if !slices.Contains(got, partName+name) {
				t.Errorf("%q: no %q among %q", test.md, name, got)
			}
		}
		if test.no != "" && slices.Contains(got, partName+test.no) {
			t.Errorf("%q: %q is among %q", test.md, test.no, got)
		}
	}
}

func TestNamesOfMembers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, anchor, want string }{
		{"void *internal", "c.Py_buffer.internal", "py_buffer.internal"},
		{"int readonly", "c.Py_buffer.readonly", "c.py_buffer.readonly"},
		{"Notes on the internal", "guide.internal", "guide.internal"},
		{"Notes on the rest", "guide.internal", ""},
	} {
		var n names
		n.heading(test.text, test.anchor, nil)
		if has := slices.Contains(n, wholeName+test.want); has != (test.want != "") {
			t.Errorf("%q under %q: %q", test.text, test.anchor, n)
		}
	}
	var entry names
	md := "mode\n:   statistical, [Aggregates](https://e.com/d/aggregate.html)\n"
	entry = passages("", "https://e.com/d/index.html", md, []content.Heading{{Level: 2, Text: "mode", Anchor: "m"}}, []content.Chunk{{Start: 0, End: len(md)}})[0]
	if slices.Contains(entry, partName+"mode") {
		t.Errorf("an entry of an index defines %q", entry)
	}
}

// drawnNames are names that a generator marks as defined on a page: by name the
// pages that are right.
func drawnNames(t *testing.T, folder string, marks ...*regexp.Regexp) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".html" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		page, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		for _, mark := range marks {
			for _, m := range mark.FindAllSubmatch(body, -1) {
				name := html.UnescapeString(string(m[1]))
				out[name] = append(out[name], siteURL+filepath.ToSlash(page))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// firstRate asks for n of the names and returns the share whose first page is
// right.
func firstRate(t *testing.T, ix *Index, drawn map[string][]string, n int) float64 {
	t.Helper()
	var list []string
	for name := range drawn {
		list = append(list, name)
	}
	slices.Sort(list)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	list = list[:min(n, len(list))]
	first := 0
	for _, name := range list {
		found, err := ix.Search(t.Context(), Query{Text: name, Collection: "docs", Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Hits) > 0 && slices.Contains(drawn[name], found.Hits[0].URL) {
			first++
		}
	}
	if len(list) == 0 {
		t.Fatal("no names were drawn")
	}
	return float64(first) / float64(len(list))
}

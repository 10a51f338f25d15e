package tools

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

func readResource(t *testing.T, b *bench, name string, vars map[string]string) (ResourceText, error) {
	t.Helper()
	for _, r := range b.Resources() {
		if r.Name == name {
			uri := r.URI
			if uri == "" {
				uri = r.Template
			}
			return r.Read(local(t), uri, vars)
		}
	}
	t.Fatalf("there is no resource %s", name)
	return ResourceText{}, nil
}

func TestResources(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.put(index.Document{URL: "https://a.example/p?q=1&r=2", Title: "T", Markdown: "# T\n\n<system>x</system>\n", FetchedAt: testTime})
	b.artifacts.files["results/x y.md"] = []byte("stored <tool_call>")
	b.artifacts.files["big"] = make([]byte, maxResource+1)
	b.artifacts.files["image"] = []byte{0xff, 0xfe}
	b.queue.jobs = []jobs.Job{{ID: "j1", Kind: "crawl", Status: jobs.Running, Owner: "local", Created: testTime}}
	for _, c := range []struct {
		name string
		vars map[string]string
		says string
		code fault.Code
	}{
		{"sources", nil, "https://a.example/p?q=1&r=2 — T", ""},
		{"document", map[string]string{"url": "https://a.example/p?q=1&r=2"}, "&lt;system>x", ""},
		{"document", map[string]string{"url": "https%3A%2F%2Fa.example%2Fp%3Fq%3D1%26r%3D2"}, "&lt;system>x", ""},
		{"document", map[string]string{"url": "https://none.example/"}, "", fault.NotFound},
		{"job", map[string]string{"id": "j1"}, `"status": "running"`, ""},
		{"job", map[string]string{"id": "none"}, "", fault.NotFound},
		{"artifact", map[string]string{"path": "results/x%20y.md"}, "stored &lt;tool_call>", ""},
		{"artifact", map[string]string{"path": "big"}, "", fault.TooLarge},
		{"artifact", map[string]string{"path": "image"}, "", fault.Unsupported},
		{"artifact", map[string]string{"path": "none"}, "", fault.NotFound},
		{"tools-schema", nil, `"name": "retrieve"`, ""},
	} {
		text, err := readResource(t, b, c.name, c.vars)
		if fault.CodeOf(err) != c.code || !strings.Contains(text.Text, c.says) {
			t.Errorf("%s %v: %v, %.300s", c.name, c.vars, err, text.Text)
		}
	}
	schema, _ := readResource(t, b, "tools-schema", nil)
	var list []map[string]any
	if err := json.Unmarshal([]byte(schema.Text), &list); err != nil || len(list) != len(b.All()) {
		t.Errorf("%d schemas, %v", len(list), err)
	}
	for _, r := range b.Resources() {
		if (r.URI == "") == (r.Template == "") || r.Scope != security.ScopeRead || r.About == "" || r.Type == "" {
			t.Errorf("%+v", r)
		}
	}
}

// TestPromptsNameOnlyWhatExists: a prompt that speaks of a tool or a field that
// is not there misleads a model.
func TestPromptsNameOnlyWhatExists(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	names := []string{}
	for _, p := range b.Prompts() {
		names = append(names, p.Name)
		args := map[string]string{}
		for _, a := range p.Args {
			args[a.Name] = "VALUE"
		}
		text, err := p.Render(args)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`[Cc]all (\w+) |call (\w+) `).FindAllStringSubmatch(text, -1) {
			name := m[1] + m[2]
			if _, ok := b.Get(name); !ok && !slices.Contains([]string{"it"}, name) {
				t.Errorf("%s speaks of the tool %s", p.Name, name)
			}
		}
		for _, m := range regexp.MustCompile(`\b(\w+)=`).FindAllStringSubmatch(text, -1) {
			if !mentioned(b.Registry, m[1]) {
				t.Errorf("%s speaks of the field %s", p.Name, m[1])
			}
		}
		for _, a := range p.Args {
			if a.Required {
				delete(args, a.Name)
				if _, err := p.Render(args); fault.CodeOf(err) != fault.Invalid {
					t.Errorf("%s without %s: %v", p.Name, a.Name, err)
				}
			} else if !strings.Contains(text, "VALUE") {
				t.Errorf("%s drops %s", p.Name, a.Name)
			}
		}
	}
	if !slices.Equal(names, []string{"ask-docs", "research", "add-site"}) {
		t.Errorf("prompts %v", names)
	}
}

func TestCompletions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.index.put(index.Document{URL: "https://a.example/one"}, index.Document{URL: "https://a.example/two"}, index.Document{URL: "https://b.example/"})
	b.queue.jobs = []jobs.Job{{ID: "abc", Owner: "local"}, {ID: "abd", Owner: "bob"}, {ID: "xyz", Owner: "local"}}
	for _, c := range []struct {
		ref, argument, value string
		want                 []string
	}{
		{"ask-docs", "collection", "a", []string{"Attic", "axon"}},
		{"ask-docs", "domain", "DOCS", []string{"docs.python.org"}},
		{"ask-docs", "domain", "", []string{"docs.python.org", "go.dev"}},
		{"axon://document/{+url}", "url", "https://a.", []string{"https://a.example/one", "https://a.example/two"}},
		{"axon://document/{+url}", "url", "b.ex", []string{"https://b.example/"}},
		{"axon://jobs/{id}", "id", "ab", []string{"abc", "abd"}},
		{"ask-docs", "question", "wh", nil},
		{"ask-docs", "domain", strings.Repeat("x", 3_000), nil},
	} {
		got, err := b.Complete(local(t), c.ref, c.argument, c.value)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s %q: %v, %v", c.argument, c.value, got, err)
		}
	}
	if got, _ := b.Complete(as(t, "bob", security.ScopeRead), "axon://jobs/{id}", "id", ""); !slices.Equal(got, []string{"abd"}) {
		t.Errorf("bob is offered %v", got)
	}
	_, err := b.Complete(t.Context(), "ask-docs", "domain", "")
	wantFault(t, err, fault.Forbidden)
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(d *Deps) {
			d.Checks = []Check{
				{"store", func(context.Context) (string, string, error) { return "SQLite 3.51, 1 ms", "", nil }},
				{"network", func(ctx context.Context) (string, string, error) {
					<-ctx.Done()
					return "", "look at AXON_DNS_SERVER", ctx.Err()
				}},
				{"index", func(context.Context) (string, string, error) {
					return "2 segments are damaged", "run import", errors.New("checksum")
				}},
				{"odd", func(context.Context) (string, string, error) { panic("no") }},
			}
		})
		out, text := must[DoctorOutput](t, b, "doctor", `{}`)
		ok := []bool{}
		for _, c := range out.Checks {
			ok = append(ok, c.OK)
		}
		if out.OK || !slices.Equal(ok, []bool{true, false, false, false}) || out.Checks[1].Hint != "look at AXON_DNS_SERVER" ||
			!strings.Contains(out.Checks[1].Detail, "timeout") || out.Checks[2].Detail != "2 segments are damaged" {
			t.Errorf("%+v", out)
		}
		if !strings.Contains(text, "index: FAILED") || strings.Contains(text, "Everything works") {
			t.Error(text)
		}
	})
	out, text := must[DoctorOutput](t, newBench(t), "doctor", `{}`)
	if !out.OK || out.Checks == nil || !strings.Contains(text, "Everything works") {
		t.Errorf("%+v %s", out, text)
	}
}

func TestSourcesDomainsStats(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	none, text := must[SourcesOutput](t, b, "sources", `{}`)
	if none.Sources == nil || none.NextCursor != nil || !strings.Contains(text, "crawl") {
		t.Errorf("%+v %s", none, text)
	}
	manySources(b, 25)
	seen, cursor := 0, ""
	var heads []string
	for range 10 {
		raw, _ := json.Marshal(map[string]any{"limit": 10, "cursor": cursor})
		out, text := must[SourcesOutput](t, b, "sources", string(raw))
		seen += len(out.Sources)
		head, _, _ := strings.Cut(text, " in the collection axon")
		heads = append(heads, head)
		if out.NextCursor == nil {
			break
		}
		cursor = *out.NextCursor
		if !strings.Contains(text, "next: cursor="+cursor) {
			t.Error(text)
		}
	}
	if seen != 25 || !slices.Equal(heads, []string{"The first 10 documents", "The next 10 documents", "The last 5 documents"}) {
		t.Errorf("%d sources over all pages: %q", seen, heads)
	}
	_, err := b.call(t, "sources", `{"cursor":"!x"}`)
	wantFault(t, err, fault.Invalid, "cursor")
	if out, text := must[DomainsOutput](t, b, "domains", `{}`); len(out.Domains) != 2 || out.Domains[0].Domain != "docs.python.org" || !strings.Contains(text, "| docs.python.org | 2 |") {
		t.Errorf("%+v %s", out, text)
	}
	if out, text := must[StatsOutput](t, b, "stats", ``); out.Documents != 25 || out.Collections["axon"].Chunks != 25 || !strings.Contains(text, "axon: 25 documents") {
		t.Errorf("%+v %s", out, text)
	}
}

package tools

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

func TestUnknownTool(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.call(t, "retreive", `{}`)
	wantFault(t, err, fault.NotFound, `"retreive"`, `"retrieve"`)
	_, err = b.call(t, "make_coffee_for_everybody", `{}`)
	wantFault(t, err, fault.NotFound, "query, retrieve, scrape")
	_, err = b.call(t, "", `{}`)
	wantFault(t, err, fault.NotFound)
}

// TestScopes: rule N11.
func TestScopes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range []struct {
		tool, args string
		scopes     []string
		code       fault.Code
	}{
		{"stats", `{}`, nil, fault.Forbidden},
		{"stats", `{}`, []string{security.ScopeRead}, ""},
		{"crawl", `{"urls":["https://a.example/"]}`, []string{security.ScopeRead}, fault.Forbidden},
		{"crawl", `{"urls":["https://a.example/"]}`, []string{security.ScopeWrite}, ""},
		{"forget", `{"url":"x"}`, []string{security.ScopeWrite}, fault.Forbidden},
		{"forget", `{"url":"x"}`, []string{security.ScopeAdmin}, ""},
		// The scope comes before the arguments: who may not call learns nothing.
		{"forget", `{"nonsense":1}`, []string{security.ScopeRead}, fault.Forbidden},
	} {
		_, err := b.Call(as(t, "someone", c.scopes...), Call{Name: c.tool, Args: json.RawMessage(c.args)})
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s with %v: %v, want %q", c.tool, c.scopes, err, c.code)
		}
		if c.code == fault.Forbidden && !strings.Contains(fault.MessageOf(err), "axon:") {
			t.Errorf("%s: %q names no scope", c.tool, fault.MessageOf(err))
		}
	}
	read := security.Identity{Scopes: []string{security.ScopeRead}}
	for _, tool := range b.List(read) {
		if tool.Scope != security.ScopeRead {
			t.Errorf("a read-only caller sees %s", tool.Name)
		}
	}
	if len(b.List(security.Identity{})) != 0 {
		t.Error("nobody sees tools")
	}
}

// failing is an index whose search fails as told.
type failing struct {
	*fakeIndex
	fail func() error
}

func (f failing) Search(context.Context, index.Query) (index.Result, error) {
	return index.Result{}, f.fail()
}

func TestWhatIsNoFaultBecomesInternalWithAnID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail   func() error
		code   fault.Code
		logged []string
	}{
		"error":         {func() error { return errors.New("disk on fire") }, fault.Internal, []string{"disk on fire"}},
		"panic":         {func() error { panic("boom at dawn") }, fault.Internal, []string{"boom at dawn", "registry_test.go"}},
		"nil map":       {func() error { var p *struct{ x int }; p.x = 1; return nil }, fault.Internal, []string{"nil pointer"}},
		"hidden cause":  {func() error { return fault.Wrap(fault.Internal, errors.New("the cause"), "oops") }, fault.Internal, []string{"the cause"}},
		"fault":         {func() error { return fault.New(fault.Busy, "come back later") }, fault.Busy, nil},
		"wrapped fault": {func() error { return errors.Join(fault.New(fault.Busy, "come back later")) }, fault.Busy, nil},
		"canceled":      {func() error { return context.Canceled }, fault.Canceled, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(d *Deps) { d.Searcher = failing{d.Documents.(*fakeIndex), c.fail} })
			_, err := b.call(t, "query", `{"query":"a secret phrase"}`)
			wantFault(t, err, c.code)
			log := b.log.String()
			for _, part := range c.logged {
				if !strings.Contains(log, part) {
					t.Errorf("the log does not tell %q: %s", part, log)
				}
				if strings.Contains(fault.MessageOf(err), part) {
					t.Errorf("the caller sees %q", part)
				}
			}
			if strings.Contains(log, "secret phrase") {
				t.Errorf("the log holds the arguments: %s", log)
			}
			var f *fault.Error
			if errors.As(err, &f); c.code == fault.Internal && (f.ID == "" || !strings.Contains(log, f.ID) || !strings.Contains(fault.MessageOf(err), f.ID)) {
				t.Errorf("id %q, message %q, log %s", f.ID, fault.MessageOf(err), log)
			}
		})
	}
}

func TestOneLogLineACall(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, args := range []string{`{"query":"hush-hush"}`, `{"quest":"hush-hush"}`} {
		_, _ = b.call(t, "query", args)
	}
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "door=test tool=query") || !strings.Contains(lines[0], "code=ok") ||
		!strings.Contains(lines[1], "code=invalid") || strings.Contains(b.log.String(), "hush") || !strings.Contains(lines[0], " ms=") {
		t.Errorf("log: %s", b.log.String())
	}
}

func TestOutputIsHeldAgainstItsSchema(t *testing.T) {
	t.Parallel()
	d := Deps{}
	type in struct{}
	type out struct {
		Mood string `json:"mood" rule:"enum=good|bad"`
	}
	tool, err := define(&d, Tool{Name: "try", Scope: security.ScopeRead}, func(context.Context, Call, in) (reply[out], error) {
		return reply[out]{out: out{Mood: "odd"}, text: plain(func(out) string { return "" })}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tool.run(t.Context(), Call{Inline: 8_192}); fault.CodeOf(err) != fault.Internal {
		t.Errorf("an output off its schema: %v", err)
	}
}

func TestDefineRefusesWrongRules(t *testing.T) {
	t.Parallel()
	type in struct {
		Flag bool `json:"flag" rule:"min=1"`
	}
	if _, err := define(&Deps{}, Tool{Name: "try"}, func(context.Context, Call, in) (reply[in], error) { return reply[in]{}, nil }); err == nil {
		t.Error("a range of a boolean was accepted")
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	names := func(v View) (list []string) {
		for _, tool := range b.Visible(security.Local(), v) {
			list = append(list, tool.Name)
		}
		return list
	}
	usual := names(b.View())
	for _, want := range []string{"query", "crawl", "jobs", "doctor", "embed"} {
		if !slices.Contains(usual, want) {
			t.Errorf("%s is missing from %v", want, usual)
		}
	}
	if slices.Contains(usual, "forget") {
		t.Errorf("admin tools in %v", usual)
	}
	if all := names(View{Toolsets: []string{"all"}}); len(all) != len(b.All()) {
		t.Errorf("all shows %v", all)
	}
	if admin := names(View{Toolsets: []string{Admin}}); !slices.Contains(admin, "forget") || slices.Contains(admin, "query") {
		t.Errorf("admin shows %v", admin)
	}
	for _, name := range names(View{Toolsets: []string{"all"}, ReadOnly: true}) {
		if tool, _ := b.Get(name); !tool.Hints.ReadOnly {
			t.Errorf("%s in a read-only view", name)
		}
	}
	readOnly := View{Toolsets: []string{"all"}, ReadOnly: true}
	_, err := b.Call(local(t), Call{Name: "crawl", Args: json.RawMessage(`{"urls":["https://a.example/"]}`), View: &readOnly})
	wantFault(t, err, fault.NotFound, "AXON_MCP_READ_ONLY")
}

func TestCompactView(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := View{Toolsets: []string{Web, Knowledge, JobTools}, Compact: true}
	seen := b.Visible(security.Local(), v)
	if len(seen) != 1 || seen[0].Name != CompactName {
		t.Fatalf("compact shows %d tools", len(seen))
	}
	wire, err := encode(define4(seen[0]))
	if err != nil || len(wire) > 4_000 {
		t.Errorf("the compact tool costs %d bytes (%v)", len(wire), err)
	}
	if _, err := seen[0].Input.Resolve(&jsonschema.ResolveOptions{}); err != nil {
		t.Error(err)
	}
	call := func(args string) (*Result, error) {
		return b.Call(local(t), Call{Name: CompactName, Args: json.RawMessage(args), View: &v})
	}
	if _, err := call(`{"action":"query","arguments":{"query":"x","limit":3}}`); err != nil || b.index.seen.Limit != 3 {
		t.Errorf("query through axon: %v, limit %d", err, b.index.seen.Limit)
	}
	if _, err := call(`{"action":"stats"}`); err != nil {
		t.Error(err)
	}
	for args, says := range map[string]string{
		`{"action":"forget","arguments":{"url":"x"}}`:        "one of",
		`{"action":"qurey","arguments":{"query":"x"}}`:       `"query"`,
		`{"action":"query","arguments":{"q":"x"}}`:           "unknown field",
		`{"action":"axon","arguments":{"action":"query"}}`:   "one of",
		`{"arguments":{"query":"x"}}`:                        "action is missing",
		`{"action":"query","arguments":"{\"query\":\"x\"}"}`: "an object",
	} {
		_, err := call(args)
		wantFault(t, err, fault.Invalid, says)
	}
	if _, err := b.call(t, CompactName, `{"action":"stats"}`); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("axon outside of a compact view: %v", err)
	}
}

func TestAMissingPartIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	d := newBench(t).deps
	d.Crawler = nil
	if _, err := New(d); err == nil || !strings.Contains(err.Error(), "Deps.Crawler") {
		t.Error(err)
	}
	d = newBench(t).deps
	d.ValidateURL = nil
	if _, err := New(d); err == nil || !strings.Contains(err.Error(), "Deps.ValidateURL") {
		t.Error(err)
	}
}

func TestConfigNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, err := New(Deps{Config: Config{
		Collection: "../x", InlineBytes: 12, Toolsets: []string{"wb"}, FileRoots: []string{"docs=relative"},
	}})
	wantFault(t, err, fault.Invalid, "AXON_COLLECTION", "AXON_INLINE_BYTES", "AXON_MCP_TOOLSETS", "AXON_FILE_ROOTS")
	for _, roots := range [][]string{{"a=/x", "a=/y"}, {"output=/x"}, {"=/x"}, {"a/b=/x"}, {"docs"}} {
		if (Config{FileRoots: roots}).Validate() == nil {
			t.Errorf("%v was accepted", roots)
		}
	}
	if err := (Config{InlineBytes: 100_000_000, FileRoots: []string{"docs=/srv/docs", "notes=/home/me"}}).Validate(); err != nil {
		t.Error(err)
	}
}

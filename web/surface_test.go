package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/tools"
)

// The lists of spec web.md, section 3, as they stand there.
const (
	specModes = `scrape crawl map extract search research embed debug doctor query retrieve ask evaluate suggest sources
 domains stats status dedupe github reddit youtube sessions screenshot refresh pulse_chat`
	specFlags = `max_pages max_depth limit offset collection format render_mode include_subdomains discover_sitemaps
 sitemap_since_days embed diagnostics yes wait research_depth search_time_range sort time max_posts min_score scrape_links
 include_source claude codex gemini project output_dir delay_ms request_timeout_ms performance_profile batch_concurrency
 depth responses_mode agent model session_mode mcp_servers blocked_mcp_tools session_id assistant_mode enable_fs
 enable_terminal permission_timeout_secs adapter_timeout_secs max_points`
	specJobs = "crawl extract embed evaluate github reddit youtube sessions refresh"
)

func TestSurfaceIsTheSpecs(t *testing.T) {
	t.Parallel()
	sorted := func(text string) []string { return slices.Sorted(slices.Values(strings.Fields(text))) }
	if got := slices.Sorted(maps.Keys(modes())); !slices.Equal(got, sorted(specModes)) {
		t.Errorf("modes: %v", got)
	}
	if got := slices.Sorted(maps.Keys(flags())); !slices.Equal(got, sorted(specFlags+" "+strings.Join(pageFlags(), " "))) {
		t.Errorf("flags: %v", got)
	}
	for name, m := range modes() {
		if want := slices.Contains(sorted(specJobs), name); m.job != want {
			t.Errorf("%s: job %v", name, m.job)
		}
	}
}

// Each flag that a tool of this build has by another name reaches that field.
func TestFlagsReachTheToolsFields(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	s := f.dial(t, "", nil)
	for _, row := range []struct{ mode, input, flags, want string }{
		{"crawl", "https://a.example/", `{"include_subdomains":true,"discover_sitemaps":false,"embed":false,"render_mode":"http","batch_concurrency":3,"delay_ms":5}`, `{"concurrency":3,"delay_ms":5,"index":false,"render":"http","sitemap":false,"subdomains":true,"urls":["https://a.example/"]}`},
		{"crawl", "https://a.example/", `{"request_timeout_ms":2000,"include_paths":["/a/*"],"exclude_paths":["/b"]}`, `{"exclude_paths":["/b"],"include_paths":["/a/*"],"timeout_ms":2000,"urls":["https://a.example/"]}`},
		{"refresh", "docs.python.org", `{"collection":"c"}`, `{"collection":"c","domain":"docs.python.org"}`},
		{"refresh", "https://a.example/ https://a.example/x", `{}`, `{"urls":["https://a.example/","https://a.example/x"]}`},
		{"refresh", "all", `{}`, `{"all":true}`},
		{"map", "https://a.example/", `{"discover_sitemaps":false,"limit":9}`, `{"limit":9,"sitemap":"skip","url":"https://a.example/"}`},
		{"scrape", "https://a.example/", `{"format":"text"}`, `{"format":"text","url":"https://a.example/"}`},
		{"scrape", "https://a.example/ https://b.example/", `{}`, `{"urls":["https://a.example/","https://b.example/"]}`},
		{"retrieve", "https://a.example/x", `{"offset":10,"collection":"c"}`, `{"collection":"c","offset":10,"url":"https://a.example/x"}`},
		{"sources", "docs.python.org", `{"limit":500}`, `{"domains":["docs.python.org"],"limit":500}`},
		{"embed", "https://a.example/x", `{"wait":true}`, `{"url":"https://a.example/x"}`},
		{"embed", "docs/guide", `{}`, `{"path":"docs/guide"}`},
		{"dedupe", "", `{"yes":"token-of-a-dry-run"}`, `{"confirm":"token-of-a-dry-run","dry_run":false}`},
		{"doctor", "ignored", `{}`, `{}`},
	} {
		before := len(f.tools.made())
		s.send(execute("", row.mode, row.input, row.flags))
		s.until("command.done", "command.error")
		calls := f.tools.made()[before:]
		if len(calls) != 1 || string(calls[0].Args) != row.want || calls[0].CommandLine {
			t.Errorf("%s %s: %+v", row.mode, row.flags, calls)
		}
	}
}

// A flag off the list, or one that the tool does not have, is dropped and named.
func TestFlagsOffTheListAreNamed(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	s := f.dial(t, "", nil)
	s.send(execute("a", "query", "x", `{"max_pages":5,"limitt":5,"exec":"rm","diagnostics":true,"max_points":3,"output_dir":"sub/x","agent":"claude","limit":2}`))
	_, before := s.until("command.done")
	var lines []string
	for _, g := range before {
		if g.Type == "command.output.line" {
			lines = append(lines, g.Data.Line)
		}
	}
	text := strings.Join(lines, "\n")
	for _, name := range []string{"max_pages", "limitt", "exec", "diagnostics", "max_points", "output_dir", "agent"} {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not named in:\n%s", name, text)
		}
	}
	if args := string(f.tools.made()[0].Args); args != `{"limit":2,"query":"x"}` || len(lines) != 7 {
		t.Errorf("%s\n%s", args, text)
	}
}

// What is off the lists does not run, and the socket lives.
func TestOffTheLists(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	s := f.dial(t, "", nil)
	n := 0
	refuse := func(mode, flags, code string) {
		t.Helper()
		if n++; n%100 == 0 { // 120 executes a minute and connection
			s = f.dial(t, "", nil)
		}
		s.send(execute("", mode, "https://a.example/", flags))
		if g := s.next(); g.Type != "command.error" || g.Data.Payload.Code != code {
			t.Errorf("%q %s: %+v", mode, flags, g)
		}
	}
	for _, mode := range []string{
		"", "Crawl", "CRAWL", " crawl", "crawl ", "crawl\n", "crawl\x00", "сrawl", "crawl;ls", "serve", "migrate", "export", "import", "forget",
		"jobs", "job_control", "artifacts", "axon", "sh", "../crawl", "crawl --help", "jobs_clean", "artifacts_clean", "schedule_control", "connect", "__proto__",
	} {
		refuse(mode, `{}`, "mode_not_allowed")
	}
	for _, mode := range []string{"pulse_chat", "ask", "search", "research", "suggest", "debug"} {
		if _, ok := f.tools.Get(mode); !ok {
			refuse(mode, `{}`, "mode_not_available")
		}
	}
	for _, name := range []string{"pg_url", "redis_url", "amqp_url", "qdrant_url", "tei_url", "openai_base_url", "openai_api_key", "openai_model"} {
		dashed := strings.ReplaceAll(name, "_", "-")
		for _, spelt := range []string{
			name, dashed, strings.ToUpper(name), strings.ToUpper(dashed), "--" + name, "--" + dashed, "-" + name, " " + name, name + " ",
			strings.ReplaceAll(name, "_", ""), strings.ReplaceAll(name, "_", "."), "AXON_" + strings.ToUpper(name), name + "=x", "x." + name,
		} {
			refuse("query", fmt.Sprintf(`{%q:"postgres://evil/"}`, spelt), "flag_blocked")
			refuse("crawl", fmt.Sprintf(`{"max_pages":1,%q:1}`, spelt), "flag_blocked")
		}
	}
	for _, dir := range []string{"../x", "/etc", "a/../../b", "a\\..\\b", "C:\\x", "~/x", "x\x00y", "..", "/", "a/.."} {
		raw, _ := json.Marshal(dir)
		refuse("crawl", `{"output_dir":`+string(raw)+`}`, "forbidden")
	}
	refuse("crawl", `{"output_dir":7}`, "invalid")
	if calls := f.tools.made(); len(calls) != 0 {
		t.Errorf("%d calls were made: %+v", len(calls), calls[0])
	}
	s.send(execute("", "stats", "", `{}`))
	s.until("command.done")
}

// 500 attempts to put commands into input and flags: the registry gets them as
// data, as one call each at most; no file appears, nothing of ours leaks.
func TestInjections(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	canary := filepath.Join(f.out, "canary")
	payloads := []string{
		"; touch " + canary, "$(touch " + canary + ")", "`touch " + canary + "`", "| touch " + canary, "&& touch " + canary, "\ntouch " + canary + "\n",
		"--help", "-c", "--pg-url=postgres://x", "-- --config=/etc/passwd", "../../../etc/passwd", "%2e%2e%2f", "file:///etc/passwd",
		"'; DROP TABLE jobs; --", "\x00", "\u202e", "${AXON_WEB_API_TOKEN}", "{{.Env}}", "<script>alert(1)</script>", "\r\nX-Injected: 1", "%s%n%x", strings.Repeat("A", 9000),
	}
	names := slices.Sorted(maps.Keys(modes()))
	list := slices.Sorted(maps.Keys(flags()))
	r := rand.New(rand.NewPCG(7, 7))
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	s := f.dial(t, "", bearer(apiToken))
	for i := range 500 {
		if i%100 == 99 {
			s = f.dial(t, "", bearer(apiToken))
		}
		raw, _ := json.Marshal(map[string]any{
			"type": "execute", "id": fmt.Sprint(i), "mode": pick(names), "input": pick(payloads),
			"flags": map[string]any{pick(list): pick(payloads), pick(payloads): pick(payloads), pick(list): []any{pick(payloads)}},
		})
		s.send(string(raw))
		last, before := s.until("command.done", "command.error")
		for _, g := range append(before, last) {
			text, _ := json.Marshal(g)
			if strings.Contains(string(text), apiToken) || strings.Contains(string(text), f.out) && !strings.Contains(string(raw), f.out) {
				t.Fatalf("%s leaks: %s", raw, text)
			}
		}
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("a command was run")
	}
	for _, call := range f.tools.made() {
		var args map[string]json.RawMessage
		tool, known := f.tools.Get(call.Name)
		if err := json.Unmarshal(call.Args, &args); err != nil || !known {
			t.Fatalf("%s %s", call.Name, call.Args)
		}
		for name := range args {
			if tool.Input.Properties[name] == nil {
				t.Errorf("%s got a field %q that it does not have", call.Name, name)
			}
		}
	}
}

// `yes` confirms what a destructive tool asks; without it the question comes
// back and nothing is done.
func TestYesConfirms(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	f.tools.run = func(_ context.Context, call tools.Call) (any, error) {
		if strings.Contains(string(call.Args), `"confirm":"tok"`) {
			return map[string]any{"done": true}, nil
		}
		if strings.Contains(string(call.Args), `"dry_run":false`) {
			return nil, &tools.ConfirmError{Question: "Remove 3 documents?", Token: "tok"}
		}
		return map[string]any{"dry_run": true}, nil
	}
	s := f.dial(t, "", nil)
	s.send(execute("a", "dedupe", "", `{"yes":true}`))
	s.until("command.done")
	if calls := f.tools.made(); len(calls) != 2 || string(calls[1].Args) != `{"confirm":"tok","dry_run":false}` {
		t.Errorf("%+v", calls)
	}
	s.send(execute("b", "dedupe", "", `{"yes":"old"}`))
	if g, _ := s.until("command.error"); g.Data.Payload.Code != string(fault.Conflict) || !strings.Contains(g.Data.Payload.Message, "tok") {
		t.Errorf("%+v", g)
	}
	s.send(execute("c", "dedupe", "", `{}`))
	s.until("command.done")
	if calls := f.tools.made(); string(calls[len(calls)-1].Args) != `{}` {
		t.Errorf("%s", calls[len(calls)-1].Args)
	}
}

func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		`{"type":"execute","mode":"query","input":"x","flags":{"limit":1}}`, `{"type":"cancel","id":"x"}`, `{"type":"read_file","path":"a/b"}`, `{`, `[]`,
		`{"type":"permission_response","session_id":"s","tool_call_id":"t","option_id":"o"}`, `{"type":"acp_resume","last_event":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, into := range []any{&executeRequest{}, &cancelRequest{}, &readFileRequest{}, &permissionResponse{}, &resumeRequest{}} {
			if err := decodeStrict([]byte(text), into); err != nil && (fault.CodeOf(err) != fault.Invalid || fault.MessageOf(err) == "") {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"a/b.md", "../x", "/x", "a//b", ".x", "a\\b", "a\x00", "con", "a.", "a /b", "x%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkPath(name) == nil && (!filepath.IsLocal(name) || strings.Contains(name, "..") || strings.ContainsAny(name, "\x00\\") || name[0] == '.') {
			t.Errorf("%q passed", name)
		}
	})
}

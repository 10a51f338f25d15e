package tools

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestBadArgumentsSayWhatToDo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range []struct {
		name, tool, args string
		says             []string
	}{
		{"unknown field", "crawl", `{"urls":["https://a.example/"],"max_page":5}`, []string{`"max_page"`, `"max_pages"`}},
		{"camel case", "crawl", `{"urls":["https://a.example/"],"maxPages":5}`, []string{`"max_pages"`}},
		{"wrong case", "query", `{"Query":"x"}`, []string{`"query"`}},
		{"singular", "crawl", `{"url":"https://a.example/"}`, []string{`"urls"`}},
		{"beginning", "query", `{"query":"x","source":"web"}`, []string{`"source_types"`}},
		{"nothing like it", "query", `{"query":"x","zzzzzz":1}`, []string{`"zzzzzz"`, "query, limit, mode"}},
		{"no fields at all", "stats", `{"x":1}`, []string{"no arguments"}},
		{"wrong type", "query", `{"query":5}`, []string{"query must be a string", "got 5"}},
		{"string for a number", "query", `{"query":"x","limit":"ten"}`, []string{"limit", "an integer from 1 to 500", `got "ten"`}},
		{"string for a boolean", "crawl", `{"urls":["https://a.example/"],"wait":"yes"}`, []string{"wait", "true or false"}},
		{"null", "query", `{"query":"x","limit":null}`, []string{"limit", "got null"}},
		{"fraction", "query", `{"query":"x","limit":1.5}`, []string{"limit", "got 1.5"}},
		{"huge exponent", "query", `{"query":"x","limit":1e999999999}`, []string{"limit"}},
		{"tiny exponent", "retrieve", `{"url":"x","offset":1e-999999999}`, []string{"offset"}},
		{"below", "query", `{"query":"x","limit":0}`, []string{"from 1 to 500", "got 0"}},
		{"above", "map", `{"url":"https://a.example/","limit":50001}`, []string{"from 1 to 50,000", "got 50001"}},
		{"enum", "query", `{"query":"x","mode":"semantics"}`, []string{"hybrid, semantic, keyword", `"semantic"`}},
		{"missing", "query", `{}`, []string{"query is missing"}},
		{"empty", "query", `{"query":""}`, []string{"1 to 16,384 characters"}},
		{"too long", "query", `{"query":"` + strings.Repeat("x", 17_000) + `"}`, []string{"1 to 16,384 characters"}},
		{"empty list", "crawl", `{"urls":[]}`, []string{"urls has 0 items", "1 to 100 strings"}},
		{"item", "crawl", `{"urls":["https://a.example/",7]}`, []string{"urls[1]", "got 7"}},
		{"long list", "scrape", `{"urls":["a"` + strings.Repeat(`,"a"`, 50) + `]}`, []string{"51 items", "1 to 50"}},
		{"no object", "query", `["x"]`, []string{"an object"}},
		{"no JSON", "query", `{"query":`, []string{"not valid JSON"}},
		{"more than one", "query", `{"query":"x"}{}`, []string{"something follows"}},
		{"garbage", "query", "\x00\xff\xfe", []string{"not valid JSON"}},
		{"long name", "query", `{"` + strings.Repeat("n", 10_000) + `":1}`, []string{"unknown field"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := b.call(t, c.tool, c.args)
			wantFault(t, err, fault.Invalid, append(c.says, c.tool+":")...)
			if n := len(fault.MessageOf(err)); n > 800 {
				t.Errorf("the message has %d bytes", n)
			}
		})
	}
}

func TestNumbersInEveryForm(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, number := range []string{"20", "20.0", "2e1", "2.0E+1"} {
		if _, err := b.call(t, "query", `{"query":"x","limit":`+number+`}`); err != nil {
			t.Errorf("%s: %v", number, err)
		}
		if b.index.seen.Limit != 20 {
			t.Errorf("%s was read as %d", number, b.index.seen.Limit)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, args := range []string{`{"urls":["https://a.example/"]}`, ` {"urls":["https://a.example/"],"max_pages":7,"sitemap":false} `} {
		if _, err := b.call(t, "crawl", args); err != nil {
			t.Fatal(err)
		}
	}
	var first, second crawlRequest
	for i, into := range []*crawlRequest{&first, &second} {
		if err := json.Unmarshal(b.queue.jobs[i].Request, into); err != nil {
			t.Fatal(err)
		}
	}
	if o := first.Options; o.MaxPages != 1000 || o.MaxDepth != 5 || !o.Sitemap || !o.Robots || o.Render != "auto" || o.Concurrency != 8 || o.Collection != "axon" || !first.Index {
		t.Errorf("defaults: %+v", first)
	}
	if o := second.Options; o.MaxPages != 7 || o.Sitemap || !o.Robots {
		t.Errorf("given: %+v", second)
	}
}

func TestArgumentsMayBeAbsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, args := range []string{"", "null", " {} ", "{}"} {
		if _, err := b.call(t, "stats", args); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"query", "retrieve", "job_control", "jobs", "max_pages", "include_paths"}
	for word, want := range map[string]string{
		"qurey": "query", "Query": "query", "retreive": "retrieve", "jobcontrol": "job_control", "job-control": "job_control", "job": "jobs",
		"maxPages": "max_pages", "include": "include_paths", "zzzzz": "", "": "", "completely_else": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func FuzzCheckArgs(f *testing.F) {
	for _, seed := range []string{`{"urls":["a"],"max_pages":1e1}`, `{"urls":[null]}`, `{}`, `[`, `{"urls":{"a":1}}`, `{"max_depth":-0.0,"urls":["x"]}`, `{"urls":["a"],"urls":5}`} {
		f.Add(seed)
	}
	tool, _ := newBench(f).Get("crawl")
	f.Fuzz(func(t *testing.T, args string) {
		checked, err := checkArgs("crawl", tool.Input, json.RawMessage(args))
		if err != nil {
			wantFault(t, err, fault.Invalid)
			return
		}
		var in CrawlInput
		if err := json.Unmarshal(checked, &in); err != nil {
			t.Fatalf("%q passed the check and does not decode: %v", args, err)
		}
		if len(in.URLs) == 0 || in.MaxPages < 0 || in.MaxPages > 1_000_000 || in.MaxDepth < 0 {
			t.Fatalf("%q passed the check as %+v", args, in)
		}
	})
}

func TestFieldsDescribeTheInput(t *testing.T) {
	t.Parallel()
	tool, _ := newBench(t).Get("crawl")
	fields := map[string]Field{}
	for _, f := range tool.Fields() {
		fields[f.Name] = f
	}
	if f := fields["urls"]; f.Type != "array" || f.Items != "string" || !f.Required || !f.Positional {
		t.Errorf("urls: %+v", f)
	}
	if f := fields["render"]; strings.Join(f.Enum, " ") != "auto http chrome" || string(f.Default) != `"auto"` || f.Required || f.Positional {
		t.Errorf("render: %+v", f)
	}
	if f := fields["robots"]; f.Type != "boolean" || string(f.Default) != "true" || f.About == "" {
		t.Errorf("robots: %+v", f)
	}
	if first := tool.Fields()[0].Name; first != "urls" {
		t.Errorf("the first field is %s", first)
	}
}

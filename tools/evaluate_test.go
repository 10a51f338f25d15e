package tools

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// TestMetrics compares with figures worked out by hand.
func TestMetrics(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pages, right []string
		all          int
		name         string
		want         float64
	}{
		{[]string{"a", "b", "c"}, []string{"b"}, 1, "mrr@10", .5},
		{[]string{"a", "b", "c"}, []string{"b"}, 1, "mrr@1", 0},
		{[]string{"a", "b", "c"}, []string{"b"}, 1, "ndcg@10", .6309},
		{[]string{"a", "b", "c"}, []string{"a", "c"}, 2, "ndcg@10", .9197},
		{[]string{"a", "b", "c"}, []string{"a", "c"}, 3, "recall@10", .6667},
		{[]string{"a", "b", "c"}, []string{"a", "c"}, 3, "recall@2", .3333},
		{[]string{"a"}, []string{"a"}, 4, "ndcg@1", 1},
		{[]string{"a", "b"}, []string{"b"}, 1, "hit@2", 1},
		{nil, []string{"b"}, 1, "ndcg@10", 0},
		{[]string{"a"}, nil, 1, "hit@5", 0},
	} {
		metrics, err := parseMetrics([]string{tt.name})
		if err != nil {
			t.Fatal(err)
		}
		got := means(metrics, []judgedQuestion{judge(tt.pages, tt.right, tt.all)})[tt.name]
		if math.Abs(got-tt.want) > 1e-4 {
			t.Errorf("%s of %v for %v: %v, want %v", tt.name, tt.pages, tt.right, got, tt.want)
		}
	}
}

const evaluateLines = `{"question": "zebras", "pages": ["library/zebra.html"]}
{"question": "gone", "pages": ["gone.html", "https://a.example/index.html"]}

{"question": "never crawled", "pages": ["other.html"], "note": "kept for later"}
`

func newEvaluateBench(t *testing.T) *bench {
	t.Helper()
	dir := folder(t, map[string]string{"questions.jsonl": evaluateLines, "bad.jsonl": "{\"question\": 1}\n", "none.jsonl": "\n"})
	b := newBench(t, withRoot(dir))
	for _, url := range []string{"https://a.example/", "https://a.example/library/zebra.html", "https://b.example/x/library/zebra.html", "https://a.example/library/"} {
		b.index.put(index.Document{URL: url})
		b.index.hits = append(b.index.hits, index.Hit{URL: url})
	}
	return b
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	b := newEvaluateBench(t)
	first, text := must[EvaluateOutput](t, b, "evaluate", `{"dataset":"docs/questions.jsonl","metrics":["MRR@10","recall@10"],"wait":true}`)
	// zebras: rank 2; gone: rank 1 of two pages, of which one is not there.
	if first.Status != "completed" || first.Questions != 3 || first.NotIndexed != 1 || first.Metrics["mrr@10"] != .5 || first.Metrics["recall@10"] != .5 {
		t.Fatalf("%+v", first.Evaluation)
	}
	if first.Before != nil || len(first.Misses) != 1 || first.Misses[0].Question != "never crawled" || !strings.Contains(text, "0.500") || !strings.Contains(text, "not in the index") {
		t.Errorf("%+v\n%s", first.Evaluation, text)
	}
	raw, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	b.queue.jobs[0].Status, b.queue.jobs[0].Result = jobs.Completed, raw
	b.index.hits[0], b.index.hits[1] = b.index.hits[1], b.index.hits[0]
	again, text := must[EvaluateOutput](t, b, "evaluate", `{"dataset":"docs/questions.jsonl","metrics":["mrr@10"],"wait":true}`)
	if again.Before == nil || again.Before.JobID != first.JobID || again.Before.Better != 1 || again.Before.Worse != 1 || !strings.Contains(text, "before") {
		t.Errorf("%+v\n%s", again.Before, text)
	}
	all, _ := must[EvaluateOutput](t, b, "evaluate", `{"dataset":"docs/questions.jsonl","mode":"all","wait":true}`)
	if len(all.Modes) != 3 || all.Before != nil || all.Metrics["mrr@10"] != all.Modes["hybrid"]["mrr@10"] || b.index.seen.Mode != index.Hybrid {
		t.Errorf("%+v", all.Evaluation)
	}
	other, _ := must[EvaluateOutput](t, b, "evaluate", `{"dataset":"{\"question\":\"z\",\"pages\":[\"library/zebra.html\"]}","base":"https://b.example/x/","wait":true}`)
	if len(other.Ranks) != 1 || other.Ranks[0] != 3 {
		t.Errorf("the base is not looked at: %+v", other.Evaluation)
	}
}

func TestEvaluateRefusals(t *testing.T) {
	t.Parallel()
	b := newEvaluateBench(t)
	for args, code := range map[string]fault.Code{
		`{}`:                               fault.Invalid,
		`{"dataset":"docs/bad.jsonl"}`:     fault.Invalid,
		`{"dataset":"docs/none.jsonl"}`:    fault.Invalid,
		`{"dataset":"docs/missing.jsonl"}`: fault.NotFound,
		`{"dataset":"docs"}`:               fault.Invalid,
		`{"dataset":"docs/questions.jsonl","collection":"nope"}`:   fault.NotFound,
		`{"dataset":"/etc/passwd"}`:                                fault.Forbidden,
		`{"dataset":"docs/../../etc/passwd"}`:                      fault.Forbidden,
		`{"dataset":"docs/questions.jsonl","metrics":["bleu@10"]}`: fault.Invalid,
		`{"dataset":"docs/questions.jsonl","metrics":["mrr@0"]}`:   fault.Invalid,
		`{"dataset":"docs/questions.jsonl","metrics":["mrr"]}`:     fault.Invalid,
		`{"dataset":"docs/questions.jsonl","metrics":[]}`:          fault.Invalid,
	} {
		_, err := b.call(t, "evaluate", args)
		if fault.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", args, err, code)
		}
	}
	own := filepath.Join(folder(t, map[string]string{"q.jsonl": evaluateLines}), "q.jsonl")
	raw, _ := json.Marshal(map[string]string{"dataset": own})
	if _, err := b.Call(local(t), Call{Name: "evaluate", Args: raw, CommandLine: true}); err != nil {
		t.Errorf("a person's own file: %v", err)
	}
}

func TestEvaluateSaysWhatIsWrongWithALine(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`{"question": "a", "pages": "x.html"}`:  `line 1 of the dataset cannot be read: "pages" must be a list of texts`,
		`{"question": "a", "pages": [1]}`:       `"pages" must be a list of texts`,
		`{"question": 1, "pages": ["x.html"]}`:  `"question" must be a text`,
		`{"question": "a", "pages": ["x.html"]`: `it is no JSON: unexpected end`,
		`["a"]`:                                 `it is a JSON array, no object`,
	} {
		_, err := parseDataset([]byte(given))
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), want) {
			t.Errorf("%s: %v, want %s", given, err, want)
		}
	}
}

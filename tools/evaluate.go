package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/security"
)

// EvaluateInput is the input of evaluate.
type EvaluateInput struct {
	Dataset    string   `json:"dataset" jsonschema:"JSONL file of {\"question\": …, \"pages\": [URL or its end, …]}, such as docs/questions.jsonl (docs: a root of AXON_FILE_ROOTS), or such lines themselves" rule:"min=1 max=2000000"`
	Metrics    []string `json:"metrics,omitempty" jsonschema:"ndcg, mrr, recall or hit at a depth up to 100, such as mrr@10" rule:"max=20 default=[\"ndcg@10\",\"mrr@10\",\"recall@10\"]"`
	Mode       string   `json:"mode,omitempty" jsonschema:"how to search; all: each alone and hybrid" rule:"enum=hybrid|semantic|keyword|all default=hybrid"`
	Base       string   `json:"base,omitempty" jsonschema:"what the ends are below, such as https://docs.example.com/3/; found out where left out"`
	Wait       bool     `json:"wait,omitempty" jsonschema:"true answers when all is done"`
	Collection string   `json:"collection,omitempty" jsonschema:"such as axon, the default"`
}

// EvaluateOutput is the output of evaluate.
type EvaluateOutput struct {
	WorkOutput
	*Evaluation
	Shortened
}

// Evaluation is what a run has measured. It stays with its job, and the next run
// of the same questions is compared with it.
type Evaluation struct {
	Questions  int `json:"questions" rule:"optional"`
	NotIndexed int `json:"not_indexed" rule:"optional"` // questions none of whose pages is in the index
	// Metrics are the means over all questions; with mode=all those of hybrid.
	Metrics map[string]float64            `json:"metrics" rule:"optional"`
	Modes   map[string]map[string]float64 `json:"modes,omitempty"` // with mode=all
	Misses  []EvaluateMiss                `json:"misses" rule:"optional"`
	Before  *EvaluateBefore               `json:"before,omitempty"`
	// Ranks has for each question the rank of its first right page, 0 for none.
	Ranks []int  `json:"ranks" rule:"optional"`
	Note  string `json:"note,omitempty"`
	// Of names what was evaluated: questions, collection, mode and base.
	Of string `json:"of" rule:"optional"`
}

// EvaluateMiss is a question without a right page among the first ten.
type EvaluateMiss struct {
	Question string `json:"question"`
	Rank     int    `json:"rank,omitempty"` // of the first right page
	First    string `json:"first"`          // the page that came first instead
}

// EvaluateBefore is the run before, and how this one differs.
type EvaluateBefore struct {
	JobID    string             `json:"job_id"`
	Finished string             `json:"finished"`
	Metrics  map[string]float64 `json:"metrics"`
	Better   int                `json:"better"` // questions whose first right page has risen
	Worse    int                `json:"worse"`
}

// evaluateRequest is the payload of an evaluate job.
type evaluateRequest struct {
	Questions  []evaluateQuestion `json:"questions"`
	Metrics    []string           `json:"metrics"`
	Mode       string             `json:"mode"`
	Base       string             `json:"base,omitempty"`
	Collection string             `json:"collection"`
}

func evaluate(d *Deps) (*Tool, error) {
	return define(d, Tool{
		Name:  "evaluate",
		Title: "Measure the search",
		About: "Asks the index questions whose right pages are known, and tells how well it ranks them, and what has changed since the run before. " +
			"query asks one question. Hundreds of questions a second; without wait: a job_id for jobs.",
		Toolset: Knowledge, Scope: security.ScopeRead, Job: true,
		Hints: Hints{ReadOnly: true, Idempotent: true},
	}, func(ctx context.Context, call Call, in EvaluateInput) (reply[EvaluateOutput], error) {
		request, err := d.evaluateRequest(ctx, in, call.CommandLine)
		if err != nil {
			return reply[EvaluateOutput]{}, err
		}
		done, err := d.perform(ctx, call, work{kind: "evaluate", payload: request, join: true, wait: in.Wait})
		out := EvaluateOutput{WorkOutput: done}
		if err == nil && done.result != nil {
			out.Evaluation = &Evaluation{}
			err = json.Unmarshal(done.result, out.Evaluation)
		}
		return reply[EvaluateOutput]{
			out: out, text: plain(evaluateText), cut: cutEvaluation, shape: count(int64(len(request.Questions)), "question"),
		}, err
	})
}

func (d *Deps) evaluateRequest(ctx context.Context, in EvaluateInput, own bool) (evaluateRequest, error) {
	request := evaluateRequest{Metrics: in.Metrics, Mode: in.Mode, Base: in.Base}
	if _, err := parseMetrics(in.Metrics); err != nil {
		return request, err
	}
	var err error
	if request.Collection, err = d.collection("evaluate", in.Collection); err != nil {
		return request, err
	}
	lines := []byte(in.Dataset)
	if !strings.HasPrefix(strings.TrimSpace(in.Dataset), "{") {
		if lines, err = d.readFile("evaluate", in.Dataset, own, maxDataset); err != nil {
			return request, err
		}
	}
	if request.Questions, err = parseDataset(lines); err != nil {
		return request, err
	}
	stored, err := d.holds(ctx, request.Collection, index.Filter{})
	if err == nil && !stored { // all figures would be zero, and the search not at fault
		err = fault.Errorf(fault.NotFound, "evaluate: nothing is stored in the collection %s; stats names the collections", request.Collection)
	}
	return request, err
}

// runEvaluate is the body of an evaluate job.
func (d *Deps) runEvaluate(ctx context.Context, t task) (any, error) {
	var request evaluateRequest
	if err := json.Unmarshal(t.job.Request, &request); err != nil {
		return nil, fmt.Errorf("read the job's request: %w", err)
	}
	start := d.Now()
	e := &evaluating{deps: d, task: t, request: request}
	var err error
	if e.metrics, err = parseMetrics(request.Metrics); err != nil {
		return nil, err
	}
	if e.right, err = d.rightPages(ctx, request); err != nil {
		return nil, err
	}
	out, err := e.run(ctx)
	if err != nil {
		return nil, err
	}
	if out.Before, err = d.evaluationBefore(ctx, t.job, out); err != nil {
		return nil, err
	}
	counts := WorkCounts{Skipped: map[string]int{}, Complete: true, Seconds: thousandths(d.Now().Sub(start).Seconds())}
	return struct {
		WorkCounts
		Evaluation
	}{counts, out}, nil
}

// evaluating is one run of an evaluate job.
type evaluating struct {
	deps    *Deps
	task    task
	request evaluateRequest
	metrics []metric
	right   [][]string // for each question the keys of its pages that are indexed
	note    string
}

func (e *evaluating) run(ctx context.Context) (Evaluation, error) {
	out := Evaluation{Questions: len(e.request.Questions), Misses: []EvaluateMiss{}, Of: e.request.digest()}
	for _, pages := range e.right {
		if len(pages) == 0 {
			out.NotIndexed++
		}
	}
	modes := []string{e.request.Mode}
	if e.request.Mode == "all" {
		modes = []string{string(index.Keyword), string(index.Semantic), string(index.Hybrid)}
		out.Modes = make(map[string]map[string]float64)
	}
	for n, mode := range modes {
		judged, err := e.ask(ctx, index.Mode(mode), n*len(e.right), len(modes)*len(e.right))
		if err != nil {
			return out, err
		}
		out.Metrics = means(e.metrics, judged)
		if out.Modes != nil {
			out.Modes[mode] = out.Metrics
		}
		if n == len(modes)-1 {
			out.tell(e.request.Questions, judged)
		}
	}
	out.Note = e.note
	return out, nil
}

// tell fills in what is said of each question.
func (out *Evaluation) tell(questions []evaluateQuestion, judged []judgedQuestion) {
	for i, j := range judged {
		rank := j.first()
		out.Ranks = append(out.Ranks, rank)
		if rank == 0 || rank > missedAfter {
			out.Misses = append(out.Misses, EvaluateMiss{Question: questions[i].Question, Rank: rank, First: j.top})
		}
	}
}

// missedAfter is how many pages a reader looks at.
const missedAfter = 10

// ask searches every question in one mode.
func (e *evaluating) ask(ctx context.Context, mode index.Mode, done, all int) ([]judgedQuestion, error) {
	judged := make([]judgedQuestion, len(e.right))
	depth := missedAfter
	for _, m := range e.metrics {
		depth = max(depth, m.depth)
	}
	for i, q := range e.request.Questions {
		pages, err := e.pages(ctx, q.Question, mode, depth)
		if err != nil {
			return nil, err
		}
		judged[i] = judge(pages, e.right[i], len(q.Pages))
		if (i+1)%16 == 0 {
			e.task.report(jobs.Progress{Phase: string(mode), Done: int64(done + i + 1), Total: int64(all)})
		}
	}
	return judged, nil
}

// pages returns the keys of the first depth pages for a question: a page counts
// once, where its best passage is.
func (e *evaluating) pages(ctx context.Context, question string, mode index.Mode, depth int) (keys []string, err error) {
	const step, most = 100, 1000 // passages
	for offset := 0; offset < most; offset += step {
		found, err := e.deps.Searcher.Search(ctx, index.Query{Text: question, Collection: e.request.Collection, Mode: mode, Limit: step, Offset: offset})
		if fault.CodeOf(err) == fault.Invalid { // no word in it: nothing can be found
			e.note = "a question holds no word to search for"
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		if found.Note != "" {
			e.note = found.Note
		}
		for _, hit := range found.Hits {
			if key := pageKey(hit.URL); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		if len(keys) >= depth || !found.More {
			break
		}
	}
	return keys[:min(depth, len(keys))], nil
}

// digest names what is evaluated, so that runs can be compared.
func (r evaluateRequest) digest() string {
	r.Metrics = nil
	raw, err := encode(r)
	if err != nil {
		return "" // cannot be: it came from JSON
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// evaluationBefore is the last run of the same questions by the same person.
func (d *Deps) evaluationBefore(ctx context.Context, job jobs.Job, now Evaluation) (*EvaluateBefore, error) {
	const lookAt = 50
	list, _, err := d.Queue.List(ctx, jobs.Filter{Kind: job.Kind, Status: jobs.Completed, Owner: job.Owner, Limit: lookAt})
	if err != nil {
		return nil, fmt.Errorf("list the runs before: %w", err)
	}
	for _, old := range list {
		var then Evaluation
		if old.ID == job.ID || json.Unmarshal(old.Result, &then) != nil || then.Of != now.Of || len(then.Ranks) != len(now.Ranks) {
			continue
		}
		before := &EvaluateBefore{JobID: old.ID, Finished: old.Finished.UTC().Format(time.RFC3339), Metrics: then.Metrics}
		for i, rank := range now.Ranks {
			switch was := then.Ranks[i]; {
			case rank == was:
			case was == 0 || rank != 0 && rank < was:
				before.Better++
			default:
				before.Worse++
			}
		}
		return before, nil
	}
	return nil, nil
}

// cutEvaluation keeps the means and the first misses.
func cutEvaluation(out EvaluateOutput, n int) (EvaluateOutput, error) {
	if out.Evaluation == nil {
		return out, nil
	}
	short := *out.Evaluation
	short.Ranks, short.Misses = []int{}, fitting(short.Misses, n-1500)
	out.Evaluation = &short
	return out, nil
}

func evaluateText(out EvaluateOutput) string {
	if out.Evaluation == nil {
		return workText("question")(out.WorkOutput)
	}
	e := out.Evaluation
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %.1f s, %s without a right page among the first %d.\n\n", count(int64(e.Questions), "question"), out.Seconds, group(int64(len(e.Misses))), missedAfter)
	b.WriteString(metricsTable(e))
	if e.Before != nil {
		fmt.Fprintf(&b, "\nSince the run of %s (job %s): %d better, %d worse.\n", e.Before.Finished, e.Before.JobID, e.Before.Better, e.Before.Worse)
	}
	if e.NotIndexed > 0 {
		fmt.Fprintf(&b, "\nThe pages of %s are not in the index, which counts as not found: crawl them first.\n", count(int64(e.NotIndexed), "question"))
	}
	if e.Note != "" {
		b.WriteString("\nNote: " + e.Note + "\n")
	}
	const shown = 10
	for i, miss := range e.Misses {
		if i == shown {
			fmt.Fprintf(&b, "- … and %d more\n", len(e.Misses)-shown)
			break
		}
		fmt.Fprintf(&b, "- not found: %s (first: %s)\n", clip(line(miss.Question), 120), clip(line(miss.First), 120))
	}
	b.WriteString("job " + out.JobID)
	return b.String()
}

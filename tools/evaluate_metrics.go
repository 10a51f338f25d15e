package tools

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	maxDataset   = 2 << 20 // bytes; a job's request holds them
	maxQuestions = 10_000
	maxDepth     = 100 // pages
)

// evaluateQuestion is a line of a dataset. Any of the pages answers: each is a
// URL, or the end of one after a slash.
type evaluateQuestion struct {
	Question string   `json:"question"`
	Pages    []string `json:"pages"`
}

// parseDataset reads JSON lines; fields that it does not know are for others.
func parseDataset(lines []byte) ([]evaluateQuestion, error) {
	var out []evaluateQuestion
	number := 0
	for one := range bytes.Lines(lines) {
		number++
		if one = bytes.TrimSpace(one); len(one) == 0 {
			continue
		}
		var q evaluateQuestion
		if err := json.Unmarshal(one, &q); err != nil {
			return nil, FileError{fault.Wrap(fault.Invalid, err, `evaluate: line %d of the dataset cannot be read: %s; a line is {"question": "…", "pages": ["library/json.html"]}`, number, lineFault(err))}
		}
		q.Pages = slices.DeleteFunc(q.Pages, func(p string) bool { return strings.TrimSpace(p) == "" })
		if strings.TrimSpace(q.Question) == "" || len(q.Pages) == 0 {
			return nil, FileError{fault.Errorf(fault.Invalid, `evaluate: line %d of the dataset needs both: {"question": "…", "pages": ["library/json.html"]}`, number)}
		}
		out = append(out, q)
	}
	if len(out) == 0 || len(out) > maxQuestions {
		return nil, fault.Errorf(fault.Invalid, "evaluate: the dataset has %d questions; give 1 to %d", len(out), maxQuestions)
	}
	return out, nil
}

// lineFault tells what is wrong with a line that is no question.
func lineFault(err error) string {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return "it is no JSON: " + clip(line(err.Error()), 120)
	}
	switch wrong.Field {
	case "pages":
		return `"pages" must be a list of texts`
	case "question":
		return `"question" must be a text`
	}
	return "it is a JSON " + wrong.Value + ", no object"
}

// readFile reads a file that a caller may read, whole.
func (d *Deps) readFile(tool, path string, own bool, limit int64) ([]byte, error) {
	p, err := d.open(tool, path, own, "")
	if err != nil {
		return nil, err
	}
	defer p.close()
	f, err := p.root.Open(p.name)
	if err != nil {
		return nil, explainPath(tool, path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, explainPath(tool, path, err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fault.Errorf(fault.Invalid, "%s: %s is no file", tool, clip(line(path), 300))
	case info.Size() > limit:
		return nil, fault.Errorf(fault.TooLarge, "%s: %s has %s, at most %s are read", tool, clip(line(path), 300), count(info.Size(), "byte"), group(limit))
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, explainPath(tool, path, err)
	}
	return data, nil
}

// metric is a figure at a depth.
type metric struct {
	name  string // as given
	depth int
	// of is the figure of one question: right tells for each page in order
	// whether it is one of the all pages that answer.
	of func(right []bool, all int) float64
}

// parseMetrics reads names such as ndcg@10.
func parseMetrics(names []string) ([]metric, error) {
	kinds := map[string]func([]bool, int) float64{"ndcg": ndcg, "mrr": reciprocalRank, "recall": recall, "hit": hitRate}
	var out []metric
	for _, name := range names {
		kind, at, ok := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "@")
		depth, err := strconv.Atoi(at)
		if kinds[kind] == nil || !ok || err != nil || depth < 1 || depth > maxDepth {
			return nil, fault.Errorf(fault.Invalid, "evaluate: there is no metric %q; use ndcg, mrr, recall or hit with a depth of 1 to %d, such as mrr@10", clip(line(name), 40), maxDepth)
		}
		out = append(out, metric{kind + "@" + strconv.Itoa(depth), depth, kinds[kind]})
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "evaluate: name a metric, such as mrr@10")
	}
	return out, nil
}

// ndcg is the discounted gain against that of the best order (Järvelin and
// Kekäläinen, 2002), where a page is right or not.
func ndcg(right []bool, all int) float64 {
	gain, best := 0.0, 0.0
	for i, r := range right {
		if r {
			gain += 1 / math.Log2(float64(i)+2)
		}
	}
	for i := range min(all, cap(right)) {
		best += 1 / math.Log2(float64(i)+2)
	}
	return gain / max(best, 1)
}

func reciprocalRank(right []bool, _ int) float64 {
	if i := slices.Index(right, true); i >= 0 {
		return 1 / float64(i+1)
	}
	return 0
}

func recall(right []bool, all int) float64 {
	n := 0
	for _, r := range right {
		if r {
			n++
		}
	}
	return float64(n) / float64(max(all, 1))
}

func hitRate(right []bool, _ int) float64 {
	if slices.Contains(right, true) {
		return 1
	}
	return 0
}

// judgedQuestion is a question with its answer.
type judgedQuestion struct {
	right []bool // the pages in order
	all   int    // pages that answer
	top   string // the page that came first, where it is wrong
}

// judge compares an answer with the right pages. Pages that answer and are not
// indexed count as not found.
func judge(pages, right []string, all int) judgedQuestion {
	j := judgedQuestion{right: make([]bool, len(pages)), all: max(all, len(right))}
	for i, page := range pages {
		j.right[i] = slices.Contains(right, page)
	}
	if len(pages) > 0 && !j.right[0] {
		j.top = pages[0]
	}
	return j
}

// first is the rank of the first right page, 0 for none.
func (j judgedQuestion) first() int { return slices.Index(j.right, true) + 1 }

// means are the metrics over all questions.
func means(metrics []metric, judged []judgedQuestion) map[string]float64 {
	out := make(map[string]float64, len(metrics))
	for _, m := range metrics {
		sum := 0.0
		for _, j := range judged {
			n := min(m.depth, len(j.right))
			sum += m.of(append(make([]bool, 0, m.depth), j.right[:n]...)[:n:m.depth], j.all)
		}
		out[m.name] = math.Round(sum/float64(len(judged))*10_000) / 10_000
	}
	return out
}

// pageKey is a URL in the form in which pages are compared: without fragment,
// and a folder as the page that stands for it.
func pageKey(raw string) string {
	raw, _, _ = strings.Cut(raw, "#")
	if strings.HasSuffix(raw, "/") {
		raw += "index.html"
	}
	return raw
}

// rightPages finds for each question the indexed pages that answer it.
func (d *Deps) rightPages(ctx context.Context, request evaluateRequest) ([][]string, error) {
	byEnd := make(map[string][]string) // last part of the path → pages
	for cursor := ""; ; {
		list, next, err := d.Documents.Sources(ctx, request.Collection, index.Filter{}, 500, cursor)
		if err != nil {
			return nil, fmt.Errorf("list what is indexed: %w", err)
		}
		for _, s := range list {
			key := pageKey(s.URL)
			byEnd[lastPart(key)] = append(byEnd[lastPart(key)], key)
		}
		if cursor = next; next == "" {
			break
		}
	}
	base := request.Base
	if base == "" {
		base = baseOf(request.Questions, byEnd)
	}
	right := make([][]string, len(request.Questions))
	for i, q := range request.Questions {
		for _, page := range q.Pages {
			right[i] = append(right[i], resolve(page, base, request.Base != "", byEnd)...)
		}
		slices.Sort(right[i])
		right[i] = slices.Compact(right[i])
	}
	return right, nil
}

func lastPart(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

// wholeURL returns the key of a page that is given as a whole URL.
func wholeURL(page string) (key string, ok bool) {
	if u, err := url.Parse(page); err != nil || u.Scheme == "" || u.Host == "" {
		return "", false
	}
	if key, err := crawl.Key(page); err == nil {
		return pageKey(key), true
	}
	return pageKey(page), true
}

// endOfPage is a page that is given by the end of its URL.
func endOfPage(page string) string {
	return strings.TrimLeft(strings.TrimPrefix(pageKey(strings.TrimSpace(page)), "./"), "/")
}

// ending returns the indexed pages with that end.
func ending(end string, byEnd map[string][]string) (keys []string) {
	for _, key := range byEnd[lastPart(end)] {
		if key == end || strings.HasSuffix(key, "/"+end) {
			keys = append(keys, key)
		}
	}
	return keys
}

// baseOf is the folder below which most of the pages are.
func baseOf(questions []evaluateQuestion, byEnd map[string][]string) string {
	votes := make(map[string]int)
	for _, q := range questions {
		for _, page := range q.Pages {
			if _, whole := wholeURL(page); whole {
				continue
			}
			end := endOfPage(page)
			for _, key := range ending(end, byEnd) {
				votes[strings.TrimSuffix(key, end)]++
			}
		}
	}
	best := ""
	for _, base := range sortedKeys(votes) {
		if votes[base] > votes[best] {
			best = base
		}
	}
	return best
}

// resolve returns the indexed pages that a page of a dataset means: that below
// the base or, where the base is only a guess, any with that end.
func resolve(page, base string, sure bool, byEnd map[string][]string) []string {
	if key, ok := wholeURL(page); ok {
		return intersect([]string{key}, byEnd[lastPart(key)])
	}
	end := endOfPage(page)
	all := ending(end, byEnd)
	if one := intersect([]string{base + end}, all); len(one) > 0 || sure {
		return one
	}
	return all
}

func intersect(wanted, have []string) []string {
	return slices.DeleteFunc(wanted, func(w string) bool { return !slices.Contains(have, w) })
}

func metricsTable(e *Evaluation) string {
	names := sortedKeys(e.Metrics)
	var b strings.Builder
	b.WriteString("| mode | " + strings.Join(names, " | ") + " |\n|---" + strings.Repeat("|---", len(names)) + "|\n")
	row := func(name string, m map[string]float64) {
		b.WriteString("| " + name)
		for _, n := range names {
			fmt.Fprintf(&b, " | %.3f", m[n])
		}
		b.WriteString(" |\n")
	}
	for _, mode := range sortedKeys(e.Modes) {
		row(mode, e.Modes[mode])
	}
	if len(e.Modes) == 0 {
		row("now", e.Metrics)
	}
	if e.Before != nil {
		row("before", e.Before.Metrics)
	}
	return b.String()
}

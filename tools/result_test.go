package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/index"
)

func manySources(b *bench, n int) {
	for i := range n {
		b.index.put(index.Document{URL: fmt.Sprintf("https://docs.example/page-%04d.html", i), Title: "A page with a title of its own", FetchedAt: testTime, Chunks: 3})
	}
}

// TestLongResultsBecomeALinkAndAHead: rule N13.
func TestLongResultsBecomeALinkAndAHead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	manySources(b, 400)
	result, err := b.call(t, "sources", `{"limit":400}`)
	if err != nil {
		t.Fatal(err)
	}
	raw := result.Structured.(json.RawMessage)
	var out SourcesOutput
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if !out.Truncated || !strings.HasPrefix(out.Artifact, "axon://artifacts/results/sources-") {
		t.Errorf("truncated %v, artifact %q", out.Truncated, out.Artifact)
	}
	if len(raw) > 8_192 || textSize(result.Blocks) > 8_192 || len(out.Sources) < 15 {
		t.Errorf("%d bytes of value, %d of text, %d sources", len(raw), textSize(result.Blocks), len(out.Sources))
	}
	link := result.Blocks[len(result.Blocks)-1].Link
	if link == nil || link.URI != out.Artifact || !strings.Contains(link.Description, "400 documents") || !strings.Contains(link.Description, "lines") {
		t.Fatalf("link %+v", link)
	}
	stored := b.artifacts.files[strings.TrimPrefix(link.URI, artifactScheme)]
	var whole SourcesOutput
	if err := json.Unmarshal(stored, &whole); err != nil || len(whole.Sources) != 400 || int64(len(stored)) != link.Size {
		t.Errorf("the artifact holds %d sources in %d bytes (%v), the link says %d", len(whole.Sources), len(stored), err, link.Size)
	}
	if !strings.Contains(textOf(result), "next: artifacts action=read path="+link.Name) {
		t.Errorf("the text does not say how to go on: %s", textOf(result))
	}
	if _, err := b.call(t, "sources", `{"limit":400}`); err != nil || len(b.artifacts.files) != 1 {
		t.Errorf("the same result twice is %d files (%v)", len(b.artifacts.files), err)
	}
}

// TestPagesThatWereCutLoseNothing follows next_cursor over pages that are cut
// to the limit.
func TestPagesThatWereCutLoseNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	manySources(b, 120)
	seen, cursor := 0, ""
	for range 20 {
		raw, _ := json.Marshal(map[string]any{"limit": 100, "cursor": cursor})
		out, _ := must[SourcesOutput](t, b, "sources", string(raw))
		for _, s := range out.Sources {
			if want := fmt.Sprintf("https://docs.example/page-%04d.html", seen); s.URL != want {
				t.Fatalf("after %d sources comes %s", seen, s.URL)
			}
			seen++
		}
		if out.NextCursor == nil {
			break
		}
		cursor = *out.NextCursor
	}
	if seen != 120 {
		t.Errorf("%d of 120 sources over all pages", seen)
	}
}

func TestRoomForMoreGivesAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	manySources(b, 400)
	result, err := b.Call(local(t), Call{Name: "sources", Args: json.RawMessage(`{"limit":400}`), Inline: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(result.Structured.(json.RawMessage)), "truncated") || len(b.artifacts.files) != 0 {
		t.Error("a result within its room was cut")
	}
}

func TestAFullStoreCostsTheLinkAndNotTheAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.artifacts.err = errors.New("no space left on device")
	manySources(b, 400)
	out, text := must[SourcesOutput](t, b, "sources", `{"limit":400}`)
	if !out.Truncated || out.Artifact != "" || len(out.Sources) == 0 || !strings.Contains(text, "could not be stored") {
		t.Errorf("truncated %v, artifact %q, %d sources; %s", out.Truncated, out.Artifact, len(out.Sources), text)
	}
	if !strings.Contains(b.log.String(), "no space left") {
		t.Error("the log does not tell")
	}
}

func TestOldResultsAreSwept(t *testing.T) {
	t.Parallel()
	now := testTime
	b := newBench(t, func(d *Deps) { d.Now = func() time.Time { return now } })
	manySources(b, 400)
	b.artifacts.modified = map[string]time.Time{
		"results/old": now.Add(-keepResults - time.Hour), "results/new": now.Add(-time.Hour), "jobs/j/old": now.Add(-keepResults - time.Hour),
	}
	for name := range b.artifacts.modified {
		b.artifacts.files[name] = []byte("x")
	}
	left := func() []string {
		must[SourcesOutput](t, b, "sources", `{"limit":400}`)
		return slices.DeleteFunc(sortedKeys(b.artifacts.files), func(name string) bool { return strings.HasPrefix(name, "results/sources-") })
	}
	if got := left(); !slices.Equal(got, []string{"jobs/j/old", "results/new"}) {
		t.Errorf("left: %v", got)
	}
	b.artifacts.files["results/old"] = []byte("again")
	if got := left(); len(got) != 3 {
		t.Errorf("swept again at once: %v", got)
	}
	now = now.Add(sweepEvery)
	if got := left(); len(got) != 2 {
		t.Errorf("not swept an hour later: %v", got)
	}
}

func TestLongTextIsOverTheLimitToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	type out struct {
		N int `json:"n"`
		Shortened
	}
	r := reply[out]{
		out: out{N: 10_000}, text: plain(func(o out) string { return strings.Repeat("x", o.N) }), shape: "x",
		cut: func(o out, n int) (out, error) { return out{N: n}, nil },
	}
	result, err := settle(t.Context(), &b.deps, Call{Name: "try"}, r)
	if err != nil || textSize(result.Blocks) > 8_192 || len(b.artifacts.files) != 1 || !strings.Contains(string(result.Structured.(json.RawMessage)), `"truncated":true`) {
		t.Errorf("%d bytes of text, %v", textSize(result.Blocks), err)
	}
}

func TestEncodeLeavesMarkupAlone(t *testing.T) {
	t.Parallel()
	raw, err := encode("<a> & </a>\u2028")
	if err != nil || !strings.HasPrefix(string(raw), `"<a> & </a>`) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestFitting(t *testing.T) {
	t.Parallel()
	items := []string{"aaaa", "bbbb", "cccc"} // 7 bytes each with quotes and comma
	for n, want := range map[int]int{0: 1, 7: 1, 13: 1, 14: 2, 21: 3, 1000: 3} {
		if got := len(fitting(items, n)); got != want {
			t.Errorf("%d bytes hold %d items, want %d", n, got, want)
		}
	}
}

package web

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/tools"
)

func TestExecuteCallsTheToolInProcess(t *testing.T) {
	t.Parallel()
	f := start(t, withTokens(defaults()))
	s := f.dial(t, "", bearer(apiToken))
	s.send(execute("a", "query", "json", `{"limit":3,"collection":"docs"}`))
	done, before := s.until("command.done", "command.error")
	if done.Type != "command.done" || done.Data.Ctx != (about{"a", "query", "json"}) || len(before) != 2 ||
		before[0].Type != "command.start" || before[1].Type != "command.output.json" {
		t.Fatalf("%+v after %+v", done, before)
	}
	calls := f.tools.made()
	if len(calls) != 1 || calls[0].Name != "query" || calls[0].CommandLine || calls[0].Door != "ws" ||
		string(calls[0].Args) != `{"collection":"docs","limit":3,"query":"json"}` {
		t.Errorf("calls: %+v", calls)
	}
}

// What a job does is streamed until its end, and the end of the socket is not
// the job's.
func TestJobIsStreamed(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	job := f.jobs.add(someJob, "crawl")
	f.tools.run = func(context.Context, tools.Call) (any, error) {
		return map[string]any{"job_id": someJob, "status": "pending"}, nil
	}
	s := f.dial(t, "", nil)
	s.send(execute("c", "crawl", "https://go.dev/doc https://go.dev/blog", `{"wait":true,"max_pages":5}`))
	s.until("job.status")
	job.progress <- jobs.Progress{Phase: "crawl", Done: 2, Total: 8, Rate: 1.5, ETA: 4, URL: "https://go.dev/doc/x", Counts: map[string]int64{"fetched": 2, "robots": 1, "gone": 1}, Failures: map[string]int64{"http_404": 3}, Chunks: 7, Bytes: 900}
	status, _ := s.until("job.status")
	if p := status.Data.Payload; p.Status != "running" || p.JobID != someJob || p.Metrics["pages_fetched"] != 2.0 || p.Metrics["eta_seconds"] != 4.0 || p.Metrics["url"] != "https://go.dev/doc/x" ||
		p.Metrics["skipped"].(map[string]any)["robots"] != 1.0 || p.Metrics["failures"].(map[string]any)["http_404"] != 3.0 ||
		p.Metrics["chunks"] != 7.0 || p.Metrics["bytes"] != 900.0 || p.Metrics["rate"] != 1.5 || p.Metrics["pages_removed"] != 1.0 {
		t.Errorf("%+v", p)
	}
	progress, _ := s.until("job.progress")
	if p := progress.Data.Payload; p.Phase != "crawl" || *p.Percent != 25 || *p.Processed != 2 {
		t.Errorf("%+v", p)
	}
	f.jobs.end(someJob, jobs.Completed, `{"pages_fetched":8}`)
	status, _ = s.until("job.status")
	if p := status.Data.Payload; p.Status != "completed" || p.Metrics["pages_fetched"] != 8.0 || status.Data.Ctx.ExecID != "c" {
		t.Errorf("%+v", status)
	}
	s.until("command.done")
	if args := string(f.tools.made()[0].Args); args != `{"max_pages":5,"urls":["https://go.dev/doc","https://go.dev/blog"]}` {
		t.Errorf("args: %s (wait must not reach the tool)", args)
	}
}

func TestFramesThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	s := f.dial(t, "", nil)
	for _, bad := range []string{
		``, `{`, `[]`, `"x"`, `null`, `{"type":7}`, `{"type":"nothing"}`, `{"type":"execute","mode":7}`, `{"type":"execute","shell":"sh"}`,
		`{"type":"execute","mode":"query","flags":[]}`, `{"type":"cancel"} {"type":"cancel"}`, strings.Repeat("[", 100_000),
	} {
		s.send(bad)
		if g := s.next(); g.Type != "error" || g.Code != "bad_frame" {
			t.Errorf("%.60q: %+v", bad, g)
		}
	}
	if n := len(f.tools.made()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
	s.send(execute("a", "stats", "", `{}`))
	s.until("command.done")
}

func TestCancelEndsOwnWork(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	entered := make(chan struct{})
	f.tools.run = func(ctx context.Context, _ tools.Call) (any, error) {
		close(entered)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	s := f.dial(t, "", nil)
	s.send(execute("q", "query", "x", `{}`))
	<-entered
	s.send(`{"type":"cancel","id":"q"}`)
	answer, failed := got{}, got{}
	for answer.Type == "" || failed.Type == "" {
		switch g := s.next(); g.Type {
		case "job.cancel.response":
			answer = g
		case "command.error":
			failed = g
		}
	}
	if !answer.Data.Payload.OK || failed.Data.Payload.Code != "canceled" || failed.Data.Ctx.ExecID != "q" {
		t.Errorf("%+v, %+v", answer, failed)
	}
}

// cancel touches only what the connection has started, or a job of the mode
// that is named.
func TestCancelTouchesNothingElse(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	f.jobs.add(someJob, "crawl")
	s := f.dial(t, "", nil)
	for _, row := range []struct{ frame, why string }{
		{`{"type":"cancel"}`, "nothing named"},
		{`{"type":"cancel","id":"x"}`, "no UUID"},
		{`{"type":"cancel","id":"0199c0de-0000-7000-8000-00000000000g","mode":"crawl"}`, "no UUID"},
		{`{"type":"cancel","id":"0199c0de-0000-7000-8000-0000000000ff","mode":"crawl"}`, "no such job"},
		{`{"type":"cancel","id":"` + someJob + `"}`, "another's job without its mode"},
		{`{"type":"cancel","id":"` + someJob + `","mode":"embed"}`, "another kind"},
		{`{"type":"cancel","id":"` + someJob + `","mode":"CRAWL"}`, "a mode off the list"},
		{`{"type":"cancel","job_id":"` + someJob + `","mode":"rm"}`, "a mode off the list"},
		{`{"type":"cancel","id":"` + someJob + `' OR 1=1","mode":"crawl"}`, "no UUID"},
	} {
		s.send(row.frame)
		if g := s.next(); g.Type != "job.cancel.response" || g.Data.Payload.OK {
			t.Errorf("%s (%s): %+v", row.frame, row.why, g)
		}
		if job, _ := f.jobs.Get(t.Context(), someJob); job.Status != jobs.Running {
			t.Fatalf("%s: the job is %s", row.frame, job.Status)
		}
	}
	s.send(`{"type":"cancel","id":"` + someJob + `","mode":"crawl"}`)
	if g := s.next(); !g.Data.Payload.OK {
		t.Errorf("%+v", g)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	s := f.dial(t, "", nil)
	for i := range executesAMinute + 5 {
		s.send(execute("", "nope", "", `{}`))
		g := s.next()
		if want := map[bool]string{true: "mode_not_allowed", false: "rate_limited"}[i < executesAMinute]; g.Data.Payload.Code != want {
			t.Fatalf("execute %d: %+v", i+1, g)
		}
	}
	for i := range readFileAMinute + 5 {
		s.send(`{"type":"read_file","path":"missing.md"}`)
		g := s.next()
		if want := map[bool]string{true: "not_found", false: "rate_limited"}[i < readFileAMinute]; g.Code != want {
			t.Fatalf("read_file %d: %+v", i+1, g)
		}
	}
}

// The queue of a connection is bounded in frames and in bytes, but for a single
// frame.
func TestOutboxIsBounded(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	for i := range maxQueuedFrames {
		if !o.put([]byte("x")) {
			t.Fatalf("frame %d has no room", i)
		}
	}
	if o.put([]byte("x")) {
		t.Error("a frame too many")
	}
	o = newOutbox()
	if !o.put(make([]byte, maxQueuedBytes+1)) {
		t.Error("a large frame has no room in an empty queue")
	}
	if o.put([]byte("x")) {
		t.Error("a byte too many")
	}
	if raw, err := o.take(t.Context()); err != nil || len(raw) != maxQueuedBytes+1 || !o.put([]byte("x")) {
		t.Errorf("%d %v", len(raw), err)
	}
}

// What is offered waits for half of the queue; where that takes too long the
// client is slow.
func TestOutboxOffers(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(o *outbox){
		"frames": func(o *outbox) {
			for range maxQueuedFrames/2 + 1 {
				o.put([]byte("x"))
			}
		},
		"bytes": func(o *outbox) { o.put(make([]byte, maxQueuedBytes/2+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOutbox()
				fill(o)
				if err := o.offer(t.Context(), []byte("slow")); !errors.Is(err, errSlow) {
					t.Errorf("nobody reads: %v", err)
				}
				gone, leave := context.WithCancel(t.Context())
				leave()
				if err := o.offer(gone, []byte("gone")); !errors.Is(err, context.Canceled) {
					t.Errorf("the connection has ended: %v", err)
				}
				var offered sync.WaitGroup
				for range 2 {
					offered.Go(func() {
						if err := o.offer(t.Context(), []byte("late")); err != nil {
							t.Error(err)
						}
					})
				}
				synctest.Wait()
				if !o.put([]byte("own")) {
					t.Error("no room for what cannot wait")
				}
				last := ""
				for taken := 0; taken < 2; {
					raw, _ := o.take(t.Context())
					if last = string(raw); last == "late" {
						taken++
					}
					synctest.Wait()
				}
				offered.Wait()
				if raw, more := o.next(); more {
					t.Errorf("%q was queued", raw)
				}
			})
		})
	}
}

// What a result points to comes along where it is text and has room.
func TestArtifactsComeAlong(t *testing.T) {
	t.Parallel()
	f := start(t, defaults())
	big := int64(artifactRoom + 1)
	files := []tools.Link{
		{URI: artifactScheme + "results/a.md", Name: "a.md", MediaType: "text/markdown; charset=utf-8", Size: 9},
		{URI: artifactScheme + "results/big.md", Name: "big.md", MediaType: "text/markdown", Size: big},
		{URI: artifactScheme + "results/a.png", Name: "a.png", MediaType: "image/png", Size: 4},
		{URI: artifactScheme + "../secret.md", Name: "secret.md", MediaType: "text/markdown", Size: 4},
		{URI: artifactScheme + "results/gone.json", Name: "gone.json", MediaType: "application/json", Size: 4},
		{URI: artifactScheme + "results/b.json", Name: "b.json", MediaType: "application/json", Size: 2},
	}
	for name, text := range map[string]string{"a.md": "# A\n\nText", "big.md": strings.Repeat("x", int(big)), "a.png": "\x89PNG", "b.json": "{}"} {
		if err := os.MkdirAll(filepath.Join(f.out, "results"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.out, "results", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.tools.run = func(context.Context, tools.Call) (any, error) {
		result := &tools.Result{Structured: json.RawMessage(`{"pages":[]}`)}
		for i := range files {
			result.Blocks = append(result.Blocks, tools.Block{Link: &files[i]})
		}
		return result, nil
	}
	s := f.dial(t, "", nil)
	s.send(`{"type":"execute","id":"1","mode":"scrape","input":"https://a.example/"}`)
	contents := map[string]string{}
	listed := 0
	for {
		g := s.next()
		switch g.Type {
		case "artifact.list":
			listed = len(g.Data.Artifacts)
		case "artifact.content":
			if listed == 0 || g.Data.Ctx.ExecID != "1" {
				t.Errorf("content before the list, or of nobody: %+v", g)
			}
			contents[g.Data.Path] = g.Data.Content
		case "command.done":
			if want := map[string]string{"results/a.md": "# A\n\nText", "results/b.json": "{}"}; listed != len(files) || !maps.Equal(contents, want) {
				t.Errorf("%d listed, contents %.100v", listed, contents)
			}
			return
		case "command.error":
			t.Fatal(g.Data.Payload.Message)
		}
	}
}

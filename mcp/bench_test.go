package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/tools"
)

// The whole door (guard, bearer check, limits, the real registry with its
// validation of input and output, one log line a call) against the bare
// library with a tool that gives the same result. Both run in turns, so that
// what else the machine does weighs on both. The metric x is what the door takes
// in multiples of the bare library, the median over the turns; the bar is 1.2.

// emptyIndex has nothing, and counts it.
type emptyIndex struct{ tools.Documents }

func (emptyIndex) Stats(context.Context) (index.Count, map[string]index.Count, error) {
	return index.Count{}, nil, nil
}

func benchDoor() (*Server, error) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	reg, err := tools.New(tools.Deps{
		Log: log, Documents: emptyIndex{}, Searcher: struct{ tools.Searcher }{}, Store: struct{ tools.Store }{},
		Eraser: struct{ tools.Eraser }{}, Archive: struct{ tools.Archive }{}, Artifacts: struct{ tools.Artifacts }{},
		Queue: struct{ tools.Queue }{}, Fetcher: struct{ tools.Fetcher }{}, Crawler: struct{ tools.Crawler }{},
		ValidateURL: url.Parse,
	})
	if err != nil {
		return nil, err
	}
	return New(reg, Config{CallsAtOnce: 100}, log), nil
}

const emptyStats = `{"documents":0,"chunks":0,"bytes":0,"collections":{}}`

func benchLibrary() *server.MCPServer {
	lib := server.NewMCPServer("bare", "1")
	lib.AddTool(mcp.NewTool("stats"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{
			Content:              []mcp.Content{mcp.NewTextContent("0 documents, 0 chunks, 0 bytes of Markdown in all.\n")},
			RawStructuredContent: []byte(emptyStats),
		}, nil
	})
	return lib
}

// rounds runs both in turns and reports.
func rounds(b *testing.B, calls int, bare, door func(n int) []time.Duration) {
	b.Helper()
	bare(calls)
	door(calls)
	var took [2][]time.Duration
	var wall [2]time.Duration
	var ratios []float64
	for b.Loop() {
		var round [2]time.Duration
		for i, run := range []func(int) []time.Duration{bare, door} {
			begin := time.Now()
			took[i] = append(took[i], run(calls)...)
			round[i] = time.Since(begin)
			wall[i] += round[i]
		}
		ratios = append(ratios, round[1].Seconds()/round[0].Seconds())
	}
	slices.Sort(ratios)
	for i, name := range []string{"bare", "door"} {
		slices.Sort(took[i])
		b.ReportMetric(float64(len(took[i]))/wall[i].Seconds(), name+"-calls/s")
		b.ReportMetric(float64(took[i][len(took[i])*99/100].Microseconds())/1000, name+"-p99-ms")
	}
	b.ReportMetric(ratios[len(ratios)/2], "x") // the median: others use the machine too
	b.ReportMetric(0, "ns/op")
}

func BenchmarkOverheadHTTP(b *testing.B) {
	bare := httptest.NewServer(server.NewStreamableHTTPServer(benchLibrary()))
	defer bare.Close()
	whole, err := benchDoor()
	if err != nil {
		b.Fatal(err)
	}
	door := httptest.NewServer(whole.Handler(Bearer(StaticKey(secret.New(goodKey)), Challenge{}, slog.New(slog.DiscardHandler))))
	defer door.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	const atOnce = 16
	run := func(url string) func(int) []time.Duration {
		return func(n int) []time.Duration {
			took := make([]time.Duration, n)
			var wg sync.WaitGroup
			for worker := range atOnce {
				wg.Go(func() {
					for i := worker; i < n; i += atOnce {
						begin := time.Now()
						post(b, client, url, call(i+1, "stats", "{}", true))
						took[i] = time.Since(begin)
					}
				})
			}
			wg.Wait()
			return took
		}
	}
	rounds(b, 400, run(bare.URL), run(door.URL))
}

func post(b *testing.B, client *http.Client, url, body string) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set(headerVersion, "2026-07-28")
	r.Header.Set("Mcp-Method", "tools/call")
	r.Header.Set(headerName, "stats")
	res, err := client.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	if raw, err := io.ReadAll(res.Body); err != nil || !bytes.Contains(raw, []byte(`"documents":0`)) {
		b.Errorf("got %d %s, %v", res.StatusCode, raw, err)
	}
}

// asServer makes this test binary a server on stdio: "bare" or "door".
const asServer = "AXON_TEST_STDIO_SERVER"

// serveStdio is the other process of BenchmarkOverheadStdio.
func serveStdio(which string) error {
	if which == "bare" {
		return server.NewStdioServer(benchLibrary()).Listen(context.Background(), os.Stdin, os.Stdout)
	}
	door, err := benchDoor()
	if err != nil {
		return err
	}
	return door.ServeStdio(context.Background(), os.Stdin, os.Stdout)
}

func BenchmarkOverheadStdio(b *testing.B) {
	start := func(which string) func(int) []time.Duration {
		command := exec.CommandContext(b.Context(), os.Args[0])
		command.Env = append(os.Environ(), asServer+"="+which)
		in, inErr := command.StdinPipe()
		out, outErr := command.StdoutPipe()
		if err := errors.Join(inErr, outErr, command.Start()); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			_ = in.Close()
			_ = command.Wait()
		})
		lines := bufio.NewScanner(out)
		return func(n int) []time.Duration {
			took := make([]time.Duration, n)
			for i := range n {
				begin := time.Now()
				fmt.Fprintln(in, call(i+1, "stats", "{}", true))
				if !lines.Scan() || !bytes.Contains(lines.Bytes(), []byte(`"documents":0`)) {
					b.Fatalf("got %s", lines.Text())
				}
				took[i] = time.Since(begin)
			}
			return took
		}
	}
	rounds(b, 400, start("bare"), start("door"))
}

// What a client of stdio waits for before the first answer.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := benchDoor(); err != nil {
			b.Fatal(err)
		}
	}
}

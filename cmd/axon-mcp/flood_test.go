package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const flood = 10_000

// answered is what both doors answer with.
type answered struct {
	ID    any `json:"id"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Result *struct {
		IsError    bool `json:"isError"`
		Structured struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"structuredContent"`
	} `json:"result"`
}

// kind names the answer, and fails where it is neither a result nor an error
// that says what to do.
func (a answered) kind(t *testing.T) string {
	t.Helper()
	switch {
	case a.Error != nil && a.Error.Message != "":
		return "error " + strconv.Itoa(a.Error.Code)
	case a.Result != nil && a.Result.IsError && a.Result.Structured.Message != "":
		return a.Result.Structured.Code
	case a.Result != nil && !a.Result.IsError:
		return "ok"
	}
	t.Errorf("an answer that says nothing: %+v", a)
	return "nothing"
}

func callLine(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"query","arguments":{"query":"machine in drawer %d"}}}`+"\n", id, id%13)
}

// TestFloodOverStdio sends 10,000 calls before it reads the first answer: each
// is answered once, and so is the next one.
func TestFloodOverStdio(t *testing.T) {
	t.Parallel()
	s := smallSite(t, 20, 0)
	p := newProgram(t, s)
	var crawled crawlResult
	p.json(&crawled, "crawl", s.URL+"/")
	client := p.stdio()
	defer client.kill(t)
	const first = 1_000_000 // apart from the ids of the handshake
	written := make(chan error, 1)
	go func() {
		w := bufio.NewWriter(client.stdin)
		for i := range flood {
			_, _ = w.WriteString(callLine(first + i)) // Flush tells
		}
		written <- w.Flush()
	}()
	kinds, seen := map[string]int{}, map[int]bool{}
	for len(seen) < flood {
		line, err := client.in.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the server is gone after %d answers: %v\n%s", len(seen), err, client.stderr)
		}
		var a answered
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatalf("no message: %v: %.200s", err, line)
		}
		id, ok := a.ID.(float64)
		if !ok {
			continue // a notification
		}
		if seen[int(id)] {
			t.Fatalf("%v is answered twice", id)
		}
		seen[int(id)] = true
		kinds[a.kind(t)]++
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", kinds)
	if kinds["ok"] == 0 || kinds["ok"]+kinds["busy"] != flood {
		t.Errorf("%v", kinds)
	}
	var found queryResult
	if err := client.call(t.Context(), "query", map[string]any{"query": "machine in drawer"}, &found, nil); err != nil || len(found.Hits) == 0 {
		t.Errorf("the next call: %d hits, %v", len(found.Hits), err)
	}
}

var servesAt = regexp.MustCompile(`http://127\.0\.0\.1:\d+/mcp`)

// serve starts the HTTP server and returns its address.
func (p *program) serve(t *testing.T, key string) string {
	t.Helper()
	cmd := p.command("serve", "--port", "0")
	cmd.Env = append(cmd.Env, "AXON_MCP_API_KEY="+key, "AXON_WEB_PORT=0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	at := make(chan string, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			if url := servesAt.FindString(lines.Text()); url != "" {
				select {
				case at <- url:
				default: // it is told several times
				}
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case url := <-at:
		return url
	case <-drained:
		t.Fatal("the server ended before it said where it serves")
	case <-time.After(time.Minute):
		t.Fatal("the server does not say where it serves")
	}
	return ""
}

// TestFloodOverHTTP is the same with 500 clients at once: more than the server
// takes is answered with 429 and when to come again.
func TestFloodOverHTTP(t *testing.T) {
	t.Parallel()
	s := smallSite(t, 20, 0)
	p := newProgram(t, s)
	var crawled crawlResult
	p.json(&crawled, "crawl", s.URL+"/")
	const clients, key = 500, "a-key-of-this-test-alone-0123456789"
	url := p.serve(t, key)
	transport := &http.Transport{MaxConnsPerHost: clients, MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	session := ""
	send := func(body string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		for name, value := range map[string]string{
			"Authorization": "Bearer " + key, "Content-Type": "application/json",
			"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": protocol, "Mcp-Session-Id": session,
		} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		return client.Do(req)
	}
	hello, err := send(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"` + protocol + `","capabilities":{},"clientInfo":{"name":"flood","version":"1"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	_ = hello.Body.Close()
	session = hello.Header.Get("Mcp-Session-Id")
	post := func(id int) (string, error) {
		res, err := send(callLine(id))
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return "", err
		}
		if res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") != "" && len(body) > 0 {
			return "429", nil
		}
		for line := range bytes.Lines(body) { // a stream has it behind "data: "
			var a answered
			if json.Unmarshal(bytes.TrimPrefix(line, []byte("data: ")), &a) == nil && a.ID != nil {
				return a.kind(t), nil
			}
		}
		return "", fmt.Errorf("%s: %.300s", res.Status, body)
	}
	var (
		mu    sync.Mutex
		kinds = map[string]int{}
		group sync.WaitGroup
	)
	ids := make(chan int)
	for range clients {
		group.Go(func() {
			for id := range ids {
				kind, err := post(id)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				kinds[kind]++
				mu.Unlock()
			}
		})
	}
	for id := range flood {
		ids <- id + 1
	}
	close(ids)
	group.Wait()
	t.Logf("%v", kinds)
	if kinds["ok"] == 0 || kinds["ok"]+kinds["429"] != flood {
		t.Errorf("%v", kinds)
	}
	res, err := client.Get(strings.TrimSuffix(url, "/mcp") + "/healthz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("afterwards: %v, %v", res, err)
	}
	_ = res.Body.Close()
}

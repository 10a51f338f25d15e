package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/secret"
)

// secretSettings names every setting whose value is a secret, so that one which
// is added is tested without a change here.
func secretSettings() []string {
	var names []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			switch {
			case f.Type == reflect.TypeFor[secret.String]():
				if name := f.Tag.Get("env"); name != "" {
					names = append(names, name)
				}
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[config.Config]())
	return names
}

// planted is a value for a secret setting, and the part of it that nobody may
// see. Where the setting is a URL, the secret is its password, and nobody
// answers there.
func planted(name string) (value, canary string) {
	canary = "s3cret-" + strings.ToLower(strings.ReplaceAll(name, "_", "-")) + "-nobody-may-see"
	scheme := ""
	switch {
	case strings.Contains(name, "PG_"), strings.Contains(name, "POSTGRES"):
		scheme = "postgres"
	case strings.Contains(name, "AMQP"):
		scheme = "amqp"
	case strings.Contains(name, "REDIS"):
		scheme = "redis"
	case strings.Contains(name, "URL"), strings.Contains(name, "PROXY"):
		scheme = "http"
	default:
		return canary, canary
	}
	return scheme + "://user:" + canary + "@127.0.0.1:9/x", canary
}

// spellings are the forms in which a secret could stand somewhere.
func spellings(canary string) []string {
	return []string{
		canary, url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary)),
		strings.ToUpper(canary), base64.StdEncoding.EncodeToString([]byte("user:" + canary)), fmt.Sprintf("%x", canary),
	}
}

// checkHidden looks for the secrets in what the program said and kept.
func checkHidden(t *testing.T, what string, canaries []string, said, dir string) {
	t.Helper()
	look := func(where, text string) {
		for _, canary := range canaries {
			for _, form := range spellings(canary) {
				if i := strings.Index(text, form); i >= 0 {
					t.Errorf("%s: %s shows %s: …%.200q", what, where, form, text[max(0, i-60):])
				}
			}
		}
	}
	look("its output", said)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == ".env" || entry.Name() == "api.key" {
			return err // what the operator wrote
		}
		text, err := os.ReadFile(path)
		look(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// work runs the program as people do, and returns all that it says.
func (p *program) work(s *site) string {
	p.t.Helper()
	var said strings.Builder
	for _, args := range [][]string{
		{"crawl", s.URL + "/"},
		{"scrape", s.URL + "/?token=s3cret-in-a-url-nobody-may-see", "--json"},
		{"query", "machine"},
		{"stats", "--json"},
		{"doctor"},
		{"doctor", "--json"},
		{"scrape", "http://name.example.net/"},
		{"sources"},
		{"jobs", "--json"},
		{"tools", "--json"},
		{"embed", "--text", "words"},
		{"retrieve", s.URL + "/"},
		{"export", "--path", filepath.Join(p.dir, "export.jsonl")},
		{"status"},
		{"crawl", "--max-pages", "x"},
		{"none"},
		{"--help"},
		{"connect", "cursor", "--print"}, // with --http it hands out the key: that is what it is for
		{"version"},
	} {
		got := p.run(append(args, "--log-level", "debug")...)
		said.WriteString(got.stdout + got.stderr)
	}
	return said.String()
}

// TestSecretsStayHidden plants a secret in every secret setting and greps all
// that whole runs print and keep: by the environment, by NAME_FILE, by .env, and
// over HTTP.
func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	names := secretSettings()
	if len(names) < 2 {
		t.Fatalf("only %q", names)
	}
	s := smallSite(t, 3, 0)
	var whole, canaries []string // settings that leave the program working
	for _, name := range names {
		value, canary := planted(name)
		p := newProgram(t, s)
		p.env = append(p.env, name+"="+value, "AXON_CHROME_PATH=/nowhere") // doctor would start Chrome each time
		if strings.HasPrefix(name, "GOOGLE_OAUTH_") {
			p.env = append(p.env, "GOOGLE_OAUTH_CLIENT_ID=axon", "GOOGLE_OAUTH_ALLOWED_EMAILS=alice@example.com", "GOOGLE_OAUTH_JWKS_URL=http://127.0.0.1:1/keys")
		}
		said := p.work(s)
		checkHidden(t, name, []string{canary}, said, p.dir)
		if value == canary {
			whole, canaries = append(whole, name+"="+value), append(canaries, canary)
		}
		wrong := newProgram(t, s)
		wrong.env = append(wrong.env, "AXON_CHROME_PATH=/nowhere", name+"= \x7f"+canary+"\n%zz://")
		got := wrong.run("doctor")
		checkHidden(t, name+" with a wrong value", []string{canary}, got.stdout+got.stderr, wrong.dir)
	}
	p := newProgram(t, s)
	p.env = append(p.env, "GOOGLE_OAUTH_CLIENT_ID=axon", "GOOGLE_OAUTH_ALLOWED_EMAILS=alice@example.com", "GOOGLE_OAUTH_JWKS_URL=http://127.0.0.1:1/keys")
	var lines strings.Builder
	for i, setting := range whole {
		name, value, _ := strings.Cut(setting, "=")
		if i%2 == 0 {
			fmt.Fprintf(&lines, "%s=%s\n", name, value)
			continue
		}
		file := filepath.Join(p.dir, "api.key")
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p.env = append(p.env, name+"_FILE="+file)
	}
	if err := os.WriteFile(filepath.Join(p.dir, ".env"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	said := p.work(s) + p.serveAndAsk(canaries)
	checkHidden(t, "all at once", append(canaries, "s3cret-in-a-request-nobody-may-see"), said, p.dir)
	for line := range strings.Lines(said) {
		if strings.Contains(line, "level=") && strings.Contains(line, "s3cret-in-a-url") {
			t.Errorf("the log shows a query value: %s", line)
		}
	}
}

// serveAndAsk serves over HTTP and sends good keys, wrong ones, and secrets in
// every place of a request. It returns what the server says.
func (p *program) serveAndAsk(keys []string) string {
	p.t.Helper()
	cmd := p.command("serve", "--port", "0", "--log-level", "debug")
	out := newBuffer()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	address := ""
	until(p.t, time.Minute, "the server says where it is", func() bool {
		_, rest, found := strings.Cut(out.String(), "serves MCP at ")
		address, _, _ = strings.Cut(rest, "\n")
		return found && address != ""
	})
	const planted = "s3cret-in-a-request-nobody-may-see"
	for _, key := range append(keys, planted) {
		for _, body := range []string{`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, `{"` + planted, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"scrape","arguments":{"url":"http://` + planted + `@example.com/?x=` + planted + `"}}}`} {
			request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, address+"?key="+planted, strings.NewReader(body))
			if err != nil {
				p.t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+key)
			request.Header.Set("Cookie", "session="+planted)
			request.Header.Set("X-Api-Key", planted)
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Accept", "application/json, text/event-stream")
			if response, err := http.DefaultClient.Do(request); err == nil {
				response.Body.Close()
			}
		}
	}
	said := p.askPage(out.String(), append(keys, planted))
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	return out.String() + said
}

// askPage sends the same to the web listener, and returns what it answers.
func (p *program) askPage(announced string, keys []string) string {
	p.t.Helper()
	_, rest, found := strings.Cut(announced, "web page is at ")
	base, _, _ := strings.Cut(rest, "/ ")
	if !found {
		p.t.Fatalf("the server does not say where its page is: %s", announced)
	}
	var said strings.Builder
	for _, key := range keys {
		for _, path := range []string{"/", "/healthz", "/api/status", "/api/doctor", "/metrics", "/ws?token=" + key, "/ws/shell?token=" + key, "/output/x?token=" + key, "/openapi.json", "/api/none"} {
			request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, base+path, http.NoBody)
			if err != nil {
				p.t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+key)
			request.Header.Set("Cookie", "axon="+key)
			if response, err := http.DefaultClient.Do(request); err == nil {
				body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
				response.Body.Close()
				said.Write(body)
				said.WriteString(fmt.Sprint(response.Header))
			}
		}
	}
	return said.String()
}

// buffer takes what a running process says while the test reads it.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func newBuffer() *buffer { return new(buffer) }

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/docs"
	"github.com/axon-mcp/axon-mcp/fault"
)

func (a *app) demoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "demo [URL]", Short: "See it work: crawl a site, ask three questions, read a page", GroupID: groupStart,
		Long: `Starts a server as a client would, in a temporary folder, crawls a site, asks three
questions and reads one of the pages found. Without a URL the site is this
program's own manual, which it serves itself; with one, the questions are
headings of that site. Nothing is kept.`,
		Example: "  axon-mcp demo\n  axon-mcp demo https://docs.example.com/guide/",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError{fmt.Sprintf("unexpected argument %q: demo takes one URL", args[1])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			url := ""
			if len(args) == 1 {
				url = args[0]
			}
			return a.demo(cmd.Context(), url)
		},
	}
}

// demo runs the main job. The manual's server, our MCP server and the client
// that speaks to it are one group: all have ended when demo returns.
func (a *app) demo(ctx context.Context, url string) error {
	dir, err := os.MkdirTemp("", "axon-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	show := demoShow{out: a.std.out, bar: newBar(a.std.err), started: time.Now(), ownManual: url == ""}
	flags := map[string]string{"AXON_DATA_DIR": dir, "AXON_MCP_TOOLSETS": "all", "AXON_INLINE_BYTES": "1000000"}
	var parts []part
	if url == "" {
		l, site, err := manualSite()
		if err != nil {
			return err
		}
		defer l.Close()
		url = "http://" + l.Addr().String() + "/"
		flags["AXON_ALLOW_HOSTS"] = l.Addr().String()
		parts = append(parts, part{name: "manual", run: listen(l, site, time.Second)})
	}
	server, client, err := a.demoServer(flags)
	if err != nil {
		return err
	}
	parts = append(parts, server, part{name: "demo", leads: true, run: func(ctx context.Context) error {
		defer client.close()
		return show.run(ctx, newWire(client.in, client.out), url)
	}})
	err = runAll(ctx, parts...)
	show.bar.clear()
	return err
}

// manualSite is the manual on a free port of this machine.
func manualSite() (net.Listener, *http.Server, error) {
	site, err := docs.NewSite()
	if err != nil {
		return nil, nil, fmt.Errorf("render the manual: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, err, "cannot serve the manual on this machine: %v", err)
	}
	return l, &http.Server{
		Handler: site, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
	}, nil
}

// pipes are the client's ends of a server's stdin and stdout.
type pipes struct {
	in    io.Reader
	out   io.WriteCloser
	close func()
}

// demoServer is an MCP server over pipes, with settings of its own.
func (a *app) demoServer(flags map[string]string) (part, pipes, error) {
	cfg, err := config.Load(config.Source{Environ: a.environ, Flags: flags, EnvFile: a.settings.envFile})
	if err != nil {
		return part{}, pipes{}, err
	}
	built, err := build(cfg, a.log)
	if err != nil {
		return part{}, pipes{}, err
	}
	serverIn, clientOut := io.Pipe()
	clientIn, serverOut := io.Pipe()
	server := part{name: "server", run: func(ctx context.Context) error {
		defer built.close()
		defer serverOut.Close()
		defer serverIn.Close() // so that a client that still writes does not wait for ever
		return serveStdio(ctx, built, a.log, serverIn, serverOut)
	}}
	return server, pipes{in: clientIn, out: clientOut, close: func() { _ = clientOut.Close() }}, nil
}

// demoShow is what the demo prints.
type demoShow struct {
	out       io.Writer
	bar       *bar
	started   time.Time
	ownManual bool
}

// question is a query of the demo; page is what must come first, where it is
// known.
type question struct{ text, page string }

// manualQuestions have their answers in the manual.
func manualQuestions() []question {
	return []question{
		{"where does Claude Desktop keep its list of servers", "/connect.html"},
		{"what happens to a crawl when the machine loses power", "/crawl.html"},
		{"exit codes for scripts", "/commands.html"},
	}
}

func (d demoShow) printf(format string, args ...any) { fmt.Fprintf(d.out, format, args...) }

func (d demoShow) run(ctx context.Context, client *wire, url string) error {
	d.printf("axon-mcp %s: the main job, as an MCP client sees it\n\n", version)
	begin := time.Now()
	if err := client.hello(ctx); err != nil {
		return err
	}
	d.printf("1. An MCP server on stdin and stdout, in a temporary folder: ready in %s\n\n", spent(begin))
	if err := d.crawl(ctx, client, url); err != nil {
		return err
	}
	questions := manualQuestions()
	if !d.ownManual {
		var err error
		if questions, err = headingQuestions(ctx, client); err != nil {
			return err
		}
		d.printf("   The questions below are headings of this site.\n\n")
	}
	first := ""
	for _, q := range questions {
		found, err := d.ask(ctx, client, q)
		if err != nil {
			return err
		}
		if first == "" {
			first = found
		}
	}
	if err := d.read(ctx, client, first); err != nil {
		return err
	}
	d.printf("5. Connect your client (the change is shown first):\n")
	for _, c := range clients() {
		d.printf("   %s connect %-16s # %s\n", programPath(), c.name, c.title)
	}
	d.printf("   Then index a site of yours:  %s crawl https://docs.example.com/guide/\n\n", programPath())
	d.printf("Done in %s.\n", spent(d.started))
	return nil
}

// programPath is this program as a shell finds it.
func programPath() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return "axon-mcp"
}

func (d demoShow) crawl(ctx context.Context, client *wire, url string) error {
	what := url
	if d.ownManual {
		what += " (this program's own manual)"
	}
	d.printf("2. crawl %s\n", what)
	var result struct {
		Fetched int     `json:"pages_fetched"`
		Changed int     `json:"pages_changed"`
		Failed  int     `json:"pages_failed"`
		Chunks  int     `json:"chunks"`
		Bytes   int64   `json:"bytes"`
		Seconds float64 `json:"seconds"`
		Rate    float64 `json:"pages_per_second"`
	}
	args := map[string]any{"urls": []string{url}, "max_pages": 500, "wait": true}
	if err := client.call(ctx, "crawl", args, &result, d.bar.show); err != nil {
		return err
	}
	d.bar.clear()
	if result.Fetched == 0 {
		return fault.Errorf(fault.Unavailable, "nothing could be read at %s", url)
	}
	d.printf("   %d pages read, %d failed, %d passages, %d kB in %.1f s (%.0f pages/s)\n\n",
		result.Fetched, result.Failed, result.Chunks, result.Bytes/1000, result.Seconds, result.Rate)
	return nil
}

// headingQuestions takes one heading of each of three pages, spread over the
// site.
func headingQuestions(ctx context.Context, client *wire) ([]question, error) {
	var list struct {
		Sources []struct {
			URL   string `json:"url"`
			Title string `json:"title"`
		} `json:"sources"`
	}
	if err := client.call(ctx, "sources", map[string]any{"limit": 500}, &list, nil); err != nil {
		return nil, err
	}
	var questions []question
	for i := range 3 {
		if len(list.Sources) == 0 {
			break
		}
		source := list.Sources[(2*i+1)*len(list.Sources)/6]
		var doc struct {
			Markdown string `json:"markdown"`
		}
		if err := client.call(ctx, "retrieve", map[string]any{"url": source.URL, "max_chars": 100_000}, &doc, nil); err != nil {
			return nil, err
		}
		questions = append(questions, question{text: longestHeading(doc.Markdown, source.Title), page: source.URL})
	}
	if len(questions) == 0 {
		return nil, errors.New("the site has no page to ask about")
	}
	return questions, nil
}

// longestHeading is the heading of most words, since short ones such as
// "Examples" stand on many pages, or the title where there is no better one.
func longestHeading(markdown, title string) string {
	best := title
	for line := range strings.SplitSeq(markdown, "\n") {
		heading := strings.TrimLeft(line, "#")
		if len(heading) == len(line) || !strings.HasPrefix(heading, " ") {
			continue
		}
		heading = strings.Trim(heading, " `*")
		if n := len(strings.Fields(heading)); n > len(strings.Fields(best)) && n <= 12 {
			best = heading
		}
	}
	return best
}

// ask prints the best hits and returns the first one's document.
func (d demoShow) ask(ctx context.Context, client *wire, q question) (string, error) {
	var result struct {
		Hits []struct {
			URL         string   `json:"url"`
			Title       string   `json:"title"`
			HeadingPath []string `json:"heading_path"`
			Text        string   `json:"text"`
			Score       float64  `json:"score"`
		} `json:"hits"`
	}
	begin := time.Now()
	if err := client.call(ctx, "query", map[string]any{"query": q.text, "limit": 3}, &result, nil); err != nil {
		return "", err
	}
	d.printf("3. query %q: %s\n", q.text, spent(begin))
	if len(result.Hits) == 0 {
		return "", fault.Errorf(fault.NotFound, "nothing was found for %q", q.text)
	}
	for i, hit := range result.Hits {
		d.printf("   %d. %s  (score %.2f)\n      %s\n", i+1, printable(strings.Join(append([]string{hit.Title}, hit.HeadingPath...), " › ")), hit.Score, printable(hit.URL))
		if i == 0 {
			d.printf("      %s\n", excerpt(hit.Text, q.text, 200))
		}
	}
	d.printf("\n")
	document, _, _ := strings.Cut(result.Hits[0].URL, "#")
	return document, nil
}

// excerpt is the part of a text that speaks of a question, on one line: from
// the line that has most of its words on.
func excerpt(text, question string, n int) string {
	words := strings.Fields(strings.ToLower(question))
	lines := strings.Split(printable(text), "\n")
	best, most := 0, -1
	for i, line := range lines {
		line, found := strings.ToLower(line), 0
		for _, word := range words {
			if len(word) > 3 && strings.Contains(line, word) {
				found++
			}
		}
		if found > most {
			best, most = i, found
		}
	}
	short := []rune(strings.Join(strings.Fields(strings.Join(lines[best:], " ")), " "))
	if len(short) > n {
		return string(short[:n]) + "…"
	}
	return string(short)
}

func (d demoShow) read(ctx context.Context, client *wire, url string) error {
	var doc struct {
		Title    string `json:"title"`
		Markdown string `json:"markdown"`
	}
	begin := time.Now()
	if err := client.call(ctx, "retrieve", map[string]any{"url": url, "max_chars": 1_000_000}, &doc, nil); err != nil {
		return err
	}
	d.printf("4. retrieve %s: %s, %d bytes of Markdown\n", printable(url), spent(begin), len(doc.Markdown))
	for _, line := range strings.SplitN(printable(doc.Markdown), "\n", 9)[:min(8, strings.Count(doc.Markdown, "\n")+1)] {
		d.printf("   | %s\n", line)
	}
	d.printf("\n")
	return nil
}

// spent is the time since begin, for people.
func spent(begin time.Time) string {
	d := time.Since(begin)
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

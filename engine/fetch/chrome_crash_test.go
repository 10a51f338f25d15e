package fetch

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/axon-mcp/axon-mcp/fault"
)

const words = "<p>words of a page that is read, and not only looked at, by whoever wants to know"

// A page that kills the whole browser costs itself; the page beside it, which
// was only there, is read all the same, and so is the next.
// Rule B6.
func TestBrowserDies(t *testing.T) { //nolint:paralleltest // one Chromium at a time
	var b *Browser
	var beside sync.Once
	besideIn, killed := make(chan struct{}), make(chan struct{}, 9)
	var kills atomic.Int32
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/crash":
			_, _ = io.WriteString(w, `<script>fetch('/now')</script>`)
		case "/now":
			crashTab(t, b, "/crash")
			<-r.Context().Done() // the page waits until it is gone
		case "/kill":
			<-besideIn
			b.mu.Lock()
			c := b.chrome
			b.mu.Unlock()
			c.kill()
			kills.Add(1)
			killed <- struct{}{}
		case "/beside": // in hand when the browser dies
			first := false
			beside.Do(func() { first = true })
			if first {
				close(besideIn)
				select {
				case <-killed:
				case <-r.Context().Done():
				}
			}
		}
		_, _ = io.WriteString(w, strings.Repeat(words, 10))
	}))
	t.Cleanup(site.Close)
	b = newBrowser(t, ChromeConfig{}, strings.TrimPrefix(site.URL, "http://"))
	var pages sync.WaitGroup
	pages.Go(func() {
		if r, err := b.Fetch(t.Context(), Request{URL: site.URL + "/beside"}); err != nil || !r.Rendered {
			t.Errorf("the page beside: %v", err)
		}
	})
	_, err := b.Fetch(t.Context(), Request{URL: site.URL + "/kill"})
	pages.Wait()
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "crashed") {
		t.Errorf("the page that kills: %v", err)
	}
	if kills.Load() != 2 {
		t.Errorf("it was tried %d times, want twice", kills.Load())
	}
	if r, err := b.Fetch(t.Context(), Request{URL: site.URL + "/next"}); err != nil || !r.Rendered {
		t.Errorf("the next page: %v", err)
	}
	// A page whose own process ends is not waited for, and the browser lives on.
	before := b.chrome
	if _, err := b.Fetch(t.Context(), Request{URL: site.URL + "/crash"}); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "crashed its tab") {
		t.Errorf("the page that crashes: %v", err)
	}
	if _, err := b.Fetch(t.Context(), Request{URL: site.URL + "/next"}); err != nil || b.chrome != before {
		t.Errorf("the page after it: %v, in the same browser: %v", err, b.chrome == before)
	}
}

// crashTab ends the process of the page at a path.
func crashTab(t *testing.T, b *Browser, path string) {
	t.Helper()
	b.mu.Lock()
	root := b.chrome.root
	b.mu.Unlock()
	targets, err := chromedp.Targets(root)
	if err != nil {
		t.Error(err)
		return
	}
	for _, one := range targets {
		if strings.HasSuffix(one.URL, path) {
			ctx, cancel := chromedp.NewContext(root, chromedp.WithTargetID(one.TargetID), chromedp.WithDetachOnCancel())
			go func() {
				defer cancel()
				_, _ = chromedp.Call(ctx, page.Crash, cdp.Empty{}) // it has no answer
			}()
			return
		}
	}
	t.Errorf("no page %s", path)
}

// A caller that goes away takes its page with it, and so does the browser's end;
// what is asked of a closed browser fails at once.
func TestBrowserStops(t *testing.T) { //nolint:paralleltest // one Chromium at a time
	asked, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	site := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		ended <- struct{}{}
	}))
	t.Cleanup(site.Close)
	b := newBrowser(t, ChromeConfig{}, strings.TrimPrefix(site.URL, "http://"))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, err := b.Fetch(ctx, Request{URL: site.URL + "/"}); fault.CodeOf(err) != fault.Canceled {
		t.Errorf("canceled: %v", err)
	}
	<-ended
	go func() { <-asked; b.Close() }()
	if _, err := b.Fetch(t.Context(), Request{URL: site.URL + "/slow"}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("in hand: %v", err)
	}
	<-ended
	if _, err := b.Fetch(t.Context(), Request{URL: site.URL + "/later"}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("later: %v", err)
	}
}

package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
)

// ChromeConfig is what the operator can set of the browser. Zero means the
// default.
type ChromeConfig struct {
	Path        string        `env:"AXON_CHROME_PATH" about:"Chromium or Chrome to run; unset: the first that is found in PATH and the usual places"`
	RemoteURL   secret.String `env:"AXON_CHROME_REMOTE_URL" about:"DevTools address (http, https, ws or wss) of a Chrome that runs elsewhere, instead of a local one; it may hold a token"`
	ProxyListen string        `env:"AXON_CHROME_PROXY_LISTEN" default:"127.0.0.1:0" about:"host:port of the filtering proxy that Chrome must use; a Chrome elsewhere must reach it by this very address"`
	Tabs        int           `env:"AXON_CHROME_TABS" default:"4" about:"pages in the browser at once, 1 to 64"`
	NoSandbox   bool          `env:"AXON_CHROME_NO_SANDBOX" about:"true runs Chromium without its sandbox, for containers in which that cannot start; best not"`
}

// Validate checks what can be checked without looking at the machine.
func (c ChromeConfig) Validate() error {
	var faults []error
	if c.Tabs < 0 || c.Tabs > maxTabs {
		faults = append(faults, fault.Errorf(fault.Invalid, "AXON_CHROME_TABS: %d is not between 1 and %d", c.Tabs, maxTabs))
	}
	if c.RemoteURL.IsSet() {
		if u, err := url.Parse(c.RemoteURL.Reveal()); err != nil || u.Host == "" || !oneOf(u.Scheme, "http", "https", "ws", "wss") {
			faults = append(faults, fault.New(fault.Invalid, "AXON_CHROME_REMOTE_URL: is no http, https, ws or wss address"))
		}
	}
	if host, _, err := net.SplitHostPort(c.ProxyListen); c.ProxyListen != "" && (err != nil || host == "" || isUnspecified(host)) {
		faults = append(faults, fault.Errorf(fault.Invalid, "AXON_CHROME_PROXY_LISTEN: %q is no host:port by which Chrome can reach this program", c.ProxyListen))
	}
	return errors.Join(faults...)
}

const (
	defaultTabs = 4
	maxTabs     = 64
	pageLimit   = 30 * time.Second // a page, from its first request to its text
	startLimit  = 20 * time.Second
	idleLimit   = 2 * time.Minute // without a page, Chrome is stopped
)

// Browser reads pages as a person's browser does: scripts run. It is Chrome
// behind security.Proxy, which every request of every page goes through and
// which judges by the same guard. Chrome starts with the first page; each page
// has a profile of its own that is gone afterwards. It is safe for concurrent
// use.
type Browser struct {
	client *Client
	cfg    ChromeConfig
	log    *slog.Logger
	tabs   *semaphore.Weighted
	limit  time.Duration // pageLimit, but for tests

	mu      sync.Mutex // also held while Chrome starts
	chrome  *chrome    // nil: none has been started
	proxy   *listening // nil: as above
	closed  bool
	pages   int // that hold a tab
	idle    time.Time
	working sync.WaitGroup // the proxy
}

// NewBrowser returns a browser that starts nothing yet. What is no HTML it reads
// with client, whose guard and politeness it shares.
func NewBrowser(client *Client, cfg ChromeConfig, log *slog.Logger) *Browser {
	if cfg.Tabs <= 0 {
		cfg.Tabs = defaultTabs
	}
	if cfg.ProxyListen == "" {
		cfg.ProxyListen = "127.0.0.1:0"
	}
	return &Browser{
		client: client, cfg: cfg, log: log, limit: pageLimit,
		tabs: semaphore.NewWeighted(int64(cfg.Tabs)),
	}
}

// Fetch reads one URL as Client.Fetch does, with what scripts have made of the
// page as its body; Response.Rendered tells. What is no HTML comes over plain
// HTTP. It fails with Unavailable where there is no browser.
func (b *Browser) Fetch(ctx context.Context, r Request) (*Response, error) {
	u, err := b.client.guard.ValidateURL(r.URL)
	if err != nil {
		return nil, err
	}
	got, err := b.visit(ctx, job{url: u, request: r})
	if errors.Is(err, errNoPage) {
		return b.client.Fetch(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return got.response, nil
}

// errDied tells that the whole browser ended under a page.
var errDied = errors.New("the browser has ended")

// visit does a job. Where the browser dies under it, this page may be the cause
// or only have been there: it is tried once more, alone, so that a page that
// kills browsers costs itself and nothing more.
func (b *Browser) visit(ctx context.Context, j job) (outcome, error) {
	got, err := b.visitBeside(ctx, j, 1)
	if errors.Is(err, errDied) {
		got, err = b.visitBeside(ctx, j, b.cfg.Tabs)
	}
	if errors.Is(err, errDied) {
		err = fault.Wrap(fault.Unavailable, err, "the browser crashed on %s; render=http reads it without", security.LogURL(j.url.String()))
	}
	return got, err
}

// visitBeside does a job that takes so many tabs.
func (b *Browser) visitBeside(ctx context.Context, j job, tabs int) (outcome, error) {
	place, err := b.client.hosts.enter(ctx, j.url, j.request.Delay)
	if err != nil {
		return outcome{}, explain(ctx, j.url, err)
	}
	defer place.leave()
	if err := b.tabs.Acquire(ctx, int64(tabs)); err != nil {
		return outcome{}, explain(ctx, j.url, err)
	}
	defer b.tabs.Release(int64(tabs))
	c, err := b.enter(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer b.leave()
	got, err := c.visit(ctx, j, b.limit)
	if err == nil {
		place.heard(got.response.Status)
	}
	return got, err
}

// enter returns a running Chrome, and starts one where none runs.
func (b *Browser) enter(ctx context.Context) (*chrome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fault.New(fault.Unavailable, "the browser is closed: the program is ending")
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(fault.Canceled, context.Cause(ctx), "waiting for the browser was canceled")
	}
	if b.chrome != nil && b.chrome.dead() {
		b.log.Warn("the browser has ended by itself; starting another")
		b.chrome.stop()
		b.chrome = nil
	}
	if b.chrome == nil {
		c, err := b.start()
		if err != nil {
			return nil, err
		}
		b.chrome = c
	}
	b.pages++
	return b.chrome, nil
}

func (b *Browser) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages--
	b.idle = time.Now()
}

// Run removes what an earlier run left behind, and stops Chrome where it has had
// nothing to do for a while, until ctx ends. What ctx's end leaves, Close ends.
func (b *Browser) Run(ctx context.Context) error {
	b.sweepProfiles()
	ticker := time.NewTicker(idleLimit / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-ticker.C:
			b.stopIdle(now)
		}
	}
}

// stopIdle stops Chrome if its last page ended idleLimit before now.
func (b *Browser) stopIdle(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.chrome != nil && b.pages == 0 && now.Sub(b.idle) >= idleLimit {
		b.chrome.stop()
		b.chrome = nil
	}
}

// Close ends the pages in hand, Chrome and the proxy, and waits for them. The
// browser is Unavailable from then on.
func (b *Browser) Close() {
	b.mu.Lock()
	b.closed = true
	if b.chrome != nil {
		b.chrome.stop()
		b.chrome = nil
	}
	if b.proxy != nil {
		b.proxy.stop()
	}
	b.mu.Unlock()
	b.working.Wait()
}

// Available says whether there is a browser to start: nil, or Unavailable with
// how to get one. It starts nothing.
func (b *Browser) Available() error {
	if b.cfg.RemoteURL.IsSet() {
		return nil
	}
	_, err := findChrome(b.cfg.Path)
	return err
}

// Check starts the browser where it does not run, and returns what it is.
func (b *Browser) Check(ctx context.Context) (detail string, err error) {
	if b.cfg.Path == "" && !b.cfg.RemoteURL.IsSet() && b.Available() != nil {
		return "none, and none is needed: pages are read without scripts; " + howToGetChrome, nil
	}
	c, err := b.enter(ctx)
	if err != nil {
		return "", err
	}
	defer b.leave()
	where := "local"
	if b.cfg.RemoteURL.IsSet() {
		where = "remote"
	}
	sandbox := ""
	if b.cfg.NoSandbox {
		sandbox = ", WITHOUT its sandbox (AXON_CHROME_NO_SANDBOX)"
	}
	return fmt.Sprintf("%s, %s, behind the filtering proxy%s", c.product, where, sandbox), nil
}

func isUnspecified(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsUnspecified()
}

func oneOf(s string, list ...string) bool {
	for _, one := range list {
		if s == one {
			return true
		}
	}
	return false
}

package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	devtools "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// job is what a tab is opened for.
type job struct {
	url     *url.URL
	request Request
	shot    *Shot // nil: the page's HTML is wanted
}

// outcome is what came of it.
type outcome struct {
	response *Response
	picture  Picture // of a shot
}

// errNoPage tells that the URL is no HTML: nothing for a browser.
var errNoPage = errors.New("not a page")

// openLimit bounds the opening of a tab, which takes a tenth of a second where
// the machine has time for it.
const openLimit = 40 * time.Second

// closeLimit bounds the end of a tab. A Chrome that cannot even close one is
// stuck, and is stopped.
const closeLimit = 10 * time.Second

// tab is one page in hand, in a profile of its own.
type tab struct {
	chrome  *chrome
	session *security.ProxySession
	root    context.Context //nolint:containedctx // chromedp keeps the tab in it
	cancel  func()          // ends root and waits until the tab is closed
	ctx     context.Context //nolint:containedctx // root with the limit of the job
	end     func()          // ends ctx; nil before there is a job
	job     job
	target  *chromedp.Target
	frame   cdp.FrameID // the top frame

	wake    chan struct{} // there is something in queue
	loaded  chan struct{}
	stopped chan struct{} // the page was stopped: final is set
	crashed chan struct{}

	mu     sync.Mutex
	queue  []any // events that want an answer
	flying map[network.RequestID]struct{}
	via    []*url.URL // of the top document: asked, redirects, where scripts led
	main   *Response  // headers of the top document
	final  error      // why the page was stopped; errNoPage, errEnough or a fault
	done   [3]bool    // loaded, stopped, crashed are closed
}

// errEnough tells that the page was stopped because its headers say it all.
var errEnough = errors.New("no more is needed")

// visit does a job in a tab of its own.
func (c *chrome) visit(ctx context.Context, j job, limit time.Duration) (outcome, error) {
	t, err := c.take(ctx)
	defer c.give()
	if err != nil {
		return outcome{}, (&tab{chrome: c, job: j, ctx: c.root}).explain(ctx, err)
	}
	c.behind(c.prepare)
	return t.inside(ctx, j, limit, (*tab).perform)
}

// take returns a tab that no page has been in: the one that is being opened, or
// was, while another page was waited for, or a new one. Whatever it returns, give
// follows. It waits no longer than ctx.
func (c *chrome) take(ctx context.Context) (*tab, error) {
	c.mu.Lock()
	c.inHand++
	if opening := c.opening; opening != nil && !c.awaited {
		c.awaited = true
		c.mu.Unlock()
		select {
		case <-opening:
		case <-ctx.Done():
		}
		c.mu.Lock()
		c.awaited = false
	}
	if ctx.Err() != nil {
		c.mu.Unlock()
		return nil, context.Cause(ctx)
	}
	t := c.spare
	c.spare = nil
	c.mu.Unlock()
	if t != nil && t.isCrashed() {
		t.drop()
		t = nil
	}
	if t == nil {
		return c.open(c.proxy.Open())
	}
	return t, nil
}

func (c *chrome) give() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inHand--
}

// prepare opens a tab for the next page, where that stays within the operator's
// number of tabs: a tab takes as long to open as many a page to load, and a page
// is mostly waited for. The first page of a Chrome may be its only one.
func (c *chrome) prepare() {
	c.mu.Lock()
	first := !c.used
	c.used = true
	if first || c.stopping || c.opening != nil || c.spare != nil || c.inHand >= c.browser.cfg.Tabs {
		c.mu.Unlock()
		return
	}
	opening := make(chan struct{})
	c.opening = opening
	c.mu.Unlock()
	t, err := c.open(c.proxy.Open())
	c.mu.Lock()
	c.opening = nil
	close(opening)
	late := c.stopping
	if err == nil && !late {
		c.spare = t
	}
	c.mu.Unlock()
	switch {
	case err != nil: // the next page will say it
		c.browser.log.Debug("open a tab ahead", "error", err)
	case late:
		t.drop()
	}
}

// drop closes a tab that has had no page.
func (t *tab) drop() {
	t.session.Close()
	t.close()
}

// behind runs work that nobody waits for but stop.
func (c *chrome) behind(work func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopping {
		c.working.Go(work)
	}
}

// open makes a profile and a tab in it, and sets what must hold before the
// first request. The session is the tab's from then on.
func (c *chrome) open(session *security.ProxySession) (*tab, error) {
	t := &tab{
		chrome: c, session: session, flying: map[network.RequestID]struct{}{},
		wake: make(chan struct{}, 1), loaded: make(chan struct{}), stopped: make(chan struct{}), crashed: make(chan struct{}),
	}
	t.root, t.cancel = chromedp.NewContext(c.root, chromedp.WithListener(t.hear), chromedp.WithNewBrowserContext(func(p *target.CreateBrowserContextParams) {
		p.ProxyServer, p.ProxyBypassList = "http://"+c.proxy.address, "<-loopback>"
	}))
	// The first call binds the tab's life to its context, so the limit is beside
	// it.
	t.ctx = t.root
	timer := time.AfterFunc(openLimit, func() { t.cancel() })
	err := t.setUp()
	late := !timer.Stop()
	if err != nil {
		t.drop()
		if late && !c.dead() {
			err = fault.Wrap(fault.Timeout, err, "the browser opened no tab in %s: this machine is very busy; try later, or with render=http", openLimit)
		}
		return nil, err
	}
	return t, nil
}

// inside does something in the tab, and ends it. The caller does not wait for
// the end.
func (t *tab) inside(ctx context.Context, j job, limit time.Duration, do func(*tab) (outcome, error)) (outcome, error) {
	limited, end := context.WithTimeout(t.root, limit)
	defer context.AfterFunc(ctx, end)()
	t.mu.Lock()
	t.ctx, t.end, t.job, t.via = limited, end, j, []*url.URL{j.url}
	t.mu.Unlock()
	var answering sync.WaitGroup
	answering.Go(t.answer)
	got, err := do(t)
	err = t.explain(ctx, err)
	end()
	answering.Wait()
	t.session.Close()
	t.chrome.behind(t.close)
	return got, err
}

// close drops the profile, and every page and worker in it at once.
func (t *tab) close() {
	defer t.cancel()
	profile := chromedp.FromContext(t.root).BrowserContextID
	if profile == "" || t.chrome.dead() {
		return
	}
	ctx, cancel := context.WithTimeout(t.chrome.root, closeLimit)
	defer cancel()
	_, err := chromedp.CallBrowser(ctx, target.DisposeBrowserContext, target.DisposeBrowserContextParams{BrowserContextID: profile})
	if errors.Is(err, context.DeadlineExceeded) {
		t.chrome.browser.log.Warn("the browser does not close a page; stopping it")
		t.chrome.kill()
	}
}

// setUp connects the tab and switches on what it needs.
func (t *tab) setUp() error {
	if err := chromedp.Do(t.root); err != nil {
		return err
	}
	c := chromedp.FromContext(t.root)
	t.target, t.frame = c.Target, cdp.FrameID(c.Target.TargetID)
	for _, step := range []func() error{
		command(t, devtools.Enable, devtools.EnableParams{HandleAuthRequests: yes(), Patterns: []*devtools.RequestPattern{
			{URLPattern: "*", RequestStage: devtools.RequestStageRequest},
			{URLPattern: "*", ResourceType: network.ResourceTypeDocument, RequestStage: devtools.RequestStageResponse},
		}}),
		command(t, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: t.chrome.agent}),
		// chromedp follows the tree and the styles, which nothing here needs.
		command(t, css.Disable, cdp.Empty{}),
		command(t, dom.Disable, cdp.Empty{}),
		command(t, log.Disable, cdp.Empty{}),
		func() error {
			_, err := chromedp.CallBrowser(t.root, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
				Behavior: browser.SetDownloadBehaviorBehaviorDeny, BrowserContextID: c.BrowserContextID,
			})
			return err
		},
	} {
		if err := step(); err != nil {
			return fmt.Errorf("set up the tab: %w", err)
		}
	}
	return nil
}

// command binds one command to the tab.
func command[P, R any](t *tab, c cdp.Command[P, R], params P) func() error {
	return func() error {
		_, err := cdp.Call(t.ctx, t.target, c, params)
		return err
	}
}

func yes() *bool { v := true; return &v }

// perform goes to the page, waits until it has settled, and takes what is
// wanted.
func (t *tab) perform() (outcome, error) {
	if s := t.job.shot; s != nil {
		err := command(t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: int64(s.Width), Height: int64(s.Height), DeviceScaleFactor: 1,
		})()
		if err != nil {
			return outcome{}, err
		}
	}
	went, err := cdp.Call(t.ctx, t.target, page.Navigate, page.NavigateParams{URL: t.job.url.String()})
	if final := t.ended(); final != nil {
		return t.settled(final)
	}
	if err != nil {
		return outcome{}, err
	}
	if went.ErrorText != "" && !(t.job.shot != nil && t.response() != nil) {
		return outcome{}, t.unreached(went.ErrorText)
	}
	if err := t.settle(); err != nil {
		return t.settled(err)
	}
	return t.take()
}

// settled makes an outcome of why the page was stopped.
func (t *tab) settled(final error) (outcome, error) {
	if errors.Is(final, errEnough) {
		return outcome{response: t.response()}, nil
	}
	return outcome{}, final
}

// unreached makes a fault of Chrome's own error. What the proxy refused, it can
// tell better.
func (t *tab) unreached(text string) error {
	t.mu.Lock()
	at := t.via[len(t.via)-1]
	t.mu.Unlock()
	if err := t.session.Failure(at.Host); err != nil {
		return err
	}
	if oneOf(text, "net::ERR_INVALID_REDIRECT", "net::ERR_UNSAFE_REDIRECT", "net::ERR_UNSAFE_PORT", "net::ERR_UNKNOWN_URL_SCHEME", "net::ERR_DISALLOWED_URL_SCHEME", "net::ERR_INVALID_URL") {
		// Chrome refuses by itself what the guard would refuse; the caller reads the same.
		t.chrome.browser.log.Warn("blocked", "what", security.LogURL(at.String()), "why", "the browser says "+text)
		return fault.New(fault.URLBlocked, "the address is not public")
	}
	return fault.Errorf(fault.Unavailable, "%s cannot be reached: the browser says %s", security.LogURL(at.String()), clip(strings.TrimPrefix(text, "net::")))
}

// ended returns why the page was stopped, or nil.
func (t *tab) ended() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.final
}

// response returns what the headers of the top document said, or nil.
func (t *tab) response() *Response {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.main
}

// explain makes a fault of what ended a job.
func (t *tab) explain(caller context.Context, err error) error {
	where := security.LogURL(t.job.url.String())
	var known *fault.Error
	switch {
	case err == nil, errors.Is(err, errNoPage), errors.As(err, &known):
		return err
	case caller.Err() != nil:
		return explain(caller, t.job.url, caller.Err())
	case t.isCrashed():
		return fault.Wrap(fault.Unavailable, err, "%s crashed its tab; render=http reads it without", where)
	case t.chrome.dead():
		return fmt.Errorf("%w: %w", errDied, err)
	case errors.Is(t.ctx.Err(), context.DeadlineExceeded):
		return fault.Wrap(fault.Timeout, err, "%s was not done in the browser after %s; render=http reads it without", where, t.chrome.browser.limit)
	}
	return fault.Wrap(fault.Unavailable, err, "the browser failed on %s; render=http reads it without", where)
}

func (t *tab) isCrashed() bool {
	select {
	case <-t.crashed:
		return true
	default:
		return false
	}
}

// evaluate runs an expression in a world of ours within the page, where the
// page's scripts have replaced nothing, and reads its value.
func evaluate[T any](t *tab, expression string, options ...chromedp.EvaluateOption) (T, error) {
	var zero T
	world, err := cdp.Call(t.ctx, t.target, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: t.frame, WorldName: "axon"})
	if err != nil {
		return zero, err
	}
	options = append(options, func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID })
	return chromedp.Evaluate[T](expression, options...)(t.ctx, t.target)
}

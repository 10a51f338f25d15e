package fetch

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// chrome is one running Chrome.
type chrome struct {
	browser *Browser
	proxy   *listening
	product string          // such as Chrome/156.0.8078.108
	agent   string          // User-Agent of its pages
	root    context.Context //nolint:containedctx // chromedp keeps the browser in it
	cancel  func()          // ends it and waits

	mu       sync.Mutex
	stopping bool
	used     bool           // it has had a page
	inHand   int            // tabs with a page
	spare    *tab           // blank, for the next page; nil: there is none
	opening  chan struct{}  // closed when spare is there, or is not to be had; nil: none is being opened
	awaited  bool           // a page waits for that
	working  sync.WaitGroup // what behind runs
}

// dead reports whether Chrome has ended, or was stopped. Its connection ends
// before chromedp ends its context.
func (c *chrome) dead() bool {
	if b := chromedp.FromContext(c.root).Browser; b != nil {
		select {
		case <-b.LostConnection:
			return true
		default:
		}
	}
	return c.root.Err() != nil
}

// stop ends Chrome, and waits for it and for what runs behind.
func (c *chrome) stop() {
	c.mu.Lock()
	c.stopping = true
	spare := c.spare
	c.spare = nil
	c.mu.Unlock()
	if spare != nil {
		spare.drop()
	}
	c.cancel()
	c.working.Wait()
}

// kill ends Chrome at once and waits for nothing; the next page starts another.
func (c *chrome) kill() {
	if process := chromedp.FromContext(c.root).Browser.Process(); process != nil {
		_ = process.Kill() // it may have ended already
	}
}

// listening is the proxy that runs.
type listening struct {
	*security.Proxy
	address string // as Chrome is told it
	ip      string // that it listens on
	stop    func()
}

// start starts Chrome, and the proxy before the first one. b.mu is held, so
// that there is one of each.
func (b *Browser) start() (*chrome, error) {
	if err := b.Available(); err != nil {
		return nil, err
	}
	if b.proxy == nil {
		p, err := b.listen()
		if err != nil {
			return nil, err
		}
		b.proxy = p
		b.sweepProfiles() // this is the first browser of this process
	}
	began := time.Now()
	c, err := b.launch()
	if err != nil {
		return nil, err
	}
	b.log.Info("the browser runs", "product", c.product, "after", time.Since(began).Round(time.Millisecond))
	return c, nil
}

// listen starts the proxy. It runs until Close.
func (b *Browser) listen() (*listening, error) {
	l, err := net.Listen("tcp", b.cfg.ProxyListen)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the browser's proxy cannot listen on %s; AXON_CHROME_PROXY_LISTEN names another address", b.cfg.ProxyListen)
	}
	proxy := security.NewProxy(b.client.guard, b.log)
	ctx, stop := context.WithCancel(context.Background())
	b.working.Go(func() {
		if err := proxy.Run(ctx, l); err != nil {
			b.log.Error("the browser's proxy has ended", "error", err)
		}
	})
	// A name stays a name: a Chrome elsewhere may know it by another address.
	host, _, err := net.SplitHostPort(b.cfg.ProxyListen)
	if err != nil {
		host = "127.0.0.1"
	}
	ip, port, _ := net.SplitHostPort(l.Addr().String())
	return &listening{Proxy: proxy, address: net.JoinHostPort(host, port), ip: ip, stop: stop}, nil
}

// launch connects to a Chrome, its own or another's, and trusts neither before
// the canary is back.
func (b *Browser) launch() (*chrome, error) {
	allocator, allocated, err := b.allocate()
	if err != nil {
		return nil, err
	}
	root, cancel := chromedp.NewContext(allocator, chromedp.WithBrowserOption(
		chromedp.WithBrowserLogf(b.debugf), chromedp.WithBrowserErrorf(b.debugf),
	))
	c := &chrome{browser: b, proxy: b.proxy, root: root, cancel: func() { cancel(); allocated() }}
	// The first call binds the browser's life to its context, so the limit of
	// the start is a timer beside it.
	timer := time.AfterFunc(startLimit, cancel)
	v, err := chromedp.CallBrowser(root, browser.GetVersion, cdp.Empty{})
	late := !timer.Stop()
	if err == nil && late {
		err = context.DeadlineExceeded
	}
	if err != nil {
		c.stop()
		return nil, b.notStarted(err)
	}
	c.product, c.agent = v.Product, agentOf(v.UserAgent, b.client.cfg.UserAgent)
	began := time.Now()
	if err := c.canary(); err != nil {
		c.stop()
		return nil, err
	}
	b.log.Debug("the canaries are back", "after", time.Since(began).Round(time.Millisecond))
	return c, nil
}

// agentOf names Chrome, so that pages are what people see, and us.
func agentOf(chrome, ours string) string {
	return strings.ReplaceAll(chrome, "HeadlessChrome", "Chrome") + " " + ours
}

func (b *Browser) debugf(format string, args ...any) {
	if b.log.Enabled(context.Background(), slog.LevelDebug) {
		b.log.Debug("chromedp: " + fmt.Sprintf(format, args...))
	}
}

func (b *Browser) notStarted(err error) error {
	if b.cfg.RemoteURL.IsSet() {
		return fault.Wrap(fault.Unavailable, err, "the Chrome of AXON_CHROME_REMOTE_URL does not answer; check that it runs and its DevTools port is open to this machine")
	}
	text := err.Error()
	if strings.Contains(text, "No usable sandbox") || strings.Contains(text, "sandbox_host_linux") || strings.Contains(text, "setuid sandbox") {
		return fault.Wrap(fault.Unavailable, err, "Chromium cannot start its sandbox here; allow user namespaces (or install chromium-sandbox), "+
			"or give up that wall with AXON_CHROME_NO_SANDBOX=true")
	}
	b.log.Warn("Chromium does not start", "error", err)
	return fault.Wrap(fault.Unavailable, err, "Chromium does not start; the log shows what it says; AXON_CHROME_PATH names another")
}

// allocate tells how to get at a Chrome: chromedp does it at the first call. The
// function it returns waits until all is gone.
func (b *Browser) allocate() (context.Context, func(), error) {
	if b.cfg.RemoteURL.IsSet() {
		ctx, stop := remote.NewAllocator(context.Background(), b.cfg.RemoteURL.Reveal())
		return ctx, stop, nil
	}
	profile, err := newProfile()
	if err != nil {
		return nil, nil, fault.Wrap(fault.Unavailable, err, "Chromium has no place for its profile: %v", err)
	}
	path, _ := findChrome(b.cfg.Path) // start has found it
	if b.cfg.NoSandbox {
		b.log.Warn("Chromium runs without its sandbox: a page that breaks it has this account's rights", "name", "AXON_CHROME_NO_SANDBOX")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.NoInheritEnv, chromedp.UserDataDir(profile.dir),
		chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { b.confine(cmd, profile.dir) }),
		chromedp.Flag("no-sandbox", b.cfg.NoSandbox), // false, too, is said: chromedp drops the sandbox for root otherwise
	}
	for _, flag := range chromeFlags(b.proxy.address) {
		name, value, valued := strings.Cut(flag, "=")
		if valued {
			options = append(options, chromedp.Flag(name, value))
			continue
		}
		options = append(options, chromedp.Flag(name, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	return ctx, func() {
		stop()
		if err := profile.remove(); err != nil {
			b.log.Warn("the browser's folder stays", "error", err)
		}
	}, nil
}

// confine gives Chromium an environment without our secrets, the profile as its
// home, and the rights of nobody where we are root.
func (b *Browser) confine(cmd *exec.Cmd, profile string) {
	cmd.Env = append(cmd.Env, "HOME="+profile, "TMPDIR="+profile)
	for _, name := range []string{"PATH", "LANG", "LC_ALL", "TZ", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "LD_LIBRARY_PATH", "SystemRoot", "TEMP", "TMP"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	if err := confineProcess(cmd); err != nil {
		b.log.Warn("Chromium cannot be given the rights of nobody, and starts as root, which it may refuse", "error", err)
	}
}

const howToGetChrome = "to have scripts run, install Chromium (Debian: apt-get install chromium-headless-shell), or set AXON_CHROME_PATH or AXON_CHROME_REMOTE_URL"

// findChrome returns the path of the browser to run.
func findChrome(configured string) (string, error) {
	if configured != "" {
		path, err := exec.LookPath(configured)
		if err != nil {
			return "", fault.Wrap(fault.Unavailable, err, "AXON_CHROME_PATH: there is no program %s", configured)
		}
		return path, nil
	}
	for _, name := range chromeNames(runtime.GOOS) {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fault.New(fault.Unavailable, "there is no Chromium on this machine; "+howToGetChrome+"; render=http reads pages without their scripts")
}

// chromeNames are programs in PATH, and paths where systems put them.
func chromeNames(goos string) []string {
	switch goos {
	case "darwin":
		return []string{
			"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium", "chromium",
		}
	case "windows":
		return []string{"chrome.exe", `C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Google\Chrome\Application\chrome.exe`, "chromium.exe"}
	}
	// The headless shell opens a tab in a quarter of the time. Debian's script of
	// that name stays between us and the process, so its program is named.
	return []string{"chrome-headless-shell", "/usr/lib/chromium/chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "/snap/bin/chromium"}
}

package fetch

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestChromeIsConfined looks at the process: its account, its environment, its
// flags, and that no DevTools port is open.
// Rules B2, B6.
func TestChromeIsConfined(t *testing.T) {
	t.Setenv("AXON_MCP_API_KEY", "canary-in-the-environment")
	b := newBrowser(t, ChromeConfig{})
	if _, err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	pid := chromedp.FromContext(b.chrome.root).Browser.Process().Pid
	read := func(name string) string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	flags := read("cmdline")
	for _, flag := range []string{"--remote-debugging-pipe", "--proxy-server=http://127.0.0.1:", "--proxy-bypass-list=<-loopback>"} {
		if !strings.Contains(flags, flag) {
			t.Errorf("%s is not set", flag)
		}
	}
	for _, flag := range []string{"--no-sandbox", "--remote-debugging-port"} {
		if strings.Contains(flags, flag) {
			t.Errorf("%s is set", flag)
		}
	}
	if strings.Contains(read("environ"), "canary-in-the-environment") {
		t.Error("Chromium sees our keys")
	}
	if os.Getuid() != 0 {
		return
	}
	uid, _, err := nobody()
	if err != nil {
		t.Fatal(err)
	}
	if status := read("status"); !strings.Contains(status, fmt.Sprintf("Uid:\t%d\t%d\t%d\t%d", uid, uid, uid, uid)) {
		t.Errorf("Chromium runs as %s", status)
	}
}

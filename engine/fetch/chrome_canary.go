package fetch

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/axon-mcp/axon-mcp/fault"
)

// canaryLimit bounds all probes.
const canaryLimit = 15 * time.Second

// canary shows that Chrome goes through the proxy and nowhere else, before it
// sees the first page. A local Chrome has our flags, but others may have changed
// them; of one elsewhere nothing is known.
func (c *chrome) canary() error {
	t, err := c.open(c.proxy.OpenCanary())
	if err != nil {
		return c.browser.notStarted(err)
	}
	_, err = t.inside(context.Background(), job{url: &url.URL{Scheme: "about", Opaque: "blank"}}, canaryLimit, func(t *tab) (outcome, error) {
		for _, host := range []string{
			c.proxy.address,   // ourselves
			"127.0.0.2:65434", // Chrome's own machine, which it does not proxy by itself
			"169.254.255.254", // link-local, the same
		} {
			if err := t.probe(host); err != nil {
				return outcome{}, err
			}
		}
		return outcome{}, t.probeUDP()
	})
	return err
}

// probe asks for what nobody answers. The proxy must have been asked: it
// remembers what it has refused.
func (t *tab) probe(host string) error {
	_, err := cdp.Call(t.ctx, t.target, page.Navigate, page.NavigateParams{URL: "http://" + host + "/"})
	if t.session.Failure(host) == nil {
		return fault.Wrap(fault.Unavailable, err,
			"Chrome does not send everything through our proxy at %s, or cannot reach it; AXON_CHROME_PROXY_LISTEN must be an address that Chrome reaches, and Chrome must have no proxy settings of its own", t.chrome.proxy.address)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.final, t.main = nil, nil // the refusal has stopped the tab
	return nil
}

// candidatesJS gathers what WebRTC would offer to a peer. Gathering ends by
// itself; the timer is for a server that never answers.
const candidatesJS = `new Promise((resolve) => {
	const found = [], done = () => resolve(found);
	if (!globalThis.RTCPeerConnection) return done();
	const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:%s' }] });
	peer.onicecandidate = (e) => e.candidate ? found.push(e.candidate.candidate) : done();
	peer.createDataChannel('x');
	peer.createOffer().then((o) => peer.setLocalDescription(o)).catch(done);
	setTimeout(done, 1000);
})`

// probeUDP shows that WebRTC sends nothing: its packets would go around any
// proxy.
func (t *tab) probeUDP() error {
	ip := t.chrome.proxy.ip
	trap, err := net.ListenPacket("udp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "cannot listen on %s to test the browser", ip)
	}
	var packets atomic.Int64
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for buf := make([]byte, 64); ; {
			if _, _, err := trap.ReadFrom(buf); err != nil {
				return
			}
			packets.Add(1)
		}
	}()
	candidates, err := evaluate[[]string](t, fmt.Sprintf(candidatesJS, trap.LocalAddr()), chromedp.EvalAwaitPromise)
	_ = trap.Close()
	<-heard
	if err == nil && len(candidates)+int(packets.Load()) > 0 {
		err = fault.New(fault.Unavailable, "Chrome lets WebRTC go around the proxy; start it with "+
			"--force-webrtc-ip-handling-policy=disable_non_proxied_udp --webrtc-ip-handling-policy=disable_non_proxied_udp")
	}
	return err
}

package fetch

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	devtools "github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// mostInHand is how many requests of one page may be open or unanswered; a page
// that makes more is stopped.
const mostInHand = 2048

// hear takes an event of the tab. It runs on chromedp's reading goroutine, so
// what needs a command waits in the queue.
func (t *tab) hear(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *devtools.EventRequestPaused, *devtools.EventAuthRequired, *page.EventJavascriptDialogOpening:
		t.queue = append(t.queue, event)
		select {
		case t.wake <- struct{}{}:
		default:
		}
	case *network.EventRequestWillBeSent:
		if strings.HasPrefix(e.Request.URL, "http") && e.Type != network.ResourceTypeEventSource && e.Type != network.ResourceTypePing {
			t.flying[e.RequestID] = struct{}{}
		}
	case *network.EventLoadingFinished:
		delete(t.flying, e.RequestID)
	case *network.EventLoadingFailed:
		delete(t.flying, e.RequestID)
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			clear(t.flying) // nobody tells the end of what the page before had asked for
		}
	case *page.EventLoadEventFired:
		t.once(0, t.loaded)
	case *inspector.EventTargetCrashed:
		t.once(2, t.crashed)
		if t.end != nil {
			t.end() // what was asked of the page is never answered
		}
	}
	if len(t.queue) > mostInHand || len(t.flying) > mostInHand {
		t.queue = nil
		t.stop(fault.Errorf(fault.TooLarge, "%s makes too many requests for the browser; render=http reads it without", security.LogURL(t.job.url.String())))
	}
}

// once closes a channel at its first call. t.mu is held.
func (t *tab) once(i int, c chan struct{}) {
	if !t.done[i] {
		t.done[i] = true
		close(c)
	}
}

// stop ends the job with why; the first reason counts. t.mu is held.
func (t *tab) stop(why error) {
	if t.final == nil {
		t.final = why
		t.once(1, t.stopped)
	}
}

// answer answers the events that want it until the tab ends.
func (t *tab) answer() {
	challenged := map[devtools.RequestID]bool{}
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-t.wake:
		}
		for event := t.next(); event != nil; event = t.next() {
			var err error
			switch e := event.(type) {
			case *devtools.EventAuthRequired:
				err = t.credentials(e, challenged[e.RequestID])()
				challenged[e.RequestID] = true
			case *devtools.EventRequestPaused:
				err = t.paused(e)()
			case *page.EventJavascriptDialogOpening:
				err = command(t, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: false})()
			}
			if err != nil && t.ctx.Err() == nil { // a request that is gone wants no answer
				t.chrome.browser.log.Debug("answer the browser", "error", err)
			}
		}
	}
}

func (t *tab) next() any {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return nil
	}
	event := t.queue[0]
	t.queue = t.queue[1:]
	return event
}

// credentials gives the session's secret to the proxy, once a request; a site
// gets none (B7).
func (t *tab) credentials(e *devtools.EventAuthRequired, again bool) func() error {
	answer := &devtools.AuthChallengeResponse{Response: devtools.AuthChallengeResponseResponseCancelAuth}
	if e.AuthChallenge.Source == devtools.AuthChallengeSourceProxy && !again {
		answer = &devtools.AuthChallengeResponse{
			Response: devtools.AuthChallengeResponseResponseProvideCredentials, Username: t.session.User, Password: t.session.Password,
		}
	}
	return command(t, devtools.ContinueWithAuth, devtools.ContinueWithAuthParams{RequestID: e.RequestID, AuthChallengeResponse: answer})
}

// paused decides on a request, or on the headers of a document. The proxy
// judges addresses; what is decided here is what it cannot see: schemes, where
// the top document goes, and what is not needed (B5).
func (t *tab) paused(e *devtools.EventRequestPaused) func() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	top := e.ResourceType == network.ResourceTypeDocument && e.FrameID == t.frame
	reason := network.ErrorReason("")
	switch {
	case t.final != nil:
		reason = network.ErrorReasonAborted
	case e.ResponseErrorReason != "":
	case e.ResponseStatusCode == 0:
		reason = t.request(e, top)
	case top:
		reason = t.headers(e)
	}
	if reason == "" {
		return command(t, devtools.ContinueRequest, devtools.ContinueRequestParams{RequestID: e.RequestID})
	}
	return command(t, devtools.FailRequest, devtools.FailRequestParams{RequestID: e.RequestID, ErrorReason: reason})
}

// request returns why a request must not be made, or nothing.
func (t *tab) request(e *devtools.EventRequestPaused, top bool) network.ErrorReason {
	scheme, _, _ := strings.Cut(e.Request.URL, ":")
	switch {
	case !oneOf(scheme, "http", "https", "data", "blob"), top && !oneOf(scheme, "http", "https"):
		t.chrome.browser.log.Warn("the browser was kept from a scheme", "scheme", clip(scheme), "on", security.LogURL(t.job.url.String()))
		return network.ErrorReasonAccessDenied
	case !top:
		if t.job.shot == nil && oneOf(string(e.ResourceType), string(network.ResourceTypeImage), string(network.ResourceTypeMedia), string(network.ResourceTypeFont)) {
			return network.ErrorReasonBlockedByClient // text needs none of them
		}
		return ""
	case e.RedirectedRequestID != "", t.main == nil: // judged with the redirect's headers, or asked for by us
		return ""
	}
	// A script leads on. For a caller that follows redirects itself it is one.
	if t.job.request.NoRedirect {
		t.main = &Response{
			URL: t.job.url.String(), FinalURL: t.main.FinalURL, Status: http.StatusFound, FetchedAt: time.Now().UTC(),
			Header: http.Header{"Location": {e.Request.URL}}, Rendered: true,
		}
		t.stop(errEnough)
		return network.ErrorReasonAborted
	}
	return t.lead(e.Request.URL)
}

// lead takes the top document on to another URL, if the guard lets it.
func (t *tab) lead(to string) network.ErrorReason {
	next, err := t.chrome.browser.client.guard.Redirect(t.via, to)
	if err != nil {
		t.stop(err)
		return network.ErrorReasonAborted
	}
	t.via = append(t.via, next)
	return ""
}

// headers takes what the top document's headers say, and stops where no page
// will follow.
func (t *tab) headers(e *devtools.EventRequestPaused) network.ErrorReason {
	status, header := int(e.ResponseStatusCode), http.Header{}
	for _, entry := range e.ResponseHeaders {
		header.Add(entry.Name, entry.Value)
	}
	at := *t.via[len(t.via)-1]
	if err := t.session.Failure(at.Host); err != nil && status >= 400 && header.Get("Content-Type") == "" {
		t.stop(err) // it is the proxy's answer
		return network.ErrorReasonAborted
	}
	at.Fragment, at.RawFragment = "", ""
	response := &Response{
		URL: t.job.url.String(), FinalURL: at.String(), Status: status, Header: header, FetchedAt: time.Now().UTC(),
		Rendered: true,
	}
	if location, redirects := header["Location"]; redirects && isRedirect(status) { // an empty one, too
		if t.job.request.NoRedirect {
			t.main = response
			t.stop(errEnough)
			return network.ErrorReasonAborted
		}
		return t.lead(location[0])
	}
	t.main = response
	response.MediaType = declaredType(header.Get("Content-Type"), at.Path)
	if why := t.pointless(response, &at); why != nil {
		t.stop(why)
		return network.ErrorReasonAborted
	}
	return ""
}

// pointless returns why the top document need not be waited for, or nil.
func (t *tab) pointless(r *Response, at *url.URL) error {
	html := oneOf(r.MediaType, "", "text/html", "application/xhtml+xml")
	switch {
	case t.job.shot == nil && (r.Status >= 300 || r.Status == http.StatusNoContent):
		return errEnough
	case t.job.shot == nil && (!html || isDownload(r.Header)):
		return errNoPage
	case isDownload(r.Header):
		return fault.Errorf(fault.Unsupported, "%s is sent as a file to keep, which no browser shows; scrape reads it where it is text or a page", security.LogURL(at.String()))
	case t.job.shot != nil && !html && !isText(r.MediaType) && !strings.HasPrefix(r.MediaType, "image/"):
		return unsupported(at, r.MediaType)
	}
	return nil
}

// isDownload tells what a browser stores and does not show (RFC 6266, 4.2).
func isDownload(h http.Header) bool {
	how, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
	return strings.EqualFold(strings.TrimSpace(how), "attachment") ||
		oneOf(bareType(h.Get("Content-Type")), "application/octet-stream", "binary/octet-stream", "application/x-download", "application/force-download")
}

// errCrashed tells that the page's own process ended.
var errCrashed = errors.New("the tab crashed")

// gone returns why there is no page any more, or nil.
func (t *tab) gone() error {
	if err := t.ended(); err != nil {
		return err
	}
	if t.isCrashed() {
		return errCrashed
	}
	return t.ctx.Err()
}

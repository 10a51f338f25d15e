package fetch

import (
	_ "embed" // chrome_take.js
	"fmt"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

const (
	loadWait   = 15 * time.Second // for the load event; what is there then is taken
	settleWait = 5 * time.Second  // after it
	settleStep = 25 * time.Millisecond
	calm       = 4  // steps without a change, with no request open
	calmSparse = 40 // the same, where scripts have shown next to nothing yet
)

// vitals is what is looked at to see whether a page still changes.
type vitals struct {
	State  string `json:"state"`
	Nodes  int    `json:"nodes"`
	Text   int    `json:"text"`
	Sparse bool   `json:"sparse"`
}

// vitalsJS must be cheap: it runs every settleStep.
const vitalsJS = `(() => {
	const b = document.body, text = b ? b.textContent.length : 0;
	return {
		state: document.readyState, nodes: document.getElementsByTagName('*').length, text,
		sparse: document.scripts.length > 0 && (text < 200 || text < 20000 && b.innerText.trim().length < 200),
	};
})()`

// settle waits until the page has loaded, has no request open, and has not
// changed for a moment; or for as long as a page may take.
func (t *tab) settle() error {
	patience := time.NewTimer(loadWait)
	defer patience.Stop()
	select {
	case <-t.loaded:
	case <-t.stopped:
	case <-t.crashed:
	case <-t.ctx.Done():
	case <-patience.C:
	}
	ticker := time.NewTicker(settleStep)
	defer ticker.Stop()
	var last vitals
	end := time.Now().Add(settleWait)
	for same := 0; ; {
		if err := t.gone(); err != nil {
			return err
		}
		now, err := evaluate[vitals](t, vitalsJS)
		switch {
		case err != nil || now != last || t.busy(): // a page that is just being left has no world
			same = 0
		default:
			same++
		}
		last = now
		if same >= calmSparse || same >= calm && (!now.Sparse || t.job.shot != nil) || time.Now().After(end) {
			return t.gone()
		}
		select {
		case <-ticker.C:
		case <-t.stopped:
		case <-t.crashed:
		case <-t.ctx.Done():
		}
	}
}

// busy reports whether a request is open.
func (t *tab) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.flying) > 0
}

// taken is a page as it stands.
type taken struct {
	URL  string `json:"url"`
	Type string `json:"type"`
	Size int    `json:"size"`
	HTML string `json:"html"`
}

//go:embed chrome_take.js
var takeJS string

// take returns what the job wants of the page. The address that it stands at is
// judged once more, whatever scripts have made of it (B8).
func (t *tab) take() (outcome, error) {
	limit := t.chrome.browser.client.cfg.MaxBytes
	if t.job.request.MaxBytes > 0 {
		limit = min(limit, t.job.request.MaxBytes)
	}
	if t.job.shot != nil {
		limit = 0 // the HTML is not needed
	}
	got, err := evaluate[taken](t, fmt.Sprintf("(%s)(%d)", strings.TrimSpace(takeJS), limit))
	if err != nil {
		return outcome{}, err
	}
	at, err := t.chrome.browser.client.guard.ValidateURL(got.URL)
	if err != nil {
		return outcome{}, err
	}
	response := t.response()
	if response == nil {
		return outcome{}, fault.Errorf(fault.Unavailable, "%s gave the browser no answer", t.job.url.Redacted())
	}
	final := *at
	final.Fragment, final.RawFragment = "", ""
	copied := *response
	response = &copied
	response.FinalURL = final.String()
	switch {
	case t.job.shot != nil:
		picture, err := t.picture(*t.job.shot)
		picture.FinalURL, picture.Status = response.FinalURL, response.Status
		return outcome{response: response, picture: picture}, err
	case got.Type != "text/html" && got.Type != "application/xhtml+xml":
		return outcome{}, errNoPage
	case int64(got.Size) > limit || int64(len(got.HTML)) > limit:
		return outcome{}, tooLarge(at, limit)
	}
	response.MediaType, response.Body = "text/html", []byte("<!DOCTYPE html>"+strings.ToValidUTF8(got.HTML, "\uFFFD"))
	return outcome{response: response}, nil
}

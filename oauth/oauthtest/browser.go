package oauthtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Browser is a browser with a person before it. It keeps cookies and follows no
// redirect by itself.
type Browser struct {
	t      testing.TB
	Client *http.Client
}

// NewBrowser returns a browser without cookies. transport may be nil.
func NewBrowser(t testing.TB, transport http.RoundTripper) *Browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t: t, Client: &http.Client{
		Jar: jar, Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is an answer as the person sees it.
type Page struct {
	URL    string
	Status int
	Header http.Header
	Body   string
	Form   url.Values // hidden fields of its form
	Action string
	Boxes  []string // values of its unticked boxes
	Links  []string
}

// Get opens a page.
func (b *Browser) Get(address string) *Page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(request)
}

// Post sends a form.
func (b *Browser) Post(address string, form url.Values) *Page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(request)
}

func (b *Browser) do(request *http.Request) *Page {
	b.t.Helper()
	response, err := b.Client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	page := &Page{URL: request.URL.String(), Status: response.StatusCode, Header: response.Header, Body: string(body), Form: url.Values{}}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		page.read(b.t)
	}
	return page
}

func (p *Page) read(t testing.TB) {
	root, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		attr := make(map[string]string)
		for _, a := range node.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case node.Data == "form":
			p.Action = attr["action"]
		case node.Data == "a":
			p.Links = append(p.Links, attr["href"])
		case node.Data == "input" && attr["type"] == "hidden":
			p.Form.Add(attr["name"], attr["value"])
		case node.Data == "input" && attr["type"] == "checkbox":
			p.Boxes = append(p.Boxes, attr["value"])
		}
	}
}

// Location is where the page redirects to.
func (p *Page) Location(t testing.TB) *url.URL {
	t.Helper()
	u, err := url.Parse(p.Header.Get("Location"))
	if err != nil || p.Header.Get("Location") == "" {
		t.Fatalf("%d at %s redirects to %q: %s", p.Status, p.URL, p.Header.Get("Location"), p.Body)
	}
	return u
}

// Answer sends the consent form that page is, with a decision and ticked boxes.
func (b *Browser) Answer(page *Page, decision string, ticked ...string) *Page {
	b.t.Helper()
	at, err := url.Parse(page.URL)
	if err != nil {
		b.t.Fatal(err)
	}
	action, err := at.Parse(page.Action)
	if err != nil || page.Action == "" {
		b.t.Fatalf("no form: %d %s", page.Status, page.Body)
	}
	form := url.Values{"decision": {decision}}
	for name, values := range page.Form {
		form[name] = slices.Clone(values)
	}
	if len(ticked) > 0 {
		form["also"] = ticked
	}
	return b.Post(action.String(), form)
}

// Authorize plays the person who allows: the consent page, Google, and back to
// the client. It returns where the client gets its answer.
func (b *Browser) Authorize(address string, ticked ...string) *url.URL {
	b.t.Helper()
	page := b.Get(address)
	if page.Status != http.StatusOK {
		b.t.Fatalf("consent page: %d %s", page.Status, page.Body)
	}
	page = b.Answer(page, "allow", ticked...)
	return b.Follow(page)
}

// Follow follows redirects to the answer for the client.
func (b *Browser) Follow(page *Page) *url.URL {
	b.t.Helper()
	for range 5 {
		if page.Status != http.StatusFound && page.Status != http.StatusSeeOther {
			b.t.Fatalf("%s answered %d: %s", page.URL, page.Status, page.Body)
		}
		next := page.Location(b.t)
		if query := next.Query(); query.Has("iss") && (query.Has("code") || query.Has("error")) {
			return next
		}
		page = b.Get(next.String())
	}
	b.t.Fatal(fmt.Errorf("no end of redirects at %s", page.URL))
	return nil
}

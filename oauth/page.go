package oauth

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

//go:embed pages
var pages embed.FS

// view is what a page shows. All of it is text to the template.
type view struct {
	Title string
	Email string // of who is signed in
	*consentView
	*problem
}

// consentView is the question whether a client may have what it asks for.
type consentView struct {
	Client     string // as it calls itself
	ClientHost string // whose document says so; empty: nobody vouches for the name
	Redirect   string // host that gets the code
	// RedirectURI is the whole address, shortened.
	RedirectURI string
	Local       bool // the code goes to a program on the person's own machine
	Server      string
	Asked       []scopeText
	Offered     []scopeText
	Fields      []field
	CSRF        string
	// ActionTargets are where the form may lead, for the page's policy.
	ActionTargets string
}

type scopeText struct{ Name, Text string }

type field struct{ Name, Value string }

// problem is what went wrong, for the person.
type problem struct {
	Title, Text, Hint, Code string
	Back                    string // where the client waits; empty: nowhere
	BackHost                string
	Again                   bool // offers to sign in with another account
}

// BackURL is the link for the template, which would not let the schemes of
// native apps pass. The redirect URI was judged by checkRedirect.
func (p problem) BackURL() template.URL { return template.URL(p.Back) }

// scopeTexts say what each scope lets a client do.
func scopeTexts() []scopeText {
	return []scopeText{
		{security.ScopeRead, "search the index, read its pages, and fetch pages without storing them"},
		{security.ScopeWrite, "store pages in the index, and run crawls and schedules"},
		{security.ScopeAdmin, "delete, clean up, import, export, and control everybody's jobs"},
	}
}

func (s *Server) consentPage(w http.ResponseWriter, r *http.Request, asked *request, query url.Values, csrf string) {
	c := &consentView{
		Client: asked.ClientName, Redirect: hostOf(asked.Redirect), RedirectURI: shortened(asked.Redirect), Server: s.resource, CSRF: csrf,
		Local: isLoopbackRedirect(asked.Redirect), ActionTargets: s.formTargets(asked.Redirect),
	}
	if asked.client.From == "document" {
		c.ClientHost = hostOf(asked.Client)
	}
	held := security.Identity{Scopes: asked.Scopes}
	for _, scope := range scopeTexts() {
		switch {
		case slices.Contains(asked.Scopes, scope.Name):
			c.Asked = append(c.Asked, scope)
		case !held.Can(scope.Name):
			c.Offered = append(c.Offered, scope)
		}
	}
	for _, name := range parameters {
		for _, value := range query[name] {
			c.Fields = append(c.Fields, field{name, value})
		}
	}
	v := view{Title: "Allow access to axon?", consentView: c}
	if who := s.session(r); who != nil && s.permitted(who.Person) == nil {
		v.Email = who.Person.Email
	}
	s.page(w, r, http.StatusOK, "consent", v)
}

// shortened is a redirect URI for people: its host stands beside it whole.
func shortened(uri string) string {
	const most = 120
	if len(uri) > most { // it is ASCII
		return uri[:most] + "…"
	}
	return uri
}

func isLoopbackRedirect(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && isLoopbackName(u.Hostname())
}

// formTargets are where the consent form may lead: here, to Google and to the
// client. Browsers hold the redirects after a form to the policy, too.
func (s *Server) formTargets(redirect string) string {
	return strings.Join([]string{"'self'", sourceOf(s.google.oauth.Endpoint.AuthURL), sourceOf(redirect)}, " ")
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, status int, p problem) {
	s.page(w, r, status, "error", view{Title: p.Title, problem: &p})
}

// busyPage asks to come back later.
func (s *Server) busyPage(w http.ResponseWriter, r *http.Request, status int, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	s.errorPage(w, r, status, problem{
		Title: "Please try again later", Text: "The server cannot answer this now.", Hint: "Wait a little and load the page again.", Code: "temporarily_unavailable",
	})
}

// storePage is for a store that fails or is full: never a way in.
func (s *Server) storePage(w http.ResponseWriter, r *http.Request, err error) {
	s.log.LogAttrs(r.Context(), slog.LevelError, "the store of the sign-ins failed", slog.String("error", fault.MessageOf(err)), slog.Any("cause", err))
	wait := fault.RetryAfter(err)
	if wait == 0 {
		wait = 5 * time.Second
	}
	s.busyPage(w, r, http.StatusServiceUnavailable, wait)
}

// page writes a page: no script, no frame, nothing from elsewhere, kept by no
// cache (G5).
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	t, err := template.ParseFS(pages, "pages/frame.html", "pages/"+name+".html")
	var b bytes.Buffer
	if err == nil {
		err = t.ExecuteTemplate(&b, "frame.html", v)
	}
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelError, "make a page", slog.String("page", name), slog.String("error", err.Error()))
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	targets := "'self'"
	if v.consentView != nil {
		targets = v.ActionTargets
	}
	h := w.Header()
	security.PageHeaders(h, s.secure)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action "+targets+"; base-uri 'none'; frame-ancestors 'none'")
	h.Del("Cross-Origin-Opener-Policy") // a client that opened us in a window waits for its redirect there
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser is gone: nothing to do
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "max-age=3600")
	http.ServeFileFS(w, r, pages, "pages/style.css")
}

package oauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// request is a judged authorization request.
type request struct {
	Client     string   `json:"client"`
	ClientName string   `json:"name"`
	Redirect   string   `json:"redirect"`
	State      string   `json:"state"`
	Challenge  string   `json:"challenge"`
	Resource   string   `json:"resource"`
	Scopes     []string `json:"scopes"`

	client client
}

// refusal is what is wrong with a request. Target is where the client waits for
// the answer; while it is empty nobody may be sent anywhere (G1).
type refusal struct {
	Code, Text string
	Target     string
	State      string
	Trusted    bool // the operator has registered Target
}

func (e *refusal) Error() string { return e.Code + ": " + e.Text }

// parameters of an authorization request, which the consent form repeats.
var parameters = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "resource"}

var challengeChars = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

const maxState = 4_096

// authorize is the page that asks the person.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.refuseRequest(w, r, &refusal{Code: "invalid_request", Text: "the address is malformed"})
		return
	}
	asked := s.judged(w, r, query)
	if asked == nil {
		return
	}
	secret := s.cookie(r, csrfCookie)
	if len(secret) != len(security.NewToken()) {
		secret = security.NewToken()
		s.setCookie(w, csrfCookie, secret, loginLife)
	}
	s.consentPage(w, r, asked, query, csrfField(secret, query))
}

// judged returns the request, or answers and returns nil.
func (s *Server) judged(w http.ResponseWriter, r *http.Request, query url.Values) *request {
	if undo, wait := s.limits.authorize.take(s.address(r), s.now()); undo == nil {
		s.busyPage(w, r, http.StatusTooManyRequests, wait)
		return nil
	}
	asked, err := s.judge(r.Context(), query)
	var wrong *refusal
	switch {
	case err == nil:
		return asked
	case errors.As(err, &wrong):
		s.refuseRequest(w, r, wrong)
	default:
		s.storePage(w, r, err)
	}
	return nil
}

// judge judges a request. It fails with *refusal, or as the store does. Client
// and redirect URI come first: only after them is there anybody to answer.
func (s *Server) judge(ctx context.Context, query url.Values) (*request, error) {
	c, err := s.client(ctx, query.Get("client_id"))
	switch {
	case len(query["client_id"]) != 1 || errors.Is(err, errNoClient):
		return nil, &refusal{Code: "invalid_client", Text: "no client with this client_id is registered here, or its registration has ended"}
	case fault.CodeOf(err) == fault.Invalid:
		return nil, &refusal{Code: "invalid_client", Text: fault.MessageOf(err)}
	case err != nil:
		return nil, err
	}
	redirect := query.Get("redirect_uri")
	if redirect == "" && !query.Has("redirect_uri") && len(c.Redirects) == 1 {
		redirect = c.Redirects[0]
	}
	if len(query["redirect_uri"]) > 1 || !redirectMatches(c.Redirects, redirect) || checkRedirect(redirect, s.cfg.RedirectPolicy) != nil {
		return nil, &refusal{Code: "invalid_request", Text: "the redirect_uri is none of those that the client has registered"}
	}
	refuse := func(code, format string, args ...any) error {
		state := ""
		if list := query["state"]; len(list) == 1 && len(list[0]) <= maxState {
			state = list[0]
		}
		return &refusal{Code: code, Text: fmt.Sprintf(format, args...), Target: redirect, State: state, Trusted: c.From == "configuration"}
	}
	value, err := single(query)
	if err != nil {
		return nil, refuse("invalid_request", "%s", err)
	}
	asked := &request{Client: c.ID, ClientName: c.Name, Redirect: redirect, State: value("state"), Challenge: value("code_challenge"), client: c}
	switch {
	case value("response_type") != "code":
		return nil, refuse("unsupported_response_type", "response_type must be code")
	case len(asked.State) > maxState:
		return nil, refuse("invalid_request", "state is over %d bytes", maxState)
	case asked.Challenge == "":
		return nil, refuse("invalid_request", "code_challenge is missing: PKCE is required")
	case value("code_challenge_method") != "S256":
		return nil, refuse("invalid_request", "code_challenge_method must be S256")
	case !challengeChars.MatchString(asked.Challenge):
		return nil, refuse("invalid_request", "code_challenge is malformed")
	case value("request") != "" || value("request_uri") != "":
		return nil, refuse("request_not_supported", "request objects are not supported")
	case value("response_mode") != "" && value("response_mode") != "query":
		return nil, refuse("invalid_request", "response_mode must be query")
	}
	if asked.Resource, err = s.ownResource(value("resource")); err != nil {
		return nil, refuse("invalid_target", "%s", err)
	}
	asked.Scopes = scopesOf(value("scope"))
	if strings.TrimSpace(value("scope")) == "" {
		asked.Scopes = FirstScopes()
	}
	if len(asked.Scopes) == 0 {
		return nil, refuse("invalid_scope", "the scopes here are axon:read, axon:write and axon:admin")
	}
	return asked, nil
}

// ownResource judges the parameter resource (RFC 8707). Clients that do not
// know it mean this server (Z7); any other is refused. Scheme and host may be
// in upper case (Z6).
func (s *Server) ownResource(raw string) (string, error) {
	if raw == "" {
		return s.resource, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(raw, "#") {
		return "", fmt.Errorf("resource must be %s", s.resource)
	}
	canonical := strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host) + u.EscapedPath()
	if u.RawQuery != "" || u.ForceQuery || (canonical != s.resource && canonical != s.issuer && canonical != s.issuer+"/") {
		return "", fmt.Errorf("resource must be %s", s.resource)
	}
	return s.resource, nil
}

const csrfCookie = "axon_oauth_csrf"

// csrfField is the hidden field of a consent form. Who does not know the
// browser's cookie cannot make it, and it fits this one request.
func csrfField(cookie string, query url.Values) string {
	form := url.Values{}
	for _, name := range parameters {
		form[name] = query[name]
	}
	return hashOf("axon consent\n" + cookie + "\n" + form.Encode())
}

// maxForm bounds the forms that are read.
const maxForm = 64 << 10

// consented is the person's answer.
func (s *Server) consented(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.refuseRequest(w, r, &refusal{Code: "invalid_request", Text: "the form is malformed or too large"})
		return
	}
	form := r.PostForm
	cookie := s.cookie(r, csrfCookie)
	if cookie == "" || len(form["csrf"]) != 1 || !security.SameToken(form.Get("csrf"), csrfField(cookie, form)) {
		s.decide(r.Context(), "refused", slog.String("what", "consent"), slog.String("reason", "the form is not this browser's"))
		s.errorPage(w, r, http.StatusForbidden, problem{
			Title: "This form has expired", Text: "The answer did not come from a page that this browser was shown in the last minutes.",
			Hint: "Begin again in the application. Cookies of this site must be allowed.",
		})
		return
	}
	query := url.Values{}
	for _, name := range parameters {
		if list, given := form[name]; given {
			query[name] = list
		}
	}
	asked := s.judged(w, r, query)
	if asked == nil {
		return
	}
	if form.Get("decision") != "allow" {
		s.decide(r.Context(), "refused", slog.String("what", "consent"), slog.String("client_id", asked.Client), slog.String("reason", "the person said no"))
		s.redirectError(w, asked, "access_denied", "the person did not allow it", http.StatusSeeOther)
		return
	}
	asked.Scopes = widened(asked.Scopes, form["also"])
	s.decide(r.Context(), "consented", slog.String("client_id", asked.Client), slog.String("scopes", strings.Join(asked.Scopes, " ")))
	if who := s.session(r); who != nil && s.permitted(who.Person) == nil {
		s.giveCode(w, r, asked, who.Person, http.StatusSeeOther)
		return
	}
	s.startGoogle(w, r, asked, http.StatusSeeOther)
}

// widened adds the scopes that the person has ticked (RFC 6749, 3.3, lets the
// owner decide; the token's answer names them).
func widened(scopes, ticked []string) []string {
	for _, scope := range scopesOf(strings.Join(ticked, " ")) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// refuseRequest tells what is wrong. RFC 6749, 4.1.2.1, sends the browser to the
// client with the error; RFC 9700, 4.11.2, which updates it, only where the
// person is signed in and the redirect URI is trusted, because a client that an
// attacker has registered would make an open redirector of us (G8). Trusted are
// URIs that the operator has registered and programs on the person's own
// machine; for all others the page has a link.
func (s *Server) refuseRequest(w http.ResponseWriter, r *http.Request, wrong *refusal) {
	s.decide(r.Context(), "refused", slog.String("what", "authorization"), slog.String("client_id", clipped(r.FormValue("client_id"))), slog.String("reason", wrong.Code+": "+wrong.Text))
	p := problem{
		Title: "This sign-in cannot go on", Text: "The application sent a request that axon refuses: " + wrong.Text + ".",
		Hint: "Remove the connection in the application and add it again; its author will want to know the code.", Code: wrong.Code,
	}
	if wrong.Target != "" && (wrong.Trusted || isLoopbackRedirect(wrong.Target)) {
		if who := s.session(r); who != nil && s.permitted(who.Person) == nil {
			status := http.StatusFound
			if r.Method == http.MethodPost {
				status = http.StatusSeeOther
			}
			redirect(w, s.errorTarget(wrong.Target, wrong.State, wrong.Code, wrong.Text), status)
			return
		}
	}
	if wrong.Target != "" {
		p.Back, p.BackHost = s.errorTarget(wrong.Target, wrong.State, wrong.Code, wrong.Text), hostOf(wrong.Target)
	}
	s.errorPage(w, r, http.StatusBadRequest, p)
}

// errorTarget is the redirect URI with an error (RFC 6749, 4.1.2.1; RFC 9207).
func (s *Server) errorTarget(redirect, state, code, text string) string {
	params := url.Values{"error": {code}, "error_description": {text}, "iss": {s.issuer}}
	if state != "" {
		params.Set("state", state)
	}
	return redirectTo(redirect, params)
}

func (s *Server) redirectError(w http.ResponseWriter, asked *request, code, text string, status int) {
	redirect(w, s.errorTarget(asked.Redirect, asked.State, code, text), status)
}

// redirect sends the browser on: 303 after a POST, else 302; never 307, which
// would repeat the form (G8).
func redirect(w http.ResponseWriter, target string, status int) {
	h := w.Header()
	h.Set("Location", target)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
}

// clipped is what a log holds of a text from outside.
func clipped(text string) string {
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}

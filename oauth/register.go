package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Limits of one registration (K7).
const (
	maxRegistration = 16 << 10
	maxRedirects    = 10
)

// registration is what a client says of itself (RFC 7591, 2). What has no
// meaning here is not read.
type registration struct {
	Redirects  []string `json:"redirect_uris"`
	Name       string   `json:"client_name"`
	Method     string   `json:"token_endpoint_auth_method"`
	Grants     []string `json:"grant_types"`
	Responses  []string `json:"response_types"`
	Scope      string   `json:"scope"`
	URI        string   `json:"client_uri"`
	Logo       string   `json:"logo_uri"`
	Terms      string   `json:"tos_uri"`
	Policy     string   `json:"policy_uri"`
	Keys       string   `json:"jwks_uri"`
	AppType    string   `json:"application_type"`
	ChosenID   string   `json:"client_id"`     // ignored: no client chooses its id (K8)
	ChosenWord string   `json:"client_secret"` // nor its secret
}

// registered is our answer (RFC 7591, 3.2.1).
type registered struct {
	ID        string   `json:"client_id"`
	IssuedAt  int64    `json:"client_id_issued_at"`
	Secret    string   `json:"client_secret,omitempty"`
	ExpiresAt *int64   `json:"client_secret_expires_at,omitempty"`
	Name      string   `json:"client_name,omitempty"`
	Redirects []string `json:"redirect_uris"`
	Grants    []string `json:"grant_types"`
	Responses []string `json:"response_types"`
	Method    string   `json:"token_endpoint_auth_method"`
	Scope     string   `json:"scope,omitempty"`
	AppType   string   `json:"application_type,omitempty"`
}

func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	address := s.address(r)
	undo, wait := s.limits.register.take(address, s.now())
	if undo == nil {
		s.decide(r.Context(), "refused", slog.String("what", "registration"), slog.String("address", address), slog.String("reason", "too many from this address"))
		refuse(w, oauthError{Status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Text: "too many registrations from this address; try again later", Retry: wait})
		return
	}
	answered, err := s.tryRegister(r)
	if err != nil {
		undo() // only what succeeds counts
		var known oauthError
		if !errors.As(err, &known) {
			known = s.storeError(r.Context(), err)
			if fault.CodeOf(err) == fault.Busy {
				known.Text = "there are too many clients; try again later"
			}
		}
		s.decide(r.Context(), "refused", slog.String("what", "registration"), slog.String("address", address), slog.String("reason", known.Text))
		refuse(w, known)
		return
	}
	s.decide(r.Context(), "issued", slog.String("what", "client"), slog.String("client_id", answered.ID), slog.String("address", address))
	answer(w, http.StatusCreated, answered)
}

func (s *Server) tryRegister(r *http.Request) (*registered, error) {
	if token := s.cfg.DCRToken; token.IsSet() {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || !token.Equal(strings.TrimSpace(given)) {
			return nil, oauthError{Status: http.StatusUnauthorized, Code: "invalid_token", Text: "registration needs the operator's token (GOOGLE_OAUTH_DCR_TOKEN)"}
		}
	}
	asked, err := readRegistration(r)
	if err != nil {
		return nil, err
	}
	if err := asked.check(s.cfg.RedirectPolicy); err != nil {
		return nil, err
	}
	now := s.now()
	c := client{ID: newClientID(), Name: cleanName(asked.Name), Redirects: asked.Redirects, Method: orDefault(asked.Method, "none"), Created: now, From: "registered"}
	answered := &registered{
		ID: c.ID, IssuedAt: now.Unix(), Name: c.Name, Redirects: c.Redirects, Method: c.Method,
		Grants: []string{"authorization_code", "refresh_token"}, Responses: []string{"code"},
		Scope: strings.Join(scopesOf(asked.Scope), " "), AppType: asked.AppType,
	}
	if c.Method != "none" {
		answered.Secret = security.NewMarkedToken("acs_")
		c.Secret = hashOf(answered.Secret)
		ends := now.Add(clientLife).Unix()
		answered.ExpiresAt = &ends
	}
	return answered, put(r.Context(), s.store, KindClient, c.ID, c, clientTrial)
}

func invalidMetadata(format string, args ...any) error {
	return oauthError{Status: http.StatusBadRequest, Code: "invalid_client_metadata", Text: fmt.Sprintf(format, args...)}
}

func readRegistration(r *http.Request) (*registration, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, invalidMetadata("send application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRegistration+1))
	if err != nil {
		return nil, invalidMetadata("the body did not arrive whole")
	}
	if len(body) > maxRegistration {
		return nil, oauthError{Status: http.StatusRequestEntityTooLarge, Code: "invalid_client_metadata", Text: "the registration is over 16 KiB"}
	}
	var asked registration
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, invalidMetadata("the body is no JSON object of client metadata")
	}
	return &asked, nil
}

func (asked *registration) check(policy string) error {
	if len(asked.Redirects) == 0 || len(asked.Redirects) > maxRedirects {
		return oauthError{Status: http.StatusBadRequest, Code: "invalid_redirect_uri", Text: fmt.Sprintf("give 1 to %d redirect_uris", maxRedirects)}
	}
	for i, uri := range asked.Redirects {
		if err := checkRedirect(uri, policy); err != nil {
			return oauthError{Status: http.StatusBadRequest, Code: "invalid_redirect_uri", Text: fmt.Sprintf("redirect_uris[%d]: %s", i, err)}
		}
	}
	if !slices.Contains([]string{"", "none", "client_secret_post", "client_secret_basic"}, asked.Method) {
		return invalidMetadata("token_endpoint_auth_method must be none, client_secret_post or client_secret_basic")
	}
	if len(asked.Grants) > 0 && !slices.Contains(asked.Grants, "authorization_code") {
		return invalidMetadata("grant_types must hold authorization_code")
	}
	if len(asked.Responses) > 0 && !slices.Contains(asked.Responses, "code") {
		return invalidMetadata("response_types must hold code")
	}
	if !slices.Contains([]string{"", "web", "native"}, asked.AppType) {
		return invalidMetadata("application_type must be web or native")
	}
	for _, raw := range []string{asked.URI, asked.Logo, asked.Terms, asked.Policy, asked.Keys} {
		u, err := url.Parse(raw)
		if raw != "" && (err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "") {
			return invalidMetadata("metadata URLs must be http(s)")
		}
	}
	return nil
}

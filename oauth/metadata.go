package oauth

import (
	"net/http"

	"github.com/axon-mcp/axon-mcp/security"
)

// resourceMetadata says who guards /mcp (RFC 9728; Z1).
type resourceMetadata struct {
	Resource      string   `json:"resource"`
	Servers       []string `json:"authorization_servers"`
	Scopes        []string `json:"scopes_supported"`
	BearerMethods []string `json:"bearer_methods_supported"`
	Name          string   `json:"resource_name"`
}

// FirstScopes are what a client asks for at first (Z8). It asks for more when a
// call is refused for want of it, or the person allows more at once.
func FirstScopes() []string { return []string{security.ScopeRead} }

// ResourceMetadataURL is where a client that was refused reads on.
func (s *Server) ResourceMetadataURL() string {
	return s.issuer + "/.well-known/oauth-protected-resource/mcp"
}

func (s *Server) protectedResource(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, resourceMetadata{
		Resource: s.resource, Servers: []string{s.issuer}, Scopes: FirstScopes(),
		BearerMethods: []string{"header"}, Name: "axon-mcp",
	})
}

// serverMetadata is this server (RFC 8414; Z5).
type serverMetadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Scopes        []string `json:"scopes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	RevokeMethods []string `json:"revocation_endpoint_auth_methods_supported"`
	PKCE          []string `json:"code_challenge_methods_supported"`
	Documents     bool     `json:"client_id_metadata_document_supported"`
	Iss           bool     `json:"authorization_response_iss_parameter_supported"`
	Resources     []string `json:"protected_resources"`
}

func (s *Server) authorizationServer(w http.ResponseWriter, _ *http.Request) {
	methods := []string{"none", "client_secret_post", "client_secret_basic"}
	answer(w, http.StatusOK, serverMetadata{
		Issuer:        s.issuer,
		Authorization: s.issuer + "/oauth/authorize",
		Token:         s.issuer + "/oauth/token",
		Registration:  s.issuer + "/oauth/register",
		Revocation:    s.issuer + "/oauth/revoke",
		Scopes:        []string{security.ScopeRead, security.ScopeWrite, security.ScopeAdmin},
		ResponseTypes: []string{"code"},
		ResponseModes: []string{"query"},
		GrantTypes:    []string{"authorization_code", "refresh_token"},
		AuthMethods:   methods,
		RevokeMethods: methods,
		PKCE:          []string{"S256"},
		Documents:     true,
		Iss:           true,
		Resources:     []string{s.resource},
	})
}

// Package oauth is the authorization server of /mcp. Google says who a person
// is; this package says who may enter, and gives its own opaque tokens, which
// open /mcp and nothing else.
//
// # The flow
//
//	client                  here                                        Google
//	GET /mcp                401, resource_metadata            bearer.go
//	GET /.well-known/…      metadata (RFC 9728, 8414)         metadata.go
//	(POST /oauth/register)  a client id (RFC 7591)            register.go
//	GET /oauth/authorize    the request is judged, a page
//	                        asks the person                   authorize.go
//	POST /oauth/authorize   allowed: state, cookie and        google.go     → sign in
//	                        PKCE of our own
//	GET  …/google/callback  ID token, allow list, pin;        google.go     ← code
//	                        a code for the client             grant.go
//	POST /oauth/token       code → access and refresh token   token.go
//	POST /mcp               Authorization: Bearer atk_…       bearer.go
//
// The person consents before Google is asked: Google remembers that this
// server was allowed once and would skip its own screen for any client that an
// attacker has registered (the confused deputy, rule G4).
//
// # What is stored
//
// Entries of a few kinds (store.go) under the SHA-256 of a secret, with an end.
// The store compares and swaps; all rules stand here, once, for SQLite and Redis:
//
//	code   unused → used, with the grant that it gave        (X1, X3, X4)
//	grant  what a person has given a client; each token of it names it, and none
//	       outlives it. It holds the hashes of the refresh tokens that may come
//	       next, and of the one before them                  (X7, X8)
//	access one access token
//	login  a sign-in under way at Google, one use            (G6)
//	session, client, pin
//
// To revoke is to delete a grant.
//
// A refresh token is rtk_ + the family's secret name + a token: the name finds
// the grant, and proves that whoever sends a token that is no longer good has
// once had a good one. So no retired token needs to be kept, and nobody can end
// a family by guessing.
package oauth

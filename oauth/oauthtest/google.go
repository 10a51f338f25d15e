// Package oauthtest has what tests of the authorization server need: a Google
// that can also lie, a browser with a person before it, and the suite that every
// store passes.
package oauthtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Credentials of the program at the fake Google.
const (
	ClientID     = "axon.apps.googleusercontent.com"
	ClientSecret = "google-secret-of-the-test"
)

// AccessToken and RefreshToken are what Google gives of its own. Nobody may keep
// or use them.
const (
	AccessToken  = "ya29.of-google"
	RefreshToken = "1//refresh-of-google"
)

// Google signs people in as Google does: authorize, token and key endpoints.
type Google struct {
	*httptest.Server

	mu      sync.Mutex
	claims  jwt.MapClaims // of the person who sits before every browser
	deny    bool
	kid     int
	key     *rsa.PrivateKey
	codes   map[string]url.Values
	twist   func(token *jwt.Token) any // changes a token before it is signed; returns the key, or nil
	broken  int                        // status of the token and key endpoints; 0: they work
	asked   []url.Values               // requests to authorize
	keyGets int
	given   int // tokens
	uses    int // requests to any other place
	now     func() time.Time
}

// NewGoogle starts a Google at which Alice is signed in.
func NewGoogle(t testing.TB) *Google {
	t.Helper()
	g := &Google{codes: make(map[string]url.Values), now: time.Now}
	g.SetPerson("1001", "alice@example.com", "example.com")
	g.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", g.authorize)
	mux.HandleFunc("POST /token", g.token)
	mux.HandleFunc("GET /keys", g.keys)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { // userinfo and all the rest of Google
		g.mu.Lock()
		g.uses++
		g.mu.Unlock()
		http.NotFound(w, r)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// SetPerson puts another person before every browser. hd is empty for an
// account of no Workspace.
func (g *Google) SetPerson(sub, email, hd string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claims = jwt.MapClaims{"sub": sub, "email": email, "email_verified": true}
	if hd != "" {
		g.claims["hd"] = hd
	}
}

// SetClaim sets one claim of the person's tokens.
func (g *Google) SetClaim(name string, value any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claims[name] = value
}

// SetClock gives Google another time.
func (g *Google) SetClock(now func() time.Time) { g.mu.Lock(); g.now = now; g.mu.Unlock() }

// Deny makes the person say no.
func (g *Google) Deny(deny bool) { g.mu.Lock(); g.deny = deny; g.mu.Unlock() }

// Twist makes Google lie: change alters each token before it is signed, and may
// return another key to sign with.
func (g *Google) Twist(change func(*jwt.Token) any) { g.mu.Lock(); g.twist = change; g.mu.Unlock() }

// Break lets the token and key endpoints answer with a status; 0 mends them.
func (g *Google) Break(status int) { g.mu.Lock(); g.broken = status; g.mu.Unlock() }

// Rotate replaces the signing key: the one before is published no more.
func (g *Google) Rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.key = key
	g.kid++
}

// Asked returns the requests that browsers came with.
func (g *Google) Asked() []url.Values {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]url.Values(nil), g.asked...)
}

// KeyGets counts how often the keys were read.
func (g *Google) KeyGets() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.keyGets
}

// TokenGets counts how often tokens were given, and Uses how often anything but
// the three endpoints was asked for.
func (g *Google) TokenGets() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.given
}

// Uses: see TokenGets.
func (g *Google) Uses() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.uses
}

func (g *Google) authorize(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	query := r.URL.Query()
	g.asked = append(g.asked, query)
	if query.Get("client_id") != ClientID || query.Get("response_type") != "code" || query.Get("code_challenge_method") != "S256" || query.Get("nonce") == "" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {query.Get("state")}}
	if g.deny {
		back.Set("error", "access_denied")
	} else {
		code := rand.Text()
		g.codes[code] = query
		back.Set("code", code)
		back.Set("scope", query.Get("scope"))
	}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (g *Google) token(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken != 0 {
		w.WriteHeader(g.broken)
		return
	}
	asked, known := g.codes[r.FormValue("code")]
	delete(g.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !known || r.FormValue("client_id") != ClientID || r.FormValue("client_secret") != ClientSecret ||
		r.FormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	g.given++
	raw, err := g.sign(asked.Get("nonce"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": AccessToken, "refresh_token": RefreshToken, "token_type": "Bearer", "expires_in": 3600, "id_token": raw,
	})
}

// sign makes the person's ID token. The caller holds the lock.
func (g *Google) sign(nonce string) (string, error) {
	now := g.now()
	claims := jwt.MapClaims{
		"iss": "https://accounts.google.com", "aud": ClientID, "azp": ClientID, "nonce": nonce,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, value := range g.claims {
		claims[name] = value
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = fmt.Sprintf("key-%d", g.kid)
	var key any = g.key
	if g.twist != nil {
		if other := g.twist(token); other != nil {
			key = other
		}
	}
	return token.SignedString(key)
}

func (g *Google) keys(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keyGets++
	if g.broken != 0 {
		w.WriteHeader(g.broken)
		return
	}
	encode := base64.RawURLEncoding.EncodeToString
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=20000")
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": fmt.Sprintf("key-%d", g.kid),
		"n": encode(g.key.N.Bytes()), "e": encode(big.NewInt(int64(g.key.E)).Bytes()),
	}}})
}

// PublicKey is the key that tokens are signed for.
func (g *Google) PublicKey() *rsa.PublicKey {
	g.mu.Lock()
	defer g.mu.Unlock()
	return &g.key.PublicKey
}

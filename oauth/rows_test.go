package oauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
	"github.com/axon-mcp/axon-mcp/secret"
)

// Z1: the metadata of the resource, at both places.
func TestZ1ResourceMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		status, m, header := w.send(http.MethodGet, path, "", "", nil)
		if status != http.StatusOK || m["resource"] != w.url+"/mcp" || fmt.Sprint(m["authorization_servers"]) != "["+w.url+"]" ||
			fmt.Sprint(m["bearer_methods_supported"]) != "[header]" || fmt.Sprint(m["scopes_supported"]) != "[axon:read]" {
			t.Errorf("%s: %d %v", path, status, m)
		}
		if header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: no CORS (G9)", path)
		}
	}
}

// Z4: a token of another resource opens nothing here.
func TestZ4Audience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access, _ := w.tokens()
	other := newWorld(t, func(_ *oauth.Config, o *world) { o.store = w.store })
	if !w.opens(access) || other.opens(access) {
		t.Errorf("opens %v here, %v at another resource", w.opens(access), other.opens(access))
	}
}

// Z5: the metadata of the server.
func TestZ5ServerMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"} {
		status, m, _ := w.send(http.MethodGet, path, "", "", http.Header{"Host": {"evil.example"}})
		if status != http.StatusOK || m["issuer"] != w.url {
			t.Errorf("%s: %d issuer %v", path, status, m["issuer"])
		}
		for name, want := range map[string]string{
			"code_challenge_methods_supported": "[S256]", "response_types_supported": "[code]",
			"grant_types_supported": "[authorization_code refresh_token]", "client_id_metadata_document_supported": "true",
			"authorization_response_iss_parameter_supported": "true",
			"token_endpoint_auth_methods_supported":          "[none client_secret_post client_secret_basic]",
			"authorization_endpoint":                         w.url + "/oauth/authorize", "token_endpoint": w.url + "/oauth/token",
			"registration_endpoint": w.url + "/oauth/register", "revocation_endpoint": w.url + "/oauth/revoke",
		} {
			if fmt.Sprint(m[name]) != want {
				t.Errorf("%s: %s is %v, want %s", path, name, m[name], want)
			}
		}
	}
}

// Z6, Z7: the resource in upper case is ours, none means ours, others are
// refused.
func TestZ6Z7Resource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	upper := strings.Replace(w.url, "http://", "HTTP://", 1) + "/mcp"
	for resource, want := range map[string]int{
		"": 200, w.url + "/mcp": 200, upper: 200, w.url + "/mcp-other": 400, w.url + "/mcp#x": 400, w.url + "/mcp?x=1": 400,
		"/mcp": 400, "https://other.example/mcp": 400, w.url + "/MCP": 400,
	} {
		page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("resource", resource))
		if page.Status != want || (want == 400) != strings.Contains(page.Body, "invalid_target") {
			t.Errorf("%q: %d", resource, page.Status)
		}
	}
}

// Z8: without a wish, a client gets the least.
func TestZ8FirstScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for asked, want := range map[string]string{"": "axon:read", "axon:write openid": "axon:write", "axon:read axon:admin": "axon:read axon:admin"} {
		if _, answer, _ := w.exchange(w.code("scope", asked)); answer["scope"] != want {
			t.Errorf("%q: %v, want %q", asked, answer["scope"], want)
		}
	}
	if page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("scope", "openid profile")); page.Status != http.StatusBadRequest {
		t.Errorf("scopes of others: %d", page.Status)
	}
}

const documentURL = "https://client.example/oauth/client.json"

func goodDocument() string {
	return `{"client_id":"` + documentURL + `","client_name":"Document client","redirect_uris":["` + callback + `"]}`
}

func document(status int, kind, body string) *oauth.Document {
	return &oauth.Document{Status: status, Header: http.Header{"Content-Type": {kind}, "Cache-Control": {"max-age=60"}}, Body: []byte(body)}
}

// K1: a client metadata document, good and bad.
func TestK1Documents(t *testing.T) {
	t.Parallel()
	good := goodDocument()
	with := func(old, new string) *oauth.Document {
		return document(200, "application/json", strings.Replace(good, old, new, 1))
	}
	for name, one := range map[string]struct {
		id   string
		doc  *oauth.Document
		want int
	}{
		"good":            {documentURL, document(200, "application/json; charset=utf-8", good), 200},
		"redirect":        {documentURL, document(302, "application/json", good), 400},
		"not found":       {documentURL, document(404, "application/json", good), 400},
		"html":            {documentURL, document(200, "text/html", good), 400},
		"other id":        {documentURL, with(documentURL, documentURL+"x"), 400},
		"no name":         {documentURL, with("Document client", ""), 400},
		"no redirects":    {documentURL, with(`"`+callback+`"`, ""), 400},
		"other redirect":  {documentURL, with(callback, "https://other.example/cb"), 400},
		"secret":          {documentURL, with(`"client_name"`, `"client_secret":"x","client_name"`), 400},
		"symmetric":       {documentURL, with(`"client_name"`, `"token_endpoint_auth_method":"client_secret_post","client_name"`), 400},
		"over 5 KB":       {documentURL, with("Document client", strings.Repeat("x", 6<<10)), 400},
		"malformed":       {documentURL, document(200, "application/json", "{"), 400},
		"http":            {"http://client.example/x.json", document(200, "application/json", good), 400},
		"no path":         {"https://client.example", document(200, "application/json", good), 400},
		"dots":            {"https://client.example/a/../x.json", document(200, "application/json", good), 400},
		"user":            {"https://u:p@client.example/x.json", document(200, "application/json", good), 400},
		"fragment":        {documentURL + "#x", document(200, "application/json", good), 400},
		"query":           {documentURL + "?x", document(200, "application/json", good), 400},
		"javascript only": {documentURL, with(callback, "javascript:alert(1)"), 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fetcher.docs[one.id] = one.doc
			page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("client_id", one.id))
			if page.Status != one.want || page.Header.Get("Location") != "" {
				t.Errorf("%d, want %d: %s", page.Status, one.want, page.Body)
			}
			if one.want == 200 && (!strings.Contains(page.Body, "Document client") || !strings.Contains(page.Body, "client.example")) {
				t.Error("K4: the page does not name the client and its host")
			}
		})
	}
}

// K2: a document at an address that must not be fetched; the guard refuses it
// (the wiring is tested in cmd), and we show nothing of why.
func TestK2DocumentBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.err = errors.New("10.0.0.1 is private")
	page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("client_id", documentURL))
	if page.Status != http.StatusBadRequest || strings.Contains(page.Body, "10.0.0.1") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
}

// K3: good documents are kept for at least an hour, bad ones never.
func TestK3DocumentCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	browser := oauthtest.NewBrowser(t, nil)
	address := w.authorizeURL("client_id", documentURL)
	for range 2 {
		browser.Get(address)
	}
	if w.fetcher.gets != 2 {
		t.Errorf("a failure was kept: %d fetches", w.fetcher.gets)
	}
	w.fetcher.docs[documentURL] = document(200, "application/json", goodDocument())
	for range 3 {
		browser.Get(address)
	}
	if w.fetcher.gets != 3 {
		t.Errorf("the document was not kept: %d fetches", w.fetcher.gets)
	}
	w.clock.pass(61 * time.Minute)
	browser.Get(address)
	if w.fetcher.gets != 4 {
		t.Errorf("the document is kept for ever: %d fetches", w.fetcher.gets)
	}
}

// K4, K5: the page names where the code goes, warns of loopback, and shows no
// picture of the client's.
func TestK4K5ConsentPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, c, _ := w.register(map[string]any{"client_name": "<b>axon\u202e itself</b>", "logo_uri": "https://evil.example/logo.png", "redirect_uris": []string{"https://app.example/cb", callback}})
	browser := oauthtest.NewBrowser(t, nil)
	page := browser.Get(w.authorizeURL("client_id", c["client_id"].(string), "redirect_uri", "https://app.example/cb"))
	if !strings.Contains(page.Body, "app.example") || strings.Contains(page.Body, "your own computer") || strings.Contains(page.Body, "<img") || strings.Contains(page.Body, "evil.example") {
		t.Errorf("page for https: %s", page.Body)
	}
	if strings.Contains(page.Body, "<b>axon") || strings.Contains(page.Body, "\u202e") || strings.Contains(page.Body, "<script") {
		t.Errorf("the client's name is more than text: %s", page.Body)
	}
	if page := browser.Get(w.authorizeURL("client_id", c["client_id"].(string))); !strings.Contains(page.Body, "your own computer") {
		t.Error("no warning for a loopback redirect")
	}
}

// K6, K8: ids are ours; nobody chooses one.
func TestK6K8ClientIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status, c, _ := w.register(map[string]any{"client_id": "https://evil.example/x", "client_secret": "mine", "redirect_uris": []string{callback}})
	id, _ := c["client_id"].(string)
	if status != http.StatusCreated || !strings.HasPrefix(id, "axon-client-") || c["client_secret"] != nil {
		t.Errorf("%d %v", status, c)
	}
}

// K7: what may be registered.
func TestK7Registration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := make([]string, 11)
	for i := range many {
		many[i] = fmt.Sprintf("https://app.example/%d", i)
	}
	for name, one := range map[string]struct {
		metadata any
		code     string
	}{
		"no redirect":    {map[string]any{}, "invalid_redirect_uri"},
		"eleven":         {map[string]any{"redirect_uris": many}, "invalid_redirect_uri"},
		"wrong type":     {map[string]any{"redirect_uris": "x"}, "invalid_client_metadata"},
		"array":          {[]int{1}, "invalid_client_metadata"},
		"method":         {map[string]any{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"},
		"grant":          {map[string]any{"redirect_uris": []string{callback}, "grant_types": []string{"implicit"}}, "invalid_client_metadata"},
		"response":       {map[string]any{"redirect_uris": []string{callback}, "response_types": []string{"token"}}, "invalid_client_metadata"},
		"logo":           {map[string]any{"redirect_uris": []string{callback}, "logo_uri": "javascript:1"}, "invalid_client_metadata"},
		"type":           {map[string]any{"redirect_uris": []string{callback}, "application_type": "toaster"}, "invalid_client_metadata"},
		"over 16 KiB":    {map[string]any{"redirect_uris": []string{callback}, "client_name": strings.Repeat("x", 17<<10)}, "invalid_client_metadata"},
		"one of two":     {map[string]any{"redirect_uris": []string{callback, "data:text/html,x"}}, "invalid_redirect_uri"},
		"http non-local": {map[string]any{"redirect_uris": []string{"http://app.example/cb"}}, "invalid_redirect_uri"},
	} {
		if status, answer, _ := w.register(one.metadata); status < 400 || status >= 500 || answer["error"] != one.code {
			t.Errorf("%s: %d %v, want %s", name, status, answer, one.code)
		}
	}
	for i := range 11 {
		status, _, header := w.register(map[string]any{"redirect_uris": []string{callback, "com.example.app:/cb"}, "application_type": "native"})
		if late := i == 10; late != (status == http.StatusTooManyRequests) || late != (header.Get("Retry-After") != "") {
			t.Errorf("registration %d: %d", i+1, status)
		}
	}
	w.clock.pass(time.Hour)
	if w.client() == "" {
		t.Error("an hour later")
	}
	w.clock.pass(24 * time.Hour) // never used: gone
	if page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL()); page.Status != http.StatusBadRequest {
		t.Errorf("a client that nobody used: %d", page.Status)
	}
}

// K7: with the operator's token, nobody registers without it.
func TestK7RegistrationToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withDCRToken)
	body := `{"redirect_uris":["` + callback + `"]}`
	for token, want := range map[string]int{"": 401, "Bearer wrong": 401, "Bearer the-operators": 201} {
		header := http.Header{}
		if token != "" {
			header.Set("Authorization", token)
		}
		if status, _, _ := w.send(http.MethodPost, "/oauth/register", "application/json", body, header); status != want {
			t.Errorf("%q: %d, want %d", token, status, want)
		}
	}
}

// K1, K8: clients that the operator has registered: they exist without
// registration, keep their id and redirect URIs, and prove who they are where
// they have a secret. A file that is wrong keeps the server from starting.
func TestK1K8FixedClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withFixedClients)
	code := w.code("client_id", fixedID)
	if status, answer, _ := w.exchange(code, "client_id", fixedID); status != http.StatusUnauthorized || answer["error"] != "invalid_client" {
		t.Errorf("without its secret: %d %v", status, answer)
	}
	if status, answer, _ := w.exchange(code, "client_id", fixedID, "client_secret", "wrong"); status != http.StatusUnauthorized || answer["error"] != "invalid_client" {
		t.Errorf("with a wrong secret: %d %v", status, answer)
	}
	status, answer, _ := w.exchange(code, "client_id", fixedID, "client_secret", fixedWord)
	if access, _ := answer["access_token"].(string); status != http.StatusOK || !w.opens(access) {
		t.Errorf("with its secret: %d %v", status, answer)
	}
	if page := oauthtest.NewBrowser(t, nil).Get(w.authorizeURL("client_id", fixedID, "redirect_uri", "https://evil.example/")); page.Status != http.StatusBadRequest || page.Header.Get("Location") != "" {
		t.Errorf("another redirect URI: %d", page.Status)
	}
	for name, one := range map[string]struct{ text, want string }{
		"no array":     {`{}`, "no JSON array"},
		"no id":        {`[{"redirect_uris":["https://a.example/cb"]}]`, "client 1 needs"},
		"an https id":  {`[{"client_id":"https://a.example/x","redirect_uris":["https://a.example/cb"]}]`, "client 1 needs"},
		"no redirects": {`[{"client_id":"a"}]`, "client 1 needs"},
		"bad redirect": {`[{"client_id":"a","redirect_uris":["http://a.example/cb"]}]`, `client a: "http://a.example/cb"`},
		"a wildcard":   {`[{"client_id":"a","redirect_uris":["https://*.example/cb"]}]`, `client a: "https://*.example/cb"`},
		"twice":        {`[{"client_id":"a","redirect_uris":["https://a.example/cb"]},{"client_id":"a","redirect_uris":["https://b.example/cb"]}]`, "client a stands twice"},
		"unknown name": {`[{"client_id":"a","redirect_uri":"https://a.example/cb"}]`, "no JSON array"},
	} {
		cfg := oauth.Config{
			ClientID: "x", ClientSecret: secret.New("y"), AllowedEmails: []string{"a@b.example"}, BrokerIssuer: "https://axon.example",
			ClientsFile: writeClients(t, one.text),
		}
		if _, err := oauth.New(cfg, oauth.Deps{}); err == nil || !strings.Contains(err.Error(), "GOOGLE_OAUTH_CLIENTS") || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// K3: documents are kept as their headers say, from an hour to a week; what
// comes after may be worse, and is judged anew.
func TestK3DocumentCacheBounds(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		control    string
		kept, over time.Duration
	}{
		"no header":   {"", 59 * time.Minute, 61 * time.Minute},
		"too short":   {"max-age=1", 59 * time.Minute, 61 * time.Minute},
		"no-store":    {"no-store, max-age=0", 59 * time.Minute, 61 * time.Minute},
		"malformed":   {"max-age=x", 59 * time.Minute, 61 * time.Minute},
		"negative":    {"max-age=-7200", 59 * time.Minute, 61 * time.Minute},
		"three hours": {"public, Max-Age=10800", 179 * time.Minute, 181 * time.Minute},
		"a year":      {"max-age=31536000", 7*24*time.Hour - time.Minute, 7*24*time.Hour + time.Minute},
		"for ever":    {"max-age=99999999999999999999", 59 * time.Minute, 8 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			doc := document(http.StatusOK, "application/json", goodDocument())
			doc.Header.Set("Cache-Control", one.control)
			w.fetcher.docs[documentURL] = doc
			address := w.authorizeURL("client_id", documentURL)
			browser := oauthtest.NewBrowser(t, nil)
			browser.Get(address)
			w.clock.pass(one.kept)
			if browser.Get(address); w.fetcher.gets != 1 {
				t.Errorf("after %s it was read %d times", one.kept, w.fetcher.gets)
			}
			w.clock.pass(one.over - one.kept)
			if browser.Get(address); w.fetcher.gets != 2 {
				t.Errorf("after %s it was read %d times", one.over, w.fetcher.gets)
			}
		})
	}
}

// K3: a document that has changed asks the person again, by its new name, and
// its old redirect URI is no more; one that has gone bad lets nobody in, though
// the one before was good.
func TestK3DocumentChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fetcher.docs[documentURL] = document(http.StatusOK, "application/json", goodDocument())
	browser := oauthtest.NewBrowser(t, nil)
	address := w.authorizeURL("client_id", documentURL)
	browser.Authorize(address)
	if page := browser.Get(address); !strings.Contains(page.Body, "Document client") || page.Action == "" {
		t.Errorf("a client that was allowed is not asked about again: %d %s", page.Status, page.Body)
	}
	w.fetcher.docs[documentURL] = document(http.StatusOK, "application/json", strings.NewReplacer("Document client", "Another name", callback, "https://new.example/cb").Replace(goodDocument()))
	w.clock.pass(61 * time.Minute)
	if page := browser.Get(address); page.Status != http.StatusBadRequest || page.Header.Get("Location") != "" {
		t.Errorf("the redirect URI before: %d", page.Status)
	}
	if page := browser.Get(w.authorizeURL("client_id", documentURL, "redirect_uri", "https://new.example/cb")); !strings.Contains(page.Body, "Another name") {
		t.Errorf("the new name: %d %s", page.Status, page.Body)
	}
	w.fetcher.docs[documentURL] = document(http.StatusInternalServerError, "application/json", "{}")
	w.clock.pass(61 * time.Minute)
	if page := browser.Get(w.authorizeURL("client_id", documentURL, "redirect_uri", "https://new.example/cb")); page.Status != http.StatusBadRequest {
		t.Errorf("a document that has gone bad: %d", page.Status)
	}
}

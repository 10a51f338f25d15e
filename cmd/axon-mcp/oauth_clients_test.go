package main

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/axon-mcp/axon-mcp/oauth/oauthtest"
)

// outside is a client program of others, with a person and a browser beside it.
type outside struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  *buffer
	ended chan struct{}
}

func startOutside(t testing.TB, env []string, name string, args ...string) *outside {
	t.Helper()
	o := &outside{t: t, cmd: exec.CommandContext(t.Context(), name, args...), said: newBuffer(), ended: make(chan struct{})}
	// BROWSER keeps the programs from opening a real one.
	o.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "BROWSER=/bin/true"}, env...)
	o.cmd.Stdout, o.cmd.Stderr = o.said, o.said
	var err error
	if o.stdin, err = o.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = o.cmd.Wait(); close(o.ended) }() // its exit code is read by finished
	t.Cleanup(func() { _ = o.cmd.Process.Kill(); <-o.ended })
	return o
}

// says waits until the program has said something and returns the submatch.
func (o *outside) says(what string) string {
	o.t.Helper()
	pattern := regexp.MustCompile(what)
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) { // polls another process
		over := false
		select {
		case <-o.ended:
			over = true
		default:
		}
		if found := pattern.FindStringSubmatch(o.said.String()); found != nil {
			return found[len(found)-1]
		}
		if over || time.Since(begun) > time.Minute {
			o.t.Fatalf("%s never says %s:\n%s", o.cmd, what, o.said)
		}
	}
}

// signIn lets Alice allow what the program asks for, and brings the browser back
// to it. port is where the program listens if not where its redirect URI says.
func (o *outside) signIn(s *oauthServer, port string) {
	o.t.Helper()
	address := o.says(regexp.QuoteMeta(s.url) + `/oauth/authorize\?\S+`)
	back := oauthtest.NewBrowser(o.t, nil).Authorize(address)
	if port != "" {
		back.Host = net.JoinHostPort(back.Hostname(), port)
	}
	bring(o.t, back)
}

// bring opens the client's redirect URI.
func bring(t testing.TB, back *url.URL) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, back.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the client answers %d %s, %v", response.StatusCode, body, err)
	}
}

func (o *outside) enter(line string) {
	o.t.Helper()
	if _, err := io.WriteString(o.stdin, line+"\n"); err != nil {
		o.t.Fatal(err)
	}
}

func (o *outside) finished() {
	o.t.Helper()
	<-o.ended
	if code := o.cmd.ProcessState.ExitCode(); code != 0 {
		o.t.Errorf("%s: exit %d\n%s", o.cmd, code, o.said)
	}
}

// node is Node 22 and the folder of the packages that conformance/ pins.
func node(t testing.TB) (program, packages string) {
	t.Helper()
	packages, err := filepath.Abs("../../conformance/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(packages + "/node-linux-*/bin/node") // the pattern is good
	if len(found) == 0 {
		t.Fatal("conformance/node_modules is not there: scripts/setup-test.sh brings it")
	}
	return found[0], packages
}

// Clients that the operator of the test has registered.
const (
	fixedPublic = "the-public-client"
	fixedSecret = "the-confidential-client"
	fixedWord   = "0123456789abcdef-word-of-the-client"
)

// clientsFile registers them, for the callback of each program.
func clientsFile(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clients.json")
	text := fmt.Sprintf(`[{"client_id":%q,"client_name":"Public","redirect_uris":["http://127.0.0.1/callback"]},
		{"client_id":%q,"client_secret":%q,"client_name":"Confidential","redirect_uris":["http://127.0.0.1/callback"]}]`, fixedPublic, fixedSecret, fixedWord)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// publisher serves a client metadata document by https.
type publisher struct {
	*httptest.Server
	asked atomic.Int32
	pem   string // file of its certificate
}

// newPublisher serves the document of a client with a redirect URI.
func newPublisher(t testing.TB, redirect string) *publisher {
	t.Helper()
	p := &publisher{}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"client_id":%q,"client_name":"Published client","redirect_uris":[%q],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"none"}`, p.document(), redirect)
	}))
	t.Cleanup(p.Close)
	p.pem = filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(p.pem, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *publisher) document() string { return p.URL + "/client.json" }

// allowed are the settings with which the program may and can read it.
func (p *publisher) allowed() []string {
	return []string{"SSL_CERT_FILE=" + p.pem, "AXON_ALLOW_HOSTS=" + strings.TrimPrefix(p.URL, "https://")}
}

// TestClientMCPGo signs in with mcp-go's OAuth client, as its example does.
func TestClientMCPGo(t *testing.T) {
	t.Parallel()
	s := newOAuthServer(t)
	answers := make(chan url.Values, 1)
	callback := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { answers <- r.URL.Query() }))
	defer callback.Close()
	c, err := mcpclient.NewOAuthStreamableHttpClient(s.url+"/mcp", mcpclient.OAuthConfig{
		RedirectURI: callback.URL + "/oauth/callback", TokenStore: mcpclient.NewMemoryTokenStore(), PKCEEnabled: true, Scopes: []string{"axon:read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	hello := mcp.InitializeRequest{}
	hello.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	hello.Params.ClientInfo = mcp.Implementation{Name: "mcp-go", Version: "1"}
	begin := func() error {
		if err := c.Start(t.Context()); err != nil {
			return err
		}
		_, err := c.Initialize(t.Context(), hello)
		return err
	}
	err = begin()
	if !mcpclient.IsOAuthAuthorizationRequiredError(err) {
		t.Fatalf("without a token: %v", err)
	}
	authorizeMCPGo(t, mcpclient.GetOAuthHandler(err), answers)
	if err := begin(); err != nil {
		t.Fatal(err)
	}
	call := mcp.CallToolRequest{}
	call.Params.Name = "stats"
	result, err := c.CallTool(t.Context(), call)
	if err != nil || result.IsError || !strings.Contains(fmt.Sprint(result.StructuredContent), "documents") {
		t.Errorf("stats: %+v, %v", result, err)
	}
}

// oauthHandler is what the test needs of mcp-go's.
type oauthHandler interface {
	RegisterClient(ctx context.Context, name string) error
	GetAuthorizationURL(ctx context.Context, state, challenge string) (string, error)
	ProcessAuthorizationResponse(ctx context.Context, code, state, verifier string) error
}

func authorizeMCPGo(t testing.TB, h oauthHandler, answers <-chan url.Values) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(h.RegisterClient(t.Context(), "mcp-go"))
	verifier, err := mcpclient.GenerateCodeVerifier()
	must(err)
	state := rand.Text()
	address, err := h.GetAuthorizationURL(t.Context(), state, mcpclient.GenerateCodeChallenge(verifier))
	must(err)
	bring(t, oauthtest.NewBrowser(t, nil).Authorize(address))
	answer := <-answers
	must(h.ProcessAuthorizationResponse(t.Context(), answer.Get("code"), answer.Get("state"), verifier))
}

// TestClientsOutside signs in with programs of others, unattended, and ends each
// with a tool call.
func TestClientsOutside(t *testing.T) {
	t.Parallel()
	long(t)
	program, packages := node(t)
	example := filepath.Join(packages, "@modelcontextprotocol/sdk/dist/esm/examples/client/simpleOAuthClient.js")
	for name, document := range map[string]bool{"TypeScript SDK's example": false, "TypeScript SDK's example, with a document": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t, "http://localhost:8090/callback")
			s := newOAuthServer(t, p.allowed()...)
			args := []string{"--import", filepath.Join(filepath.Dir(packages), "free-port.mjs"), example, s.url + "/mcp"}
			if document {
				args = append(args, p.document())
			}
			o := startOutside(t, nil, program, args...)
			o.signIn(s, o.says(`callback port: (\d+)`))
			o.says("mcp> ")
			o.enter("call stats {}")
			o.says(`Tool 'stats' result:\s+.*documents`)
			o.enter("quit")
			o.finished()
			if (p.asked.Load() > 0) != document {
				t.Errorf("the document was read %d times", p.asked.Load())
			}
		})
	}
	t.Run("mcp-remote", func(t *testing.T) {
		t.Parallel()
		s := newOAuthServer(t)
		o := startOutside(t, nil, program, filepath.Join(packages, "mcp-remote/dist/proxy.js"), s.url+"/mcp")
		o.signIn(s, "")
		o.enter(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
		o.says(`"id":1`)
		o.enter(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
		o.enter(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"stats","arguments":{}}}`)
		if answer := o.says(`.*"id":2.*`); !strings.Contains(answer, "documents") || strings.Contains(answer, `"isError":true`) {
			t.Errorf("stats: %s", answer)
		}
	})
}

// TestClientGoSDK signs in with the official Go SDK: registered, by a document,
// and as a client that the operator has registered, with a secret and without.
func TestClientGoSDK(t *testing.T) {
	t.Parallel()
	p := newPublisher(t, "http://127.0.0.1/callback")
	s := newOAuthServer(t, append(p.allowed(), "GOOGLE_OAUTH_CLIENTS="+clientsFile(t))...)
	for name, with := range map[string]func(cfg *auth.AuthorizationCodeHandlerConfig){
		"registers itself": func(cfg *auth.AuthorizationCodeHandlerConfig) {
			cfg.DynamicClientRegistrationConfig = &auth.DynamicClientRegistrationConfig{
				Metadata: &oauthex.ClientRegistrationMetadata{RedirectURIs: []string{cfg.RedirectURL}, ClientName: "go-sdk"},
			}
		},
		"document": func(cfg *auth.AuthorizationCodeHandlerConfig) {
			cfg.ClientIDMetadataDocumentConfig = &auth.ClientIDMetadataDocumentConfig{URL: p.document()}
		},
		"public": func(cfg *auth.AuthorizationCodeHandlerConfig) {
			cfg.PreregisteredClient = &oauthex.ClientCredentials{ClientID: fixedPublic}
		},
		"confidential": func(cfg *auth.AuthorizationCodeHandlerConfig) {
			cfg.PreregisteredClient = &oauthex.ClientCredentials{ClientID: fixedSecret, ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: fixedWord}}
		},
	} {
		result, err := callWithGoSDK(t, s, with)
		if err != nil || result.IsError || !strings.Contains(fmt.Sprint(result.StructuredContent), "documents") {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
	if p.asked.Load() != 1 {
		t.Errorf("the document was read %d times", p.asked.Load())
	}
	if _, err := callWithGoSDK(t, s, func(cfg *auth.AuthorizationCodeHandlerConfig) {
		cfg.PreregisteredClient = &oauthex.ClientCredentials{ClientID: fixedSecret, ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: "wrong"}}
	}); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("with a wrong secret: %v", err)
	}
}

// callWithGoSDK connects a client with the settings of with and calls stats.
func callWithGoSDK(t testing.TB, s *oauthServer, with func(*auth.AuthorizationCodeHandlerConfig)) (*sdk.CallToolResult, error) {
	t.Helper()
	cfg := &auth.AuthorizationCodeHandlerConfig{
		RedirectURL: "http://127.0.0.1:61234/callback", // nothing listens: the answer is read off the browser
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			q := oauthtest.NewBrowser(t, nil).Authorize(args.URL).Query()
			return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
		},
	}
	with(cfg)
	handler, err := auth.NewAuthorizationCodeHandler(cfg)
	if err != nil {
		return nil, err
	}
	client := sdk.NewClient(&sdk.Implementation{Name: "go-sdk", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: s.url + "/mcp", OAuthHandler: handler}, nil)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	return session.CallTool(t.Context(), &sdk.CallToolParams{Name: "stats", Arguments: map[string]any{}})
}

// TestConformanceAuthorization runs the authorization-server scenarios of the
// official suite (both, three checks). It uses a public client: given a secret,
// the suite still sends none where the server knows public clients, too, and is
// rightly refused.
func TestConformanceAuthorization(t *testing.T) {
	t.Parallel()
	long(t)
	program, packages := node(t)
	s := newOAuthServer(t, "GOOGLE_OAUTH_CLIENTS="+clientsFile(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	o := startOutside(t, nil, program, filepath.Join(packages, "conformance-0.2/dist/index.js"), "authorization", "--url", s.url, "--client-id", fixedPublic, "--port", port)
	o.says("Callback server started")
	o.signIn(s, "")
	o.finished()
	if said := o.said.String(); !strings.Contains(said, "Total: 3 passed, 0 failed") || strings.Contains(strings.ToLower(said), "skipped") {
		t.Error(said)
	}
}

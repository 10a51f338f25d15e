package oauth

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// client is who asks for tokens in a person's name.
type client struct {
	ID        string    `json:"client_id"`
	Name      string    `json:"client_name"` // as it calls itself, cleaned
	Redirects []string  `json:"redirect_uris"`
	Method    string    `json:"method"`           // none, client_secret_post or client_secret_basic
	Secret    string    `json:"secret,omitempty"` // hash
	Created   time.Time `json:"created"`
	Used      bool      `json:"used"` // a person has let it in
	// From says where it comes from: "registered", "document" or "configuration".
	From string `json:"from"`
}

// errNoClient says that nobody has this client id.
var errNoClient = errors.New("no such client")

// Document is a client metadata document as it came.
type Document struct {
	Status int
	Header http.Header
	Body   []byte
}

// Fetcher fetches one URL from outside through the guard, without following
// redirects, at most max bytes of body. It fails with URLBlocked where the URL
// leads to an address that must not be fetched (K2).
type Fetcher interface {
	FetchDocument(ctx context.Context, url string, max int64) (*Document, error)
}

// client finds a client. It fails with errNoClient, with a fault that says what
// is wrong with its document, or as the store does.
func (s *Server) client(ctx context.Context, id string) (client, error) {
	if c, ok := s.fixed[id]; ok {
		return c, nil
	}
	if strings.HasPrefix(id, "https://") {
		return s.documented(ctx, id)
	}
	if id == "" || len(id) > 200 {
		return client{}, errNoClient
	}
	c, err := get[client](ctx, s.store, KindClient, id)
	if errors.Is(err, ErrNone) {
		return client{}, errNoClient
	}
	if err != nil {
		return client{}, err
	}
	return c.value, nil
}

// keepClient notes that a person has let a registered client in: it lives on,
// as long as a grant can.
func (s *Server) keepClient(ctx context.Context, id string) error {
	c, err := get[client](ctx, s.store, KindClient, id)
	if errors.Is(err, ErrNone) {
		return nil // of a document or the configuration
	}
	if err != nil {
		return err
	}
	used := c.value
	used.Used = true
	_, err = c.swap(ctx, s.store, used, clientLife)
	return err // swapped by another sign-in: the same
}

// Limits of client metadata documents (K1).
const (
	maxDocument  = 5 << 10
	documentTime = 10 * time.Second
	minCache     = time.Hour
	maxCache     = 7 * 24 * time.Hour
	maxCached    = 1_000
)

// documents caches good documents. Failures are never kept (K3).
type documents struct {
	mu   sync.Mutex
	byID map[string]cachedClient
}

type cachedClient struct {
	client
	until time.Time
}

func (d *documents) get(id string, now time.Time) (client, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.byID[id]
	return c.client, ok && now.Before(c.until)
}

func (d *documents) put(c client, until, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byID == nil {
		d.byID = make(map[string]cachedClient)
	}
	for id, old := range d.byID {
		if len(d.byID) >= maxCached || !now.Before(old.until) {
			delete(d.byID, id) // any one may go: it is only a cache
		}
	}
	d.byID[c.ID] = cachedClient{client: c, until: until}
}

// documented is a client whose id is the URL of its metadata.
func (s *Server) documented(ctx context.Context, id string) (client, error) {
	if err := checkDocumentURL(id); err != nil {
		return client{}, fault.Errorf(fault.Invalid, "client_id %s", err)
	}
	if c, ok := s.docs.get(id, s.now()); ok {
		return c, nil
	}
	if s.fetcher == nil {
		return client{}, errNoClient
	}
	ctx, cancel := context.WithTimeout(ctx, documentTime)
	defer cancel()
	doc, err := s.fetcher.FetchDocument(ctx, id, maxDocument)
	if notNow(doc, err) {
		return client{}, fault.Wrap(fault.Invalid, errors.Join(errAway, err), "the server of the client's document %s does not answer now", security.LogURL(id))
	}
	if err != nil {
		return client{}, fault.Wrap(fault.Invalid, err, "the client's document %s could not be read", security.LogURL(id))
	}
	c, err := s.readDocument(id, doc)
	if err != nil {
		return client{}, fault.Errorf(fault.Invalid, "the client's document %s: %s", security.LogURL(id), err)
	}
	c.Created = s.now()
	s.docs.put(c, s.now().Add(cacheTime(doc.Header)), s.now())
	return c, nil
}

// errAway tells that a client's document could not be had for the moment. That
// says nothing of the client, which must not take its tokens for bad.
var errAway = errors.New("the document's server is away")

// notNow reports whether a document could not be had for the moment.
func notNow(doc *Document, err error) bool {
	switch fault.CodeOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Busy:
		return true
	}
	return err == nil && (doc.Status >= http.StatusInternalServerError || doc.Status == http.StatusTooManyRequests)
}

// checkDocumentURL judges a client id that is a URL (K1).
func checkDocumentURL(id string) error {
	u, err := url.Parse(id)
	switch {
	case err != nil || len(id) > 500 || u.Scheme != "https" || !plainHost(u.Hostname()):
		return errors.New("is no https URL")
	case u.User != nil || strings.Contains(id, "#") || strings.Contains(id, "?"):
		return errors.New("must have no user name, query or fragment")
	case strings.Trim(u.Path, "/") == "":
		return errors.New("must have a path")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return errors.New("must have no dot segments")
		}
	}
	return nil
}

// readDocument judges a document (K1): what it must say, and that it can keep
// no secret with us.
func (s *Server) readDocument(id string, doc *Document) (client, error) {
	kind, _, err := mime.ParseMediaType(doc.Header.Get("Content-Type"))
	switch {
	case doc.Status != http.StatusOK:
		return client{}, fmt.Errorf("its server answered %d", doc.Status)
	case err != nil || (kind != "application/json" && !strings.HasSuffix(kind, "+json")):
		return client{}, errors.New("it is not JSON")
	case len(doc.Body) > maxDocument:
		return client{}, errors.New("it is over 5 KB")
	}
	var data struct {
		ID        string          `json:"client_id"`
		Name      string          `json:"client_name"`
		Redirects []string        `json:"redirect_uris"`
		Method    string          `json:"token_endpoint_auth_method"`
		Secret    json.RawMessage `json:"client_secret"`
		Expires   json.RawMessage `json:"client_secret_expires_at"`
	}
	if err := json.Unmarshal(doc.Body, &data); err != nil {
		return client{}, errors.New("it is malformed")
	}
	name := cleanName(data.Name)
	switch {
	case data.ID != id:
		return client{}, errors.New("its client_id is another")
	case name == "":
		return client{}, errors.New("it has no client_name")
	case data.Secret != nil || data.Expires != nil:
		return client{}, errors.New("it holds a client_secret, which a public document cannot")
	case data.Method != "" && data.Method != "none":
		return client{}, errors.New("its token_endpoint_auth_method must be none here")
	}
	c := client{ID: id, Name: name, Method: "none", From: "document"}
	for _, uri := range data.Redirects { // a client may have more than fit here
		if len(c.Redirects) < 20 && checkRedirect(uri, s.cfg.RedirectPolicy) == nil {
			c.Redirects = append(c.Redirects, uri)
		}
	}
	if len(c.Redirects) == 0 {
		return client{}, errors.New("it has no redirect_uri that this server takes")
	}
	return c, nil
}

// cacheTime follows the document's headers within bounds (K3).
func cacheTime(h http.Header) time.Duration {
	for directive := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if strings.EqualFold(name, "max-age") {
			seconds, _ := strconv.Atoi(value) // malformed: the least
			return min(max(time.Duration(min(seconds, 10_000_000))*time.Second, minCache), maxCache)
		}
	}
	return minCache
}

const maxName = 64

// cleanName makes of what a client calls itself something that can stand in a
// line of a page: no controls, nothing invisible, nothing that turns the line.
func cleanName(name string) string {
	var b strings.Builder
	n := 0
	for _, r := range norm.NFC.String(strings.ToValidUTF8(name, "")) {
		if unicode.IsSpace(r) {
			r = ' '
		}
		if n == maxName {
			break
		}
		if unicode.IsPrint(r) && !unicode.In(r, unicode.Cf, unicode.Co, unicode.Variation_Selector) {
			b.WriteRune(r)
			n++
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// newClientID is ours, and cannot be taken for a document's URL or a person
// (K6).
func newClientID() string { return "axon-client-" + rand.Text() }

// readClients reads the clients that the operator has registered.
func readClients(path, policy string) (map[string]client, error) {
	if path == "" {
		return nil, nil
	}
	wrong := func(format string, args ...any) error {
		return fault.Errorf(fault.Invalid, "GOOGLE_OAUTH_CLIENTS: %s: %s", path, fmt.Sprintf(format, args...))
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("cannot be read")
	}
	var rows []struct {
		ID        string   `json:"client_id"`
		Secret    string   `json:"client_secret"`
		Name      string   `json:"client_name"`
		Redirects []string `json:"redirect_uris"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&rows); err != nil {
		return nil, wrong("is no JSON array of clients with client_id, client_secret, client_name and redirect_uris")
	}
	clients := make(map[string]client, len(rows))
	for i, row := range rows {
		if row.ID == "" || strings.HasPrefix(row.ID, "https://") || len(row.Redirects) == 0 {
			return nil, wrong("client %d needs a client_id that is no https URL, and redirect_uris", i+1)
		}
		if _, twice := clients[row.ID]; twice {
			return nil, wrong("client %s stands twice", row.ID)
		}
		for _, uri := range row.Redirects {
			if err := checkRedirect(uri, policy); err != nil {
				return nil, wrong("client %s: %q: %s", row.ID, uri, err)
			}
		}
		c := client{ID: row.ID, Name: orDefault(cleanName(row.Name), row.ID), Redirects: row.Redirects, Method: "none", From: "configuration"}
		if row.Secret != "" {
			c.Method, c.Secret = "client_secret_post", hashOf(row.Secret)
		}
		clients[row.ID] = c
	}
	return clients, nil
}

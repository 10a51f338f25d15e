package web

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/security"
)

// gate names a row of the access table.
type gate int

const (
	gateProbe   gate = iota // /healthz, /readyz
	gatePage                // the page's own files, and its sign-in
	gateRead                // /api, GET
	gateWrite               // /api, POST and DELETE
	gateTicket              // POST /api/ws-ticket, whose answer opens /ws
	gateFile                // /output, /download, /metrics
	gateSocket              // /ws
	gateShell               // /ws/shell
	gatesNumber = int(gateShell) + 1
)

// rule is a row: what opens a gate.
type rule struct {
	free         bool // needs no credential
	anyHost      bool // exempt from the Host rule
	localOnly    bool // whatever the credential, the peer is on this machine
	shellOrigins bool // AXON_SHELL_ALLOWED_ORIGINS in place of AXON_WEB_ALLOWED_ORIGINS

	api, browser, shell bool // tokens that open it
	reads               bool // tokens that only read are known here, and told so (403)
	cookie              bool // a signed-in page opens it
	csrf                bool // and then needs X-CSRF-Token
	ticket              bool // a one-time ticket opens it
	query               bool // the token may stand in ?token=
	dev                 bool // AXON_WEB_ALLOW_INSECURE_DEV lets this machine pass

	open openness // who passes while AXON_WEB_API_TOKEN is unset
}

// openness is who passes while no token is set.
type openness int

const (
	openToNobody openness = iota // 403
	openHere                     // this machine, by the listener's own Origin and Host
	openToAll                    // whoever reaches the listener and passes the Origin and Host rules
)

// table is spec web.md, section 1.
func table() [gatesNumber]rule {
	return [gatesNumber]rule{
		gateProbe:  {free: true, anyHost: true},
		gatePage:   {free: true},
		gateRead:   {api: true, browser: true, cookie: true, dev: true, open: openHere},
		gateWrite:  {api: true, reads: true, cookie: true, csrf: true, dev: true, open: openHere},
		gateTicket: {api: true, reads: true, cookie: true, csrf: true, open: openHere},
		gateFile:   {api: true, browser: true, cookie: true, query: true, dev: true, open: openHere},
		gateSocket: {api: true, ticket: true, query: true, open: openToAll},
		gateShell:  {shell: true, localOnly: true, shellOrigins: true, query: true, dev: true, open: openToNobody},
	}
}

// verdict is what the table says of a request. Status 0 lets it in.
type verdict struct {
	status  int
	message string
	who     security.Identity
}

func refused(status int, message string) verdict { return verdict{status: status, message: message} }

// guard decides who gets in.
type guard struct {
	cfg      Config
	rules    [gatesNumber]rule
	web      origins
	shell    origins
	sessions *sessions
	tickets  *tickets
}

// Messages of refusals. They never repeat what was sent.
const (
	wrongHost   = "this Host is not served here; open the address that axon-mcp serve printed, or set AXON_WEB_PUBLIC_URL or AXON_WEB_ALLOWED_ORIGINS"
	wrongOrigin = "this Origin may not call axon; open the address that axon-mcp serve printed, or set AXON_WEB_ALLOWED_ORIGINS"
	wrongPeer   = "this is for programs on this machine alone, and the request comes from another or was forwarded"
	noToken     = "this needs AXON_WEB_API_TOKEN as Authorization: Bearer or x-api-key"
	ofMCP       = "an atk_ token opens /mcp and nothing here; leave it out"
	onlyReads   = "that token only reads; this needs AXON_WEB_API_TOKEN"
	noCSRF      = "the X-CSRF-Token of GET /api/session is missing or wrong"
)

// judge applies the row of a gate: Host, Origin, peer, credential, in this
// order. It uses up a ticket.
func (g *guard) judge(at gate, r *http.Request) verdict {
	row := g.rules[at]
	list := g.web
	if row.shellOrigins {
		list = g.shell
	}
	host, from, peer := list.host(r), list.origin(r), peerOf(r)
	switch {
	case host == foreign && !row.anyHost:
		return refused(http.StatusForbidden, wrongHost)
	case at == gateShell && !g.cfg.ShellEnabled:
		return refused(http.StatusNotFound, "there is no shell here; AXON_SHELL_ENABLED=true makes one")
	case from == foreign:
		return refused(http.StatusForbidden, wrongOrigin)
	case row.localOnly && !peer.local():
		return refused(http.StatusForbidden, wrongPeer)
	case row.free:
		return verdict{}
	}
	// Who brings a token of /mcp is in the wrong place, also where none is needed.
	strayed := slices.ContainsFunc(tokensOf(r, row.query), isAccessToken)
	if !g.cfg.APIToken.IsSet() {
		if v := g.judgeOpen(row, host == own && from == own, peer); v.status != 0 || !strayed {
			return v
		}
		return refused(http.StatusUnauthorized, ofMCP)
	}
	if who, ok := g.credential(row, r); ok {
		return verdict{who: who}
	}
	if row.dev && g.cfg.InsecureDev && peer.local() && !strayed {
		return verdict{who: operator()}
	}
	return g.judgeRest(row, r)
}

// judgeOpen is the case without AXON_WEB_API_TOKEN.
func (g *guard) judgeOpen(row rule, ours bool, peer peer) verdict {
	switch row.open {
	case openToAll:
		return verdict{who: operator()}
	case openHere:
		switch {
		case !ours:
			return refused(http.StatusForbidden, wrongOrigin)
		case !peer.local() && !g.cfg.AllowOpen:
			return refused(http.StatusForbidden, wrongPeer)
		}
		return verdict{who: operator()}
	}
	return refused(http.StatusForbidden, "this is open to nobody while no token is set; set AXON_WEB_API_TOKEN")
}

// operator is who brings AXON_WEB_API_TOKEN or what stands for it. reader is who
// brings the token that only reads. Both have the same jobs.
func operator() security.Identity {
	return security.Identity{Subject: "web", Scopes: []string{security.ScopeRead, security.ScopeWrite, security.ScopeAdmin}}
}

func reader() security.Identity {
	return security.Identity{Subject: "web", Scopes: []string{security.ScopeRead}}
}

// credential looks for one that opens the row.
func (g *guard) credential(row rule, r *http.Request) (security.Identity, bool) {
	shellToken := g.cfg.ShellToken
	if !shellToken.IsSet() {
		shellToken = g.cfg.APIToken
	}
	for _, token := range tokensOf(r, row.query) {
		switch {
		case isAccessToken(token): // atk_ opens nothing here, whatever is configured
		case row.api && g.cfg.APIToken.Equal(token), row.shell && shellToken.Equal(token):
			return operator(), true
		case row.browser && g.cfg.BrowserToken.Equal(token):
			return reader(), true
		}
	}
	if row.cookie && g.session(row, r) == sessionGood {
		return operator(), true
	}
	return security.Identity{}, false
}

// judgeRest says why nothing opened the row, and tries the ticket last, as that
// is used up.
func (g *guard) judgeRest(row rule, r *http.Request) verdict {
	if row.reads {
		for _, token := range tokensOf(r, false) {
			if g.cfg.BrowserToken.Equal(token) {
				return refused(http.StatusForbidden, onlyReads)
			}
		}
	}
	if row.cookie && g.session(row, r) == sessionWithoutCSRF {
		return refused(http.StatusForbidden, noCSRF)
	}
	if ticket := r.URL.Query().Get("ticket"); row.ticket && ticket != "" {
		switch g.tickets.use(ticket, g.web.caller(r)) {
		case ticketGood:
			return verdict{who: operator()}
		case ticketElsewhere:
			return refused(http.StatusForbidden, "this ticket was given to a page of another origin")
		}
	}
	return refused(http.StatusUnauthorized, noToken)
}

// tokensOf are the tokens that a request brings. More than one Authorization is
// none.
func tokensOf(r *http.Request, query bool) []string {
	var found []string
	if values := r.Header.Values("Authorization"); len(values) == 1 {
		if scheme, token, ok := strings.Cut(values[0], " "); ok && strings.EqualFold(scheme, "Bearer") {
			found = append(found, strings.TrimSpace(token))
		}
	}
	found = append(found, r.Header.Values("X-Api-Key")...)
	if query {
		found = append(found, r.URL.Query()["token"]...)
	}
	if len(found) > 4 {
		found = found[:4] // each costs a hash
	}
	return found
}

// isAccessToken reports whether a token has the mark of the MCP door's.
func isAccessToken(token string) bool { return strings.HasPrefix(token, "atk_") }

// sessionState is what a request's cookie is worth.
type sessionState int

const (
	sessionNone sessionState = iota
	sessionWithoutCSRF
	sessionGood
)

func (g *guard) session(row rule, r *http.Request) sessionState {
	s, ok := g.sessions.of(r)
	switch {
	case !ok:
		return sessionNone
	case row.csrf && !security.SameToken(s.csrf, r.Header.Get("X-Csrf-Token")):
		return sessionWithoutCSRF
	}
	return sessionGood
}

// hashed is what the stores keep of a secret.
type hashed [sha256.Size]byte

package acp

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// keyPrefix marks the key of an agent's session.
const keyPrefix = "axk_"

// Keys are the keys that agents open axon's own MCP door with: one for each
// session, to read alone, from this machine, and dead with the session. Only
// their hashes are kept.
type Keys struct {
	mu      sync.Mutex
	live    map[[32]byte]string // session ids
	blocked map[string][]string // axon's tools that a session must not use
}

// Issue gives a session its key. An older one of the session dies.
func (k *Keys) Issue(session string) string {
	k.Revoke(session)
	key := security.NewMarkedToken(keyPrefix)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.live == nil {
		k.live = make(map[[32]byte]string)
	}
	k.live[security.HashToken(key)] = session
	return key
}

// Block keeps tools of axon from a session, from its next call on.
func (k *Keys) Block(session string, names []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.blocked == nil {
		k.blocked = make(map[string][]string)
	}
	k.blocked[session] = names
}

// Revoke ends the key of a session.
func (k *Keys) Revoke(session string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.blocked, session)
	for hash, of := range k.live {
		if of == session {
			delete(k.live, hash)
		}
	}
}

// Verify says who brings a key, and whether it is one at all. It fails with
// Forbidden where a good key comes from another machine or through a proxy.
func (k *Keys) Verify(token string, r *http.Request) (id security.Identity, known bool, err error) {
	if !security.IsMarkedToken(token, keyPrefix) {
		return security.Identity{}, false, nil
	}
	k.mu.Lock()
	session, live := k.live[security.HashToken(token)]
	blocked := k.blocked[session]
	k.mu.Unlock()
	if !live {
		return security.Identity{}, false, nil
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().WithZone("").IsLoopback() || forwarded(r) {
		return security.Identity{}, true, fault.New(fault.Forbidden, "an agent's key works from this machine alone")
	}
	return security.Identity{Subject: "agent:" + session, Scopes: []string{security.ScopeRead}, Blocked: blocked}, true, nil
}

func forwarded(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if len(r.Header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

package mcp

import (
	"encoding/json"
	"strconv"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// client is what is known of a client: what it said at initialize and what is
// open between us. It lives as long as a session, as a stdio connection, or,
// for a modern request, as that request.
type client struct {
	mu          sync.Mutex
	initialized bool
	info        mcp.Implementation
	caps        mcp.ClientCapabilities
	version     string
	level       mcp.LoggingLevel
	lastAsked   int64
	asked       map[int64]chan *message // our requests that have no response yet
}

// Initialize marks the client as ready (server.ClientSession).
func (c *client) Initialize() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.initialized = true
}

// Initialized reports whether Initialize was called.
func (c *client) Initialized() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.initialized
}

// GetClientInfo returns who the client says it is. Never decide by it.
func (c *client) GetClientInfo() mcp.Implementation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// SetClientInfo keeps who the client says it is.
func (c *client) SetClientInfo(info mcp.Implementation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.info = info
}

// GetClientCapabilities returns what the client can do.
func (c *client) GetClientCapabilities() mcp.ClientCapabilities {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.caps
}

// SetClientCapabilities keeps what the client can do.
func (c *client) SetClientCapabilities(caps mcp.ClientCapabilities) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caps = caps
}

// ProtocolVersion returns what initialize agreed on, or nothing.
func (c *client) ProtocolVersion() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.version
}

// SetProtocolVersion keeps what initialize agreed on.
func (c *client) SetProtocolVersion(version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version = version
}

// SetLogLevel keeps the least level that the client wants. The library asks
// for it where a server declares logging; the product does not.
func (c *client) SetLogLevel(level mcp.LoggingLevel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.level = level
}

// GetLogLevel returns the least level that the client wants.
func (c *client) GetLogLevel() mcp.LoggingLevel {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.level == "" {
		return mcp.LoggingLevelError
	}
	return c.level
}

// expect opens a request of ours and returns its id and where the response
// will come.
func (c *client) expect() (int64, <-chan *message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == nil {
		c.asked = make(map[int64]chan *message)
	}
	c.lastAsked++
	response := make(chan *message, 1)
	c.asked[c.lastAsked] = response
	return c.lastAsked, response
}

func (c *client) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asked, id)
}

// deliver hands a response to whoever waits for it. A response that nobody
// waits for, or waits for no more, is dropped.
func (c *client) deliver(m *message) {
	id, err := strconv.ParseInt(string(m.id), 10, 64)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if response, ok := c.asked[id]; ok {
		delete(c.asked, id)
		response <- m // has room for the one that can come
	}
}

// inflight holds the running requests of one connection or session by their
// ids, for notifications/cancelled. The zero value is ready for use.
type inflight struct {
	mu      sync.Mutex
	running map[string]*exchange
}

// add enters x. A client that uses an id twice at once can cancel only the
// later request.
func (f *inflight) add(x *exchange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running == nil {
		f.running = make(map[string]*exchange)
	}
	f.running[string(x.msg.id)] = x
}

func (f *inflight) remove(x *exchange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[string(x.msg.id)] == x {
		delete(f.running, string(x.msg.id))
	}
}

// withdraw cancels one request on the client's word. Unknown, late and missing
// ids are ignored (2026-07-28, cancellation).
func (f *inflight) withdraw(id json.RawMessage) {
	f.mu.Lock()
	x := f.running[string(id)]
	f.mu.Unlock()
	if x != nil {
		x.withdraw()
	}
}

// busy reports whether anything is running.
func (f *inflight) busy() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.running) > 0
}

// withdrawAll cancels everything that runs.
func (f *inflight) withdrawAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.running {
		x.withdraw()
	}
}

// Package mcp is the MCP door: it shows a [Registry] to clients over stdio and
// over HTTP, in both eras of the protocol at once.
//
// mcp-go knows the protocol's methods, their types and both eras; it answers
// everything but calls of the registry's tools, which go past its dispatcher
// (call.go says why). The transports are ours, because the library's lose
// notifications, read bodies of any size, believe made-up session ids and share
// one cancel table between strangers.
//
//	stdio.go   lines ─┐                          ┌─ catalog.go  what is listed, by the library
//	                  ├─ message.go ─ server.go ─┼─ call.go     one tool call
//	http.go    POST  ─┘  parse       handle      └─ tasks.go    jobs as tasks
//
// One request is one [exchange] (exchange.go). It holds the way back to the
// client (an outlet: the line writer of stdio, or the HTTP response, which
// becomes an event stream with the first message that is not the answer). A
// notification is written before Notify returns, and the answer shuts the
// exchange: nothing is lost and nothing follows the answer.
//
// # Eras
//
// A request whose _meta (or header) names revision 2026-07-28 or later is
// modern: it carries all it needs, no session is read or made, and a client
// that closes the connection has canceled it. Every other request belongs to
// the era of initialize: over HTTP it needs a session (sessions.go), which
// belongs to the caller that made it; a lost connection cancels nothing, the
// notification notifications/cancelled does.
//
// # What HTTP passes, in this order
//
//	guard.go    Host and Origin                        403
//	auth.go     bearer credential → security.Identity  401
//	http.go     method, type, size                     405, 415, 413
//	message.go  JSON-RPC                               400
//	limit.go    calls at once, calls a minute          429
//	sessions.go the caller's own session               404
//
// Errors of tools are results (isError, structuredContent {code, message});
// JSON-RPC errors are only for what is no call of a known tool.
package mcp

// Package web is the browser's listener, by default at 127.0.0.1:49010: the
// page, /ws (tools run in process through the registry), /ws/shell, the files of
// the output root and a JSON API. It shares the registry with the MCP listener
// and no credential.
//
// # Who gets in
//
// auth.go has one table: each route names its gate, each gate what opens it.
// Before it stand the Host rule (DNS rebinding onto an open loopback port) and
// the Origin rule; a request that fails is answered before anything of it is
// read or upgraded.
//
// # One message's way
//
//	frame ─ ws.go decodes, counts ─ execute.go ─ surface.go: mode and flags to a
//	tool and its fields, or a refusal ─ tools.Registry.Call ─ frames out
//
// Nothing that a client sends becomes a command line, a path that is joined or
// a URL that is fetched here: modes and flags are looked up in surface.go, paths
// are opened in an os.Root, URLs go to the tools and their guard.
//
// # One socket
//
// A connection has one reader, one writer and a queue between the executions
// and the writer that is bounded in frames and bytes. Whoever does not read is
// disconnected when it is full. A connection's end cancels its executions, but
// not the jobs that they have started.
package web

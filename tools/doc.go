// Package tools is the registry: it holds every capability of axon-mcp once,
// and every door (MCP, command line, web) reads the same values.
//
// A tool is one file: its input type, its output type, its description, its
// hints, its scope and its run function. [define] makes a non-generic [Tool] of
// them. The schemas come from the Go types; a "rule" tag on a field adds what a
// type cannot say (see schema.go), and no handler ever sees a map.
//
//	Call{Name, Args}
//	  → the tool exists and the view of the door shows it   view.go
//	  → the caller's scope suffices                         registry.go
//	  → the arguments fit the input schema                  check.go
//	  → defaults, decode, run                               tool.go
//	  → the result fits the limit, or its head and a link   result.go
//	  → the value fits the output schema                    tool.go
//	  → Result{Structured, Blocks}, one log line            registry.go
//
// What tools need of the engine is declared here as small interfaces and handed
// in as [Deps]; nothing is started by [New]. Long work runs as jobs: a tool of
// that kind enqueues its whole request, and its job body is in [Registry.Handlers].
//
// Text of pages is untrusted. For a model it stands only inside a frame with a
// random word of this call, one source a block (untrusted.go); in structured
// output it stands bare beside trust: "untrusted".
//
// Whatever deletes shows first what it would delete, and does it only with the
// token that this first look gave (confirm.go).
package tools

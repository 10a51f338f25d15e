// Command axon-mcp reads documentation sites, indexes them and answers over MCP,
// all from one program.
//
// The files, in the order in which a start passes through them:
//
//	main.go      signals and exit codes
//	settings.go  the flags that every command has, and the configuration
//	build.go     the configuration turned into parts, one straight function
//	data.go      the data directory, opened when it is first needed
//	commands.go  the commands, most of them made from the registry of tools
//	flags.go     a tool's fields as flags, and flags as a tool's arguments
//	call.go      one call of a tool at the command line
//	output.go    what people see of a result
//	stdio.go     MCP over stdin and stdout
//	serve.go     MCP over HTTP
//	run.go       the group in which long-lived parts run and stop together
//	connect.go   the configuration of MCP clients
//	demo.go      the main job, shown on a real site
//
// Nothing is opened before it is needed: an MCP client waits for the first
// answer of each server that it starts, and most of them are never asked to
// search.
package main

// Package llm is a client of servers that speak OpenAI's chat completions: most
// model servers do, local ones too. One request, one answer; who calls bounds
// the time by the context, and its end cancels the call at the server.
package llm

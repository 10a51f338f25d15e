// Package security judges URLs and addresses, and dials only what is public.
//
// There are two layers, and both hold for every request, redirect and record:
//
//	text     ValidateURL decides from the text of a URL alone: scheme, name,
//	         literal address, port. No DNS. (url.go, names.go)
//	address  Guard.DialContext judges the host's text again, resolves the name
//	         once, refuses when any record is blocked, dials those same
//	         addresses, and judges the address once more in the dialer's control
//	         hook, right before connect(2). A name that answers otherwise the
//	         second time (DNS rebinding) cannot get past that. (dial.go,
//	         resolve.go, race.go)
//
// What is refused reads the same to the caller whatever the reason; the reason
// goes to the log, in the same call that decides. A blocked address is never
// dialled, so the time that a refusal takes does not tell whether anything
// listens there.
//
// The operator's exceptions (AXON_ALLOW_HOSTS, exceptions.go) skip the rules of
// name, port and range, but neither the rules of syntax nor metadata services.
// With AXON_HTTP_PROXY the same judgement is made here, and the proxy is asked
// for the judged address, never for a name (upstream.go).
//
// Chrome does its own DNS, redirects and sockets. Proxy is what stands between
// it and the network: a forward proxy that dials by the same Guard (proxy.go).
//
// The package also says who is calling (Identity), makes tokens (token.go), and
// holds what headers and log lines may show (header.go).
package security

// Package fetch reads URLs that come from outside, through the guard of package
// security and nothing else.
//
// A Client holds one pooled HTTP/1.1 and 2 transport whose dialer is the
// guard's; the environment's proxy is never used. Redirects are followed here,
// hop by hop, and each hop passes both layers of the guard. Every response has
// limits: of time to its headers and to its end, of header bytes, and of body
// bytes, which are counted after decompression so that a bomb stops at the
// limit. Text comes back as UTF-8. Hosts are treated politely: a few requests at
// once, a pause between them, and both get gentler while the host says that it
// is too much.
//
//	fetch.go    what a caller sees: Client, Request, Response, retries
//	attempt.go  one attempt with its redirects
//	body.go     content encodings under a limit
//	media.go    which types are read, and text to UTF-8
//	hosts.go    politeness
//	explain.go  a transport's errors as faults
package fetch

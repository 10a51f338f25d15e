// Package fetch reads URLs that come from outside, through the guard of package
// security and nothing else.
//
// A Client holds one pooled HTTP/1.1 and 2 transport whose dialer is the
// guard's; the environment's proxy is never used. Every response has limits: of
// time to its headers and to its end, of header bytes, and of body bytes, which
// are counted after decompression so that a bomb stops at the limit. Text comes
// back as UTF-8. Hosts are treated politely: a few requests at once, a pause
// between them, and both get gentler while the host says that it is too much.
package fetch

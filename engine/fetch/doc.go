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
//
// A Browser reads a URL as a person's browser does. It is a Chrome of ours or of
// AXON_CHROME_REMOTE_URL, driven over DevTools, whose every request goes through
// security.Proxy: the proxy judges by the same guard, serves only who shows the
// secret of the page in hand, and is tried by a canary before the first page.
// Each page has a profile of its own.
//
//	chrome.go         what a caller sees: Browser, its life, one more try
//	chrome_start.go   finding, starting or reaching Chrome; the proxy
//	chrome_flags.go   the walls around a local one
//	chrome_canary.go  proof that nothing goes around the proxy
//	chrome_tab.go     one page: profile, tab, navigation, end
//	chrome_events.go  what the page asks for, answered
//	chrome_page.go    when a page has settled; its HTML
//	chrome_shot.go    its picture
package fetch

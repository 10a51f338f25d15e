// Package security judges URLs and addresses, and dials only what is public.
//
// There are two layers, and both hold for every request, redirect and record:
//
//	text     ValidateURL decides from the text of a URL alone: scheme, name,
//	         literal address, port. No DNS.
//	address  Guard.DialContext resolves the name once, refuses when any record
//	         is blocked, dials those same addresses, and judges the address
//	         again in the dialer's control hook, right before connect(2). A
//	         name that answers otherwise the second time (DNS rebinding) cannot
//	         get past that.
//
// What is refused reads the same to the caller whatever the reason; the reason
// goes to the log, in the same call that decides.
//
// The package also says who is calling (Identity).
package security

// Package pagetree builds the tree of an ordinary HTML page, the same, node by
// node, as golang.org/x/net/html.Parse builds, in about a quarter of the time.
//
// It follows x/net's parser rule by rule (and so HTML, 13.2.6, with x/net's
// divergences), but leaves out what ordinary pages do not need: text and elements
// that stand in a table but outside of its cells, frames, SVG with HTML tags in
// it, and a few more. Where a page needs one of them, or would make the open
// elements be searched again and again, Parse declines, and the caller parses the
// page with x/net. So a page never has another tree than it had, and no page takes
// more time here than in proportion to its size.
//
// The time is saved in the tokenizer, which cuts the page into substrings of one
// string where x/net copies each piece, and in allocations: nodes and attributes
// are made by the hundred. A string of the tree therefore keeps the whole page in
// memory: clone what outlives the tree.
//
// The way of a page: token.go cuts it into tokens, entity.go replaces character
// references; mode.go has the rules up to <body> and after it, body.go, adopt.go,
// table.go, template.go and foreign.go the others; open.go is the stack of open
// elements and the list of active formatting elements; tags.go says what is special
// about each tag.
package pagetree

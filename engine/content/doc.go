// Package content turns one fetched resource into a Document: Markdown of the
// main content, links, metadata and chunks, from one parse of the page.
//
// The way of an HTML page: parse (pagetree, or x/net/html for what that declines;
// both read XHTML with an XML declaration too) → metadata and links from the whole
// tree → the main container, by the marks of a known generator, else by structure
// → Markdown, written in one walk → hash. Nothing is fetched and no script runs;
// what a reader would not see (hidden nodes, comments, invisible characters) is
// not in the Markdown.
package content

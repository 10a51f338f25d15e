// Package content turns one fetched resource into a Document: Markdown of the
// main content, links, metadata and chunks, from one parse of the page.
package content

// Package ingest turns sources other than web sites into documents, one file a
// source. A source yields what it has, one piece at a time, in an order that
// does not change; parsing and storing are the caller's.
//
//	files.go    files and folders: Markdown, text, HTML, PDF, source code
//	ignore.go   .gitignore, as far as a folder of text needs it
package ingest

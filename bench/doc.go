// Program bench measures the engine beside its peers, in one run on one
// machine, and writes Markdown to stdout (make bench puts it into
// docs/benchmarks.md). It is a module of its own, so that the peers are no
// dependencies of the product.
//
//	go run .           all benches
//	go run . crawl     some
package main

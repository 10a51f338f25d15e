package main

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// bench is one comparison.
type bench struct {
	name string
	run  func(out io.Writer) error
}

func main() {
	benches := []bench{
		{"memory", benchMemory},
		{"crawl", benchCrawl},
		{"content", benchContent},
		{"search", benchSearch},
		{"retrieval", benchRetrieval},
		{"lookup", benchLookup},
	}
	failed := false
	wanted := os.Args[1:]
	if slices.Contains(wanted, "serve-tree") { // the server of memory
		benches = []bench{{"serve-tree", serveTree}}
	}
	for _, b := range benches {
		if len(wanted) > 0 && !slices.Contains(wanted, b.name) {
			continue
		}
		if err := b.run(os.Stdout); err != nil { // the others are worth having all the same
			fmt.Fprintf(os.Stderr, "bench %s: %v\n", b.name, err)
			fmt.Printf("Not measured (whole) here: %v\n\n", err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

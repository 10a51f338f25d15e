// Package crawl reads one site from its starts to the end, and gives what it
// reads to a Sink.
//
// # The queue
//
// A crawl goes in waves: wave 0 holds the starts, wave n+1 what the pages of
// wave n lead to. Within a wave any number of pages are on their way at once.
// The next wave begins when the last page of this one is settled, and its order
// is by Rank: the place of the page that led to a URL, then the link's place on
// that page. So the queue is that of a breadth-first crawl by one patient
// reader, whatever the timing: the depth of a page is the length of the shortest
// way to it, and what a limit or a trap lets through is the same in every crawl
// of the same site.
//
// The queue lives in a Frontier. Claiming marks nothing; a page is settled,
// together with what it led to, in one transaction after the sink has stored
// it. A kill at any moment leaves each URL either settled or waiting, and the
// job that goes on repeats only the few pages that were on their way. Putting a
// page twice is harmless (Sink), so each is stored exactly once.
//
// # The pipeline
//
//	claim ─→ fetch ─→ parse ─→ store ─→ settle
//	 one     opts.    GOMAX-   four     one, in
//	         Concur-  PROCS             batches
//	         rency
//
// Channels between the stages are short, so that memory depends on them and not
// on the site: the only things that grow with it are rows of the frontier, and a
// few bytes a page for the counting of traps. Links that the frontier has been
// told of are remembered in a table of fixed size (seen), which makes the
// hundreds of links that every page repeats cheap.
//
// # What is followed
//
// Whatever a page, a sitemap, an llms.txt, a redirect, a refresh or a canonical
// link names passes classify: its Key, the scope, the traps that its text gives
// away, the depth, and the guard. Traps that only a count can find are judged
// when a URL is claimed, in the order of the queue. Redirects are not followed
// by the fetcher but queued, so that every URL is asked for once.
//
// # The end
//
// Some things can only be decided when all pages are known, and are, as
// functions of the set of pages (conclude): which failures deserve a second
// try, which canonical links are mistakes, which pages are the same under many
// names, which blocks are the site's boilerplate, and, after a complete crawl,
// which pages of earlier crawls of the same scope are absent. What the next
// crawl of the scope needs to know is kept, the rest of the queue is removed.
package crawl

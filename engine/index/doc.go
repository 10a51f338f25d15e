// Package index takes documents and chunks in and gives hits out.
//
// # What is kept where
//
// SQLite holds the truth: a row a document, its Markdown and the layout of its
// chunks, in one transaction with the record of its words and vectors
// (write.go, record.go). Records of the newest documents, the tail, stay rows
// and are searched from memory (tail.go). A background merge (run.go, merge.go)
// writes them as an immutable segment file of columns, which is mapped and not
// read (segment.go), and makes one of many small ones. A committed row names a
// segment; a file without a row is rubbish of a merge that was killed. What dies
// is a row, too, and counts at once. Everything in a segment can be made again
// from the documents, which Run does where a file is damaged.
//
// A generation number rises with every commit. Each search reads it first and
// takes in what has changed (state.go), so that any number of processes share a
// directory and none sees less than what was committed before it asked.
//
// # A search
//
// The query is analyzed as texts are (analyze.go): stemmed words, and beside
// them whole identifiers with their parts. A filter becomes a set of documents
// before anything is ranked (filter.go), so that it costs no recall.
//
// Beside words there are names (names.go): what a passage defines, by its
// heading, its id, a definition or the title and URL of the page. A query that
// calls a thing by its name puts its definition first, before those that speak of
// it more.
//
// Two legs bring candidates. The keyword leg is BM25 over body, heading path and
// title, window by window, with the bounds of blocks to skip what cannot reach
// the top (keyword.go, postings.go); a phrase in quotes adds the chunks that have
// all its words (phrase.go). The vector leg goes from coarse to fine
// (vectors.go): the distance of the signs, one bit a component, over all chunks;
// int8 codes for the nearest of those; both codes, good to a thousandth of a
// step of int8, for what is left. Vectors of another model than the present one
// take no part, and are made anew in the background.
//
// For every candidate of either leg all signs are looked up (examine.go), and
// weighed on two levels, chunk and page (rank.go): the best chunk of a page
// carries the page's own words, title, mean vector and next best chunks.
// Neighbours are joined to one hit, and the first hits are kept from being of
// one page.
package index

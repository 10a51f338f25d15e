// Package crawltest makes web sites for tests of crawls: small ones of which
// every page, header and change is the test's own, traps without end, and one
// with as many pages as are asked for. Each keeps a log of its requests, which
// is how a test knows what was fetched, and how often.
package crawltest

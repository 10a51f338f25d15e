// Package crawl reads one site from seed to done.
package crawl

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
)

// treePages is the size of the synthetic site.
const treePages = 100_000

// benchMemory crawls a synthetic site of 100,000 pages, served by another
// process, and reports how much memory that took.
func benchMemory(out io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.Command(self, "serve-tree")
	server.Stderr = os.Stderr
	stdout, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }() // it ends no other way
	var address string
	if _, err := fmt.Fscanln(stdout, &address); err != nil {
		return err
	}
	began := time.Now()
	stats, err := crawlOurs(context.Background(), "http://"+address+"/p/0.html", 2*treePages)
	if err != nil {
		return err
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "### crawl: memory\n\nA synthetic site of %d pages: %d read in %.0f s (%.0f pages/s); peak resident set %s (bar: 300 MB).\n\n",
		treePages, stats.Fetched, time.Since(began).Seconds(), stats.PagesPerSecond(), peak)
	return nil
}

// serveTree is the other process.
func serveTree(out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, listener.Addr())
	return (&http.Server{Handler: crawltest.NewTree(treePages), ReadHeaderTimeout: time.Minute}).Serve(listener)
}

// peakMemory is the largest resident set of this process so far, as the kernel
// writes it.
func peakMemory() (string, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("no VmHWM in /proc/self/status")
}

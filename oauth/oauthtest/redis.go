package oauthtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a redis-server of the test's own, which keeps what it has on disk, as
// plain text.
type Redis struct {
	Dir string

	t       testing.TB
	port    string
	process *exec.Cmd
}

// StartRedis starts one on a free port. Without redis-server the test fails in
// CI and is skipped elsewhere.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" || os.Getenv("AXON_E2E") != "" {
			t.Fatal("redis-server is missing: make setup installs it")
		}
		t.Skip("redis-server is not here: make setup installs it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	r := &Redis{t: t, Dir: t.TempDir(), port: port}
	t.Cleanup(r.Stop)
	r.Start()
	return r
}

// Address is host and port.
func (r *Redis) Address() string { return "127.0.0.1:" + r.port }

// Start starts it, again after Stop, and returns when it answers.
func (r *Redis) Start() {
	r.t.Helper()
	r.process = exec.Command("redis-server", "--port", r.port, "--bind", "127.0.0.1", "--dir", r.Dir, "--save", "", "--rdbcompression", "no", "--appendonly", "yes", "--appendfsync", "no")
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: r.Address(), MaxRetries: -1})
	defer client.Close()
	for begun := time.Now(); client.Ping(context.Background()).Err() != nil; {
		if time.Since(begun) > 20*time.Second {
			r.t.Fatal("redis-server does not answer")
		}
		time.Sleep(20 * time.Millisecond) // it is another process: there is nothing to wait for
	}
}

// Stop kills it.
func (r *Redis) Stop() {
	if r.process == nil {
		return
	}
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
	r.process = nil
}

// Dump lets it save, and returns all that it has written: dump.rdb and the
// append-only files.
func (r *Redis) Dump() string {
	r.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: r.Address()})
	defer client.Close()
	if err := client.Save(r.t.Context()).Err(); err != nil {
		r.t.Fatal(err)
	}
	all := Files(r.t, r.Dir)
	for _, name := range []string{"dump.rdb", ".incr.aof"} {
		if !strings.Contains(strings.Join(names(r.t, r.Dir), " "), name) {
			r.t.Fatalf("Redis has written no %s", name)
		}
	}
	return all
}

func names(t testing.TB, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Files is all that the files below a folder hold.
func Files(t testing.TB, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range names(t, dir) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	return all.String()
}

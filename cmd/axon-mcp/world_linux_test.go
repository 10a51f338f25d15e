package main

import (
	"os"
	"testing"

	"github.com/axon-mcp/axon-mcp/security/securitytest"
)

// TestGuard runs the TestInside tests in a network of their own.
func TestGuard(t *testing.T) {
	t.Parallel()
	securitytest.Inside(t, missing, "AXON_TEST_BINARY="+binary)
}

// missing skips where a test cannot be run, and fails where it must.
func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// world is where what must not be reached would answer, and where each packet is
// seen.
type world struct {
	*securitytest.World
	t *testing.T
}

func newWorld(t *testing.T, names map[string]string) *world {
	t.Helper()
	return &world{securitytest.NewWorld(t, names), t}
}

// program is the binary in this world.
func (w *world) program(settings ...string) *program {
	p := newProgram(w.t, nil)
	p.env = append(p.env, "AXON_DNS_SERVER="+w.DNS.Addr, "SSL_CERT_FILE="+w.CA.File)
	p.env = append(p.env, settings...)
	return p
}

package mcp

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Config says how the door behaves. The zero value of a field means its
// default, but for CallsPerMinute, where it means no limit.
type Config struct {
	// PublicURL is the origin that people and proxies know this server by.
	PublicURL string `env:"AXON_PUBLIC_URL" about:"public origin of this server where a proxy stands before it, such as https://axon.example.com; its Host and Origin are then accepted"`
	// CallsAtOnce bounds the requests of one credential that run over HTTP.
	CallsAtOnce int `env:"AXON_MCP_CALLS_AT_ONCE" default:"20" about:"requests that one credential may have running over HTTP, 1 to 10000; more are answered with 429"`
	// CallsPerMinute bounds the requests of one credential over HTTP.
	CallsPerMinute int `env:"AXON_MCP_CALLS_PER_MINUTE" default:"600" about:"requests a minute of one credential over HTTP, 0 to 1000000; 0: no limit"`

	// Version is the program's, as clients see it.
	Version string
	// Hosts are more names, with the port where it is not the scheme's, that
	// the Host header may say: the name that serve was told to listen on.
	Hosts []string
	// Shutdown is the cause (context.Cause) with which a call ends when the
	// server stops. Nil: context.Canceled.
	Shutdown error
}

const defaultCallsAtOnce = 20

// Validate says everything that is wrong, each with its variable's name.
func (c Config) Validate() error {
	var faults []string
	if _, err := c.publicURL(); err != nil {
		faults = append(faults, err.Error())
	}
	if c.CallsAtOnce < 0 || c.CallsAtOnce > 10_000 {
		faults = append(faults, fmt.Sprintf("AXON_MCP_CALLS_AT_ONCE: %d is not between 1 and 10000", c.CallsAtOnce))
	}
	if c.CallsPerMinute < 0 || c.CallsPerMinute > 1_000_000 {
		faults = append(faults, fmt.Sprintf("AXON_MCP_CALLS_PER_MINUTE: %d is not between 0 and 1000000", c.CallsPerMinute))
	}
	if len(faults) > 0 {
		return fault.New(fault.Invalid, strings.Join(faults, "\n"))
	}
	return nil
}

// publicURL returns the parsed origin, or nil where none is set.
func (c Config) publicURL() (*url.URL, error) {
	if c.PublicURL == "" {
		return nil, nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "AXON_PUBLIC_URL: give an origin such as https://axon.example.com, without path, query or user")
	}
	return u, nil
}

package config

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/acp"
	"github.com/axon-mcp/axon-mcp/artifact"
	"github.com/axon-mcp/axon-mcp/engine/fetch"
	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/engine/llm"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/mcp"
	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/secret"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
	"github.com/axon-mcp/axon-mcp/web"
)

// Config is everything that can be set. A section that has a Validate method is
// asked by Load.
type Config struct {
	Program  Program         `section:"The program"`
	HTTP     HTTP            `section:"MCP over HTTP"`
	MCP      mcp.Config      `section:"MCP over HTTP"`
	Web      web.Config      `section:"The web page, /ws and the API"`
	OAuth    oauth.Config    `section:"OAuth"`
	Tools    tools.Config    `section:"Tools"`
	Security security.Config `section:"Reaching out"`
	Fetch    fetch.Config    `section:"Reaching out"`

	Chrome fetch.ChromeConfig `section:"Reaching out"`

	Index index.Config `section:"Index, jobs and files"`
	Jobs  jobs.Config  `section:"Index, jobs and files"`

	Artifacts artifact.Config `section:"Index, jobs and files"`

	ACP acp.Config `section:"Agents"`
	LLM llm.Config `section:"Model"`

	Shared Shared `section:"When one machine is not enough"`

	// Unknown names AXON_ variables that are set and mean nothing here.
	Unknown []string
}

// Shared are services that several servers use together.
type Shared struct {
	RedisURL secret.String `env:"AXON_REDIS_URL" about:"redis:// or rediss:// URL of a Redis that several servers share; unset: all state is in the data directory"`
}

// Program is what belongs to no package.
type Program struct {
	// DataDir is absolute after Load.
	DataDir   string `env:"AXON_DATA_DIR" about:"folder of the index, jobs and artifacts; unset: the platform's data folder, such as ~/.local/share/axon-mcp"`
	LogLevel  string `env:"AXON_LOG_LEVEL" about:"least level that is logged on stderr: debug, info, warn or error; unset: info for servers, warn for commands"`
	LogFormat string `env:"AXON_LOG_FORMAT" default:"text" about:"form of a log line on stderr: text or json"`
}

// Validate refuses words that are none of the choices.
func (p Program) Validate() error {
	var faults []string
	if !slices.Contains([]string{"", "debug", "info", "warn", "error"}, p.LogLevel) {
		faults = append(faults, fmt.Sprintf("AXON_LOG_LEVEL: %q is not debug, info, warn or error", p.LogLevel))
	}
	if !slices.Contains([]string{"", "text", "json"}, p.LogFormat) {
		faults = append(faults, fmt.Sprintf("AXON_LOG_FORMAT: %q is not text or json", p.LogFormat))
	}
	return join(faults)
}

// HTTP is the listener of serve.
type HTTP struct {
	Host   string        `env:"AXON_MCP_HTTP_HOST" default:"127.0.0.1" about:"address that serve listens on; 0.0.0.0 opens it to the network: put TLS before it"`
	Port   int           `env:"AXON_MCP_HTTP_PORT" default:"8001" about:"port that serve listens on, 0 to 65535; 0 takes a free one"`
	APIKey secret.String `env:"AXON_MCP_API_KEY" about:"bearer key of /mcp, best 32 random characters or more; unset: the one that serve made at its first start and keeps in the data directory"`
}

// Validate checks the port and the form of the address.
func (h HTTP) Validate() error {
	var faults []string
	if h.Port < 0 || h.Port > 65535 {
		faults = append(faults, fmt.Sprintf("AXON_MCP_HTTP_PORT: %d is not between 0 and 65535", h.Port))
	}
	if strings.Contains(h.Host, "://") || (strings.Contains(h.Host, ":") && net.ParseIP(h.Host) == nil) {
		faults = append(faults, fmt.Sprintf("AXON_MCP_HTTP_HOST: %q is no host or address; the port is AXON_MCP_HTTP_PORT", h.Host))
	}
	return join(faults)
}

func join(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	seen := make(map[string]bool, len(faults)) // two parts may say the same of one setting
	return &Error{Faults: slices.DeleteFunc(slices.Clone(faults), func(one string) bool {
		again := seen[one]
		seen[one] = true
		return again
	})}
}

package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/oauth"
)

// settings are the flags that every command has.
type settings struct {
	dataDir, envFile, logLevel string
	set                        []string
}

// define adds the flags to a set.
func (s *settings) define(flags *pflag.FlagSet) {
	flags.StringVar(&s.dataDir, "data-dir", "", "`folder` of the index, jobs and artifacts (AXON_DATA_DIR)")
	flags.StringVar(&s.envFile, "env-file", "", "`file` with settings, in place of .env in the data directory")
	flags.StringVar(&s.logLevel, "log-level", "", "least `level` that is logged: debug, info, warn or error (AXON_LOG_LEVEL)")
	flags.StringArrayVar(&s.set, "set", nil, "`NAME=VALUE` of any setting, see docs/configuration.md; may be repeated")
}

// early reads these flags before the commands are known: the commands are made
// from the registry, and the registry from the configuration. What is wrong
// with other flags is said later, by the command that they belong to.
func (s *settings) early(args []string) {
	flags := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	s.define(flags)
	_ = flags.Parse(args)
}

// source is where the configuration comes from. It fails on a --set without a
// value.
func (s *settings) source(environ []string) (config.Source, error) {
	flags := make(map[string]string)
	for _, pair := range s.set {
		name, value, found := strings.Cut(pair, "=")
		if !found || name == "" {
			return config.Source{}, usageError{"--set " + pair + " is not NAME=VALUE"}
		}
		flags[name] = value
	}
	if s.dataDir != "" {
		flags["AXON_DATA_DIR"] = s.dataDir
	}
	if s.logLevel != "" {
		flags["AXON_LOG_LEVEL"] = s.logLevel
	}
	return config.Source{Environ: environ, Flags: flags, EnvFile: s.envFile}, nil
}

// newLogger logs to stderr from level on.
func newLogger(std streams, format string, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: oauth.Redact}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(std.err, options))
	}
	return slog.New(slog.NewTextHandler(std.err, options))
}

// setLevel takes the configured level, or usual where none is configured.
func setLevel(level *slog.LevelVar, configured string, usual slog.Level) {
	level.Set(usual)
	if configured != "" {
		_ = level.UnmarshalText([]byte(configured)) // config has judged it
	}
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

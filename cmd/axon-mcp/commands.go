package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/oauth"
	"github.com/axon-mcp/axon-mcp/tools"
)

// app is one run of the program.
type app struct {
	std      streams
	args     []string
	environ  []string
	settings *settings
	cfg      config.Config
	parts    *parts
	log      *slog.Logger
	level    slog.LevelVar // of log; a server raises it
}

// execute reads the settings, builds the parts and runs the command that args
// name.
func execute(ctx context.Context, std streams, args, environ []string) error {
	a := &app{std: std, args: args, environ: environ, settings: &settings{}}
	a.settings.early(args)
	wrong := a.configure()
	if a.parts == nil { // so wrong that there are no parts: make the commands of the defaults
		if err := a.fallback(); err != nil {
			return wrong
		}
	}
	defer a.parts.close()
	a.settings = &settings{} // cobra reads them again, and says what is wrong with them
	root := a.root()
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if wrong != nil && cmd.Annotations[needsNothing] == "" {
			return wrong
		}
		for _, name := range a.cfg.Unknown {
			a.log.Warn("no setting has this name; see docs/configuration.md", "name", name)
		}
		return nil
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// needsNothing marks commands that run with a wrong configuration, too.
const needsNothing = "needs-nothing"

// configure loads the configuration and builds the parts, or returns what is
// wrong with it.
func (a *app) configure() error {
	source, err := a.settings.source(a.environ)
	if err != nil {
		return err
	}
	cfg, loadErr := config.Load(source)
	a.cfg = cfg
	a.startLog()
	parts, buildErr := build(cfg, a.log) // also after a fault, to name all of them at once
	if err := config.Wrong(loadErr, buildErr); err != nil {
		return err
	}
	a.parts = parts
	return nil
}

// fallback builds the parts of the defaults, for --help and version.
func (a *app) fallback() error {
	a.cfg = config.Default()
	a.startLog()
	var err error
	a.parts, err = build(a.cfg, a.log)
	return err
}

func (a *app) startLog() {
	a.log = newLogger(a.std, a.cfg.Program.LogFormat, &a.level)
	quieten(a.log)
	setLevel(&a.level, a.cfg.Program.LogLevel, slog.LevelWarn)
}

// quieten sends what libraries say past slog to the log, at level debug: net/http
// of answers that nobody asked for, Redis of dials that failed.
func quieten(to *slog.Logger) {
	oauth.LogRedis(to)
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(to.Handler(), slog.LevelDebug).Writer())
}

// The groups of --help, in their order.
const (
	groupStart   = "start"
	groupServe   = "serve"
	groupUpkeep  = tools.Admin
	groupProgram = "program"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "axon-mcp",
		Short: "Reads documentation sites, indexes them and answers over MCP",
		Long: `axon-mcp reads documentation sites, indexes them and answers over MCP.

Without a command it is an MCP server on stdin and stdout, which is how clients
start it. Every tool of the server is a command, too.`,
		Example: `  axon-mcp demo                                   see it work
  axon-mcp connect claude-code                    let a client start it
  axon-mcp crawl https://docs.example.com/guide/  index a site
  axon-mcp query "how are sessions stored"        ask the index
  axon-mcp serve                                  MCP over HTTP`,
		Args:          func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
		RunE:          func(cmd *cobra.Command, _ []string) error { return a.stdio(cmd.Context()) },
		SilenceErrors: true, SilenceUsage: true,
		Version: version,
	}
	root.SetVersionTemplate(versionLine())
	root.SetIn(a.std.in)
	root.SetOut(a.std.out)
	root.SetErr(a.std.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if first := a.firstArgument(); cmd == root && first != "" {
			return unknownCommand(root, []string{first}) // its flags are no flags of ours
		}
		return usageError{err.Error()}
	})
	root.CompletionOptions.DisableDefaultCmd = true
	a.settings.define(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupStart, Title: "Start here:"},
		&cobra.Group{ID: groupServe, Title: "Serve clients:"},
		&cobra.Group{ID: tools.Web, Title: "Read the web:"},
		&cobra.Group{ID: tools.Knowledge, Title: "Index and search:"},
		&cobra.Group{ID: tools.JobTools, Title: "Jobs and health:"},
		&cobra.Group{ID: groupUpkeep, Title: "Keep it tidy:"},
		&cobra.Group{ID: groupProgram, Title: "About the program:"},
	)
	root.AddCommand(a.demoCommand(), a.connectCommand(), a.serveCommand(), a.authCommand(), a.toolsCommand(), a.versionCommand(), completionCommand())
	for _, t := range a.parts.registry.All() {
		root.AddCommand(a.toolCommand(t))
	}
	root.SetHelpCommandGroupID(groupProgram)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		c.DisableFlagsInUseLine = true
		if c.Name() == "help" {
			c.Args, c.Annotations = unknownTopic, map[string]string{needsNothing: "true"}
		}
	}
	return root
}

// firstArgument is the word that should be a command, where the line begins with
// one.
func (a *app) firstArgument() string {
	if len(a.args) == 0 || strings.HasPrefix(a.args[0], "-") {
		return ""
	}
	return a.args[0]
}

// unknownCommand refuses what is no command, and offers the nearest.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q", args[0])
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		message += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{message}
}

// noArguments refuses arguments of a command that takes none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Sprintf("unexpected argument %q: %s takes none", args[0], cmd.Name())}
	}
	return nil
}

// unknownTopic refuses help of what is no command; cobra would show that of the
// program and exit with 0.
func unknownTopic(help *cobra.Command, args []string) error {
	if found, _, err := help.Root().Find(args); len(args) > 0 && (err != nil || found == help.Root()) {
		return unknownCommand(help.Root(), args)
	}
	return nil
}

func versionLine() string {
	return fmt.Sprintf("axon-mcp %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func (a *app) versionCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "version", Short: "Show the version", GroupID: groupProgram, Args: noArguments,
		Annotations: map[string]string{needsNothing: "true"},
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return printJSON(a.std.out, map[string]string{"version": version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
			}
			_, err := fmt.Fprint(a.std.out, versionLine())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON value")
	return cmd
}

func (a *app) toolsCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use: "tools", Short: "List the tools that MCP clients can be offered", GroupID: groupProgram, Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.listTools(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON value, with the schemas")
	return cmd
}

// toolLine is one tool under tools --json.
type toolLine struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	About    string `json:"about"`
	Toolset  string `json:"toolset"`
	Scope    string `json:"scope"`
	ReadOnly bool   `json:"read_only"`
	Input    any    `json:"input_schema"`
	Output   any    `json:"output_schema"`
}

func (a *app) listTools(asJSON bool) error {
	all := a.parts.registry.All()
	if asJSON {
		lines := make([]toolLine, len(all))
		for i, t := range all {
			lines[i] = toolLine{t.Name, t.Title, t.About, t.Toolset, t.Scope, t.Hints.ReadOnly, t.Input, t.Output}
		}
		return printJSON(a.std.out, map[string]any{"tools": lines})
	}
	var b strings.Builder
	for _, t := range all {
		fmt.Fprintf(&b, "%-16s %-10s %-11s %s\n", t.Name, t.Toolset, t.Scope, firstSentence(t.About))
	}
	b.WriteString("\nAXON_MCP_TOOLSETS chooses what clients see: " + strings.Join(a.cfg.Tools.Toolsets, ", ") + " now.\n")
	_, err := fmt.Fprint(a.std.out, b.String())
	return err
}

// firstSentence is what a tool does, without when to use another.
func firstSentence(about string) string {
	first, _, found := strings.Cut(about, ". ")
	if found {
		first += "."
	}
	return first
}

func completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print the completion script of a shell (bash, zsh, fish, powershell)", GroupID: groupProgram,
		Example: `  axon-mcp completion bash > /etc/bash_completion.d/axon-mcp
  axon-mcp completion zsh > "${fpath[1]}/_axon-mcp"
  axon-mcp completion fish > ~/.config/fish/completions/axon-mcp.fish
  axon-mcp completion powershell | Out-String | Invoke-Expression`,
		Annotations: map[string]string{needsNothing: "true"},
		ValidArgs:   shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{"completion takes one shell: " + strings.Join(shells, ", ")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return usageError{fmt.Sprintf("unknown shell %q: completion knows %s", args[0], strings.Join(shells, ", "))}
		},
	}
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/fault"
)

// serverName is what clients call us.
const serverName = "axon"

// connectOptions are the flags of connect.
type connectOptions struct {
	http  bool
	print bool
	yes   bool
	file  string
}

func (a *app) connectCommand() *cobra.Command {
	var opts connectOptions
	names := strings.Join(clientNames(), "|")
	cmd := &cobra.Command{
		Use: "connect " + names, Short: "Connect an MCP client: write its configuration", GroupID: groupStart,
		Long: `Writes the entry "axon" into a client's configuration, so that the client starts
this program (or, with --http, reaches a running "axon-mcp serve").

The change is shown first and made when you agree. Everything else in the file
stays as it is, and the file as it was is kept beside it as FILE.bak.`,
		Example: `  axon-mcp connect claude-code
  axon-mcp connect cursor --http --yes
  axon-mcp connect vscode --print`,
		ValidArgs: clientNames(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{"connect takes one client: " + strings.Join(clientNames(), ", ")}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, known := clientNamed(args[0])
			if !known {
				return usageError{fmt.Sprintf("unknown client %q: connect knows %s", args[0], strings.Join(clientNames(), ", "))}
			}
			return a.connect(c, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.http, "http", false, "let the client reach \"axon-mcp serve\" in place of starting its own")
	cmd.Flags().BoolVar(&opts.print, "print", false, "only print the entry")
	cmd.Flags().BoolVar(&opts.yes, "yes", false, "do it without asking")
	cmd.Flags().StringVar(&opts.file, "file", "", "the client's `file`, where it is not at its usual place")
	return cmd
}

// connect shows the change to a client's file, and makes it when the user
// agrees.
func (a *app) connect(c client, opts connectOptions) error {
	entry, err := a.entry(c, opts.http)
	if err != nil {
		return err
	}
	if opts.print {
		whole, err := setMember("", c.section, serverName, entry.text())
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(a.std.out, whole)
		return err
	}
	path, err := a.clientFile(c, opts.file)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the configuration of %s: %w", c.title, err)
	}
	after, err := setMember(string(before), c.section, serverName, entry.text())
	if err != nil {
		return fault.Errorf(fault.Conflict, "%s is not changed: it %v. Add this by hand:\n%s", path, err, entry.text())
	}
	if after == string(before) {
		fmt.Fprintf(a.std.err, "%s is connected already: %s\n", c.title, path)
		return nil
	}
	fmt.Fprintf(a.std.err, "%s\n%s", path, diff(string(before), after))
	if !opts.yes {
		if !isTerminal(a.std.in) || !isTerminal(a.std.err) {
			return usageError{"nothing was changed: add --yes to write it, or --print to have the entry alone"}
		}
		if !a.ask("Write this?") {
			return fault.New(fault.Canceled, "nothing was changed")
		}
	}
	return a.writeClientFile(c, path, before, after)
}

// entry is how the client is to start or reach us.
func (a *app) entry(c client, overHTTP bool) (serverEntry, error) {
	if overHTTP {
		if !c.http {
			return serverEntry{}, usageError{c.title + " starts its servers itself: leave --http out"}
		}
		key, err := apiKey(a.cfg)
		if err != nil {
			return serverEntry{}, err
		}
		return c.httpEntry(mcpURL(a.cfg.HTTP.Host, a.cfg.HTTP.Port), key), nil
	}
	command, err := os.Executable()
	if err != nil {
		return serverEntry{}, fmt.Errorf("find this program: %w", err)
	}
	return c.stdioEntry(command, a.lastingFlags(), a.lastingEnv()), nil
}

// lastingFlags are the flags that a server started by the client needs to be
// the same as this one.
func (a *app) lastingFlags() []string {
	var args []string
	if file := a.settings.envFile; file != "" {
		if abs, err := filepath.Abs(file); err == nil {
			file = abs
		}
		args = append(args, "--env-file", file)
	}
	for _, pair := range a.settings.set {
		args = append(args, "--set", pair)
	}
	return args
}

// lastingEnv names the data directory where it is not the platform's own: a
// client does not hand its user's environment on.
func (a *app) lastingEnv() map[string]string {
	usual, err := config.Load(config.Source{Environ: without(a.environ, "AXON_DATA_DIR")})
	if err == nil && usual.Program.DataDir == a.cfg.Program.DataDir {
		return nil
	}
	return map[string]string{"AXON_DATA_DIR": a.cfg.Program.DataDir}
}

func without(environ []string, name string) []string {
	var rest []string
	for _, pair := range environ {
		if !strings.HasPrefix(pair, name+"=") {
			rest = append(rest, pair)
		}
	}
	return rest
}

// getenv reads the environment that the program was started with.
func (a *app) getenv(name string) string {
	for i := len(a.environ) - 1; i >= 0; i-- {
		if value, found := strings.CutPrefix(a.environ[i], name+"="); found {
			return value
		}
	}
	return ""
}

// clientFile finds the client's file, behind links: a configuration that is
// kept elsewhere and linked here stays linked.
func (a *app) clientFile(c client, given string) (string, error) {
	path := given
	if path == "" {
		home := a.getenv("HOME")
		if runtime.GOOS == "windows" {
			home = a.getenv("USERPROFILE")
		}
		if home == "" {
			return "", fault.New(fault.Invalid, "there is no home directory in which "+c.title+" could keep its file; name it with --file")
		}
		path = c.path(runtime.GOOS, home, a.getenv)
	}
	if behind, err := filepath.EvalSymlinks(path); err == nil {
		path = behind
	}
	return path, nil
}

// writeClientFile keeps the file as it was and puts the new one in its place in
// one step.
func (a *app) writeClientFile(c client, path string, before []byte, after string) error {
	mode := fs.FileMode(0o600) // the entry may hold a key
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
		if err := os.WriteFile(path+".bak", before, mode); err != nil {
			return fmt.Errorf("keep the file as it was: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder of %s: %w", path, err)
	}
	if err := replaceFile(path, []byte(after), mode); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	fmt.Fprintf(a.std.err, "%s is connected. %s\n", c.title, c.after)
	return nil
}

// replaceFile writes a file beside path and renames it over path.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".axon-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// diffContext is how many equal lines are shown around a change.
const diffContext = 3

// diff shows one change of a text: the lines that go with -, those that come
// with +. Keys are hidden: a screen is often shared.
func diff(before, after string) string {
	a, b := splitLines(before), splitLines(after)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out strings.Builder
	show := func(mark string, lines []string) {
		for _, line := range lines {
			out.WriteString(mark + hideKey(line) + "\n")
		}
	}
	show("  ", a[max(0, head-diffContext):head])
	show("- ", a[head:len(a)-tail])
	show("+ ", b[head:len(b)-tail])
	show("  ", a[len(a)-tail:min(len(a), len(a)-tail+diffContext)])
	return out.String()
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// hideKey hides what follows "Bearer " in a line.
func hideKey(line string) string {
	head, rest, found := strings.Cut(line, "Bearer ")
	if !found {
		return line
	}
	if end := strings.IndexByte(rest, '"'); end >= 0 {
		return head + "Bearer [hidden]" + rest[end:]
	}
	return head + "Bearer [hidden]"
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
	"github.com/axon-mcp/axon-mcp/tools"
)

// callOptions are the flags of a tool's command that are no fields of the tool.
type callOptions struct {
	json   bool
	yes    bool
	detach bool
}

// wholeResult lifts the limit of a result: a person pages with less, a script
// wants all of it.
const wholeResult = 100_000_000

// examples stand in --help below a tool's description.
func examples() map[string]string {
	return map[string]string{
		"crawl":           "axon-mcp crawl https://docs.example.com/guide/ --max-pages 500\naxon-mcp crawl https://docs.example.com/ --exclude-paths '/blog/*' --detach",
		"refresh":         "axon-mcp refresh https://docs.example.com/guide/install.html\naxon-mcp refresh --domain docs.example.com",
		"scrape":          "axon-mcp scrape https://example.com/page\naxon-mcp scrape https://example.com/page --json",
		"screenshot":      "axon-mcp screenshot https://example.com/\naxon-mcp screenshot https://example.com/ --selector '#chart' --width 800",
		"map":             "axon-mcp map https://docs.example.com/ --search install",
		"query":           "axon-mcp query \"parse JSON with duplicate keys\"\naxon-mcp query os.path.join --mode keyword --limit 3",
		"retrieve":        "axon-mcp retrieve https://docs.example.com/guide/install.html",
		"embed":           "axon-mcp embed --path ./docs --collection notes",
		"evaluate":        "axon-mcp evaluate --dataset questions.jsonl --metrics ndcg@10,mrr@10,recall@10\naxon-mcp evaluate --dataset questions.jsonl --mode all",
		"sources":         "axon-mcp sources --domains docs.example.com --limit 100",
		"jobs":            "axon-mcp jobs\naxon-mcp jobs --status failed",
		"job_control":     "axon-mcp job_control cancel --id 01234567-89ab-4cde-8f01-23456789abcd",
		"forget":          "axon-mcp forget --domain docs.example.com\naxon-mcp forget --domain docs.example.com --yes",
		"dedupe":          "axon-mcp dedupe --near",
		"artifacts":       "axon-mcp artifacts list",
		"artifacts_clean": "axon-mcp artifacts_clean --older-than 30d --yes",
		"export":          "axon-mcp export --path backup.jsonl",
		"import":          "axon-mcp import --path backup.jsonl",
	}
}

// toolCommand makes the command of a tool.
func (a *app) toolCommand(t *tools.Tool) *cobra.Command {
	use := t.Name
	if t.Positional != "" {
		use += " [" + strings.ToUpper(t.Positional) + "]"
	}
	var opts callOptions
	var fields *arguments
	cmd := &cobra.Command{
		Use: use + " [flags]", Short: firstSentence(t.About), Long: t.About, GroupID: t.Toolset,
		Example: "  " + strings.ReplaceAll(examples()[t.Name], "\n", "\n  "),
		Aliases: dashed(t.Name),
		Args:    func(_ *cobra.Command, args []string) error { return fields.bare(args) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.callTool(cmd.Context(), t, fields, opts)
		},
	}
	if examples()[t.Name] == "" {
		cmd.Example = ""
	}
	fields = newArguments(t, cmd.Flags())
	completeValues(cmd, t)
	cmd.Flags().BoolVar(&opts.json, "json", false, "print the structured result as one JSON value, and nothing else")
	if t.Job {
		cmd.Flags().BoolVar(&opts.detach, "detach", false, "only enqueue the job; a running server works it off")
	}
	if t.Hints.Destructive {
		cmd.Flags().BoolVar(&opts.yes, "yes", false, "do it, without a dry run and without asking")
	}
	return cmd
}

// completeValues offers a shell the values of fields that have only a few.
func completeValues(cmd *cobra.Command, t *tools.Tool) {
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	for _, field := range t.Fields() {
		offer := cobra.NoFileCompletions
		switch {
		case field.Name == "path" || field.Name == "dataset":
			continue // files
		case len(field.Enum) > 0:
			offer = cobra.FixedCompletions(field.Enum, cobra.ShellCompDirectiveNoFileComp)
		}
		_ = cmd.RegisterFlagCompletionFunc(flagName(field.Name), offer) // fails for an unknown flag only
		if field.Positional {
			cmd.ValidArgsFunction = offer
		}
	}
}

// dashed lets job_control be typed job-control, too.
func dashed(name string) []string {
	if other := flagName(name); other != name {
		return []string{other}
	}
	return nil
}

// callTool calls a tool and prints what it gave.
func (a *app) callTool(ctx context.Context, t *tools.Tool, fields *arguments, opts callOptions) error {
	if t.Job {
		fields.set("wait", fmt.Sprint(!opts.detach))
	}
	if opts.yes {
		fields.set("dry_run", "false")
	}
	args, err := fields.object()
	if err != nil {
		return err
	}
	call := tools.Call{Name: t.Name, Args: args, CommandLine: true, Door: "cli", Inline: wholeResult}
	result, err := a.callOnce(ctx, t, call, opts)
	var question *tools.ConfirmError
	if errors.As(err, &question) {
		result, err = a.confirm(ctx, t, call, question, opts)
	}
	if err != nil {
		return a.failed(ctx, err, opts)
	}
	return a.print(t, result, opts)
}

// callOnce calls a tool, beside a worker where the tool's work is a job that is
// waited for.
func (a *app) callOnce(ctx context.Context, t *tools.Tool, call tools.Call, opts callOptions) (*tools.Result, error) {
	ctx = security.WithIdentity(ctx, security.Local())
	if !t.Job || opts.detach {
		return a.parts.registry.Call(ctx, call)
	}
	progress := newBar(a.std.err)
	call.Progress = progress.show
	defer progress.clear()
	return a.parts.callWithWorker(ctx, call)
}

// confirm asks the person at the terminal, unless --yes has answered.
func (a *app) confirm(ctx context.Context, t *tools.Tool, call tools.Call, question *tools.ConfirmError, opts callOptions) (*tools.Result, error) {
	switch {
	case opts.yes:
	case isTerminal(a.std.in) && isTerminal(a.std.err):
		if !a.ask(question.Question) {
			return nil, fault.New(fault.Canceled, "nothing was removed")
		}
	default:
		return nil, fault.New(fault.Conflict, question.Question+" Add --yes to do it.")
	}
	object := make(map[string]json.RawMessage)
	if err := json.Unmarshal(call.Args, &object); err != nil {
		return nil, err
	}
	object["confirm"] = valueOf(question.Token, "string")
	var err error
	if call.Args, err = json.Marshal(object); err != nil {
		return nil, err
	}
	return a.callOnce(ctx, t, call, opts)
}

// ask puts a question to the person at the terminal. Anything but yes is no.
func (a *app) ask(question string) bool {
	fmt.Fprint(a.std.err, printable(question)+" [y/N] ")
	answer, _ := bufio.NewReader(a.std.in).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// failed tells the failure: on stderr for a person, and on stdout, too, under
// --json.
func (a *app) failed(ctx context.Context, err error, opts callOptions) error {
	if ctx.Err() != nil && fault.CodeOf(err) != fault.Canceled {
		err = fault.Wrap(fault.Canceled, err, "the command was interrupted")
	}
	if !opts.json {
		return err
	}
	if err := printJSON(a.std.out, failureOf(err)); err != nil {
		return err
	}
	return err
}

// print writes the result.
func (a *app) print(t *tools.Tool, result *tools.Result, opts callOptions) error {
	if opts.detach {
		fmt.Fprintln(a.std.err, "The job waits for whoever runs: an axon-mcp that a client has started, or \"axon-mcp serve\". \"axon-mcp jobs\" shows how far it is.")
	}
	show := func() error { return printBlocks(a.std.out, a.std.err, result.Blocks) }
	if opts.json {
		show = func() error { return printJSON(a.std.out, result.Structured) }
	}
	if err := show(); err != nil {
		return err
	}
	if t.Name == "doctor" {
		return doctorVerdict(result)
	}
	return nil
}

// doctorVerdict makes a doctor that found something exit with 1.
func doctorVerdict(result *tools.Result) error {
	var found struct {
		OK bool `json:"ok"`
	}
	raw, err := json.Marshal(result.Structured)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &found); err != nil {
		return err
	}
	if !found.OK {
		return saidError{errors.New("doctor found something")}
	}
	return nil
}

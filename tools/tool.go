package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
)

// Toolsets that a client can choose from.
const (
	Web       = "web"
	Knowledge = "knowledge"
	JobTools  = "jobs"
	Admin     = "admin"
)

// Hints say to a client what a tool does to the world.
type Hints struct {
	ReadOnly    bool // stores nothing
	Destructive bool // removes something
	Idempotent  bool // twice is the same as once
	OpenWorld   bool // reaches the network, or returns text that came from it
}

// Tool is one capability. All doors read the same value.
type Tool struct {
	Name       string // as in spec/tools.md
	Title      string // for people
	About      string // what it does, when to use another, what it costs
	Toolset    string
	Scope      string // security.ScopeRead, …
	Hints      Hints
	Positional string // the field that stands bare at the command line; empty for none
	// Job tells that the work runs as a job: `wait`, progress, cancel.
	Job    bool
	Input  *jsonschema.Schema // additionalProperties: false
	Output *jsonschema.Schema
	run    func(ctx context.Context, call Call) (*Result, error)
}

// define makes a tool of its two types: schemas, defaults, decoding, the
// result's limit and the check of what goes out. It captures In and Out, so
// that doors share one non-generic Tool.
func define[In, Out any](d *Deps, t Tool, run func(ctx context.Context, call Call, in In) (reply[Out], error)) (*Tool, error) {
	var err error
	if t.Input, err = schemaFor[In](); err != nil {
		return nil, fmt.Errorf("tool %s: %w", t.Name, err)
	}
	if t.Output, err = schemaFor[Out](); err != nil {
		return nil, fmt.Errorf("tool %s: %w", t.Name, err)
	}
	loosen(t.Output, 0)
	defaults, err := defaultsOf(t.Input)
	if err != nil {
		return nil, fmt.Errorf("tool %s: defaults: %w", t.Name, err)
	}
	// Resolving costs more than all the rest of a start; the first result pays.
	resolved := sync.OnceValues(func() (*jsonschema.Resolved, error) { return t.Output.Resolve(nil) })
	t.run = func(ctx context.Context, call Call) (*Result, error) {
		args, err := checkArgs(t.Name, t.Input, call.Args)
		if err != nil {
			return nil, err
		}
		var in In
		if err := decodeOver(&in, defaults, args); err != nil {
			return nil, fault.Errorf(fault.Invalid, "%s: %v", t.Name, err)
		}
		answer, err := run(ctx, call, in)
		if err != nil {
			return nil, err
		}
		result, err := settle(ctx, d, call, answer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		return result, checkOutput(resolved, result)
	}
	return &t, nil
}

// decodeOver decodes each value into in, the later over the earlier.
func decodeOver(in any, values ...json.RawMessage) error {
	for _, value := range values {
		if err := json.Unmarshal(value, in); err != nil {
			return err
		}
	}
	return nil
}

// checkOutput holds a result against the schema that we have promised. A
// failure is ours and becomes internal.
func checkOutput(resolved func() (*jsonschema.Resolved, error), result *Result) error {
	schema, err := resolved()
	if err != nil {
		return fmt.Errorf("resolve the output schema: %w", err)
	}
	raw, ok := result.Structured.(json.RawMessage)
	if !ok {
		return fmt.Errorf("structured output is %T, not JSON", result.Structured)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return fmt.Errorf("read back the output: %w", err)
	}
	if err := schema.Validate(value); err != nil {
		return fmt.Errorf("the output does not fit its schema: %w", err)
	}
	return nil
}

// Call is one call of a tool. The caller's identity is in the context
// (security.IdentityFrom).
type Call struct {
	Name string
	Args json.RawMessage
	// Progress receives a waited job's progress, in order, one at a time.
	// Nil: nobody looks.
	Progress func(jobs.Progress)
	// CommandLine: a path is the user's own and is not bound to the roots.
	CommandLine bool
	// View is what the door shows its client; a tool outside it is unknown.
	// Nil: every tool, as at the command line.
	View *View
	// Inline bounds a result's text and its structured value, in bytes. Zero:
	// Config.InlineBytes. A door whose reader has room may raise it.
	Inline int
	// Stream tells the door's name in logs: "stdio", "http", "cli", "ws".
	Door string
}

// Result is what a tool gives.
type Result struct {
	// Structured is the output value; it fits Tool.Output as JSON. What
	// Registry.Call returns is a json.RawMessage.
	Structured any
	// Blocks are for a model to read, one source a block.
	Blocks []Block
	// Untrusted tells that Blocks hold text of pages; doors say so in _meta.
	Untrusted bool
}

// Block is one content item of a result. Exactly one of Text, Link and Image
// is set.
type Block struct {
	Text  string
	Link  *Link
	Image *Image
}

// Link points to a resource of ours (axon://…).
type Link struct {
	URI, Name, Description, MediaType string
	Size                              int64
}

// Image is a picture.
type Image struct {
	Data      []byte
	MediaType string
}

// ConfirmError is returned by a destructive tool that was called with
// dry_run=false and without a valid confirm token. A door that can ask the
// user shows Question, and on yes calls again with "confirm": Token; any other
// door shows it as fault.Conflict with the token in the message.
type ConfirmError struct {
	Question string // made from the parameters by us, never from page text
	Token    string
}

// Error says what to do.
func (e *ConfirmError) Error() string {
	return e.Question + " Call again with dry_run=false and confirm=\"" + e.Token + "\" to do it."
}

// Resource is something that a client can read by URI.
type Resource struct {
	URI      string // fixed, or empty where Template is set
	Template string // RFC 6570
	Name     string
	About    string
	Type     string // media type
	Scope    string
	// Read gets the URI and the template's variables.
	Read func(ctx context.Context, uri string, vars map[string]string) (ResourceText, error)
}

// ResourceText is a resource's content.
type ResourceText struct {
	Text      string
	MediaType string
}

// Prompt is a ready-made message for the user to pick.
type Prompt struct {
	Name, Title, About string
	Args               []PromptArg
	// Render returns the user message.
	Render func(args map[string]string) (string, error)
}

// PromptArg is an argument of a Prompt.
type PromptArg struct {
	Name, About string
	Required    bool
}

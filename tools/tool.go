package tools

import (
	"context"
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"

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
	// Stream tells the door's name in logs: "stdio", "http", "cli", "ws".
	Door string
}

// Result is what a tool gives.
type Result struct {
	// Structured is the output value; it fits Tool.Output as JSON.
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

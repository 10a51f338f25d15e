package tools

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// CompactName is the one tool of a compact view.
const CompactName = "axon"

// View is what a door shows of the registry. It narrows what the caller's
// scopes allow and never widens it.
type View struct {
	Toolsets []string // see AXON_MCP_TOOLSETS; "all" is every one
	ReadOnly bool     // only tools that store nothing
	Compact  bool     // one tool in place of all
}

func allToolsets() []string { return []string{Web, Knowledge, JobTools, Admin, "all"} }

// shows reports whether t is in the view, compact or not.
func (v View) shows(t *Tool) bool {
	if v.ReadOnly && !t.Hints.ReadOnly {
		return false
	}
	return slices.Contains(v.Toolsets, "all") || slices.Contains(v.Toolsets, t.Toolset)
}

// Visible returns what a client of this identity sees in the view, in a fixed
// order.
func (r *Registry) Visible(id security.Identity, v View) []*Tool {
	var seen []*Tool
	for _, t := range r.List(id) {
		if v.shows(t) {
			seen = append(seen, t)
		}
	}
	if !v.Compact || len(seen) == 0 {
		return seen
	}
	return []*Tool{r.compact(seen)}
}

// compactInput is the input of the one tool.
type compactInput struct {
	Action    string         `json:"action" jsonschema:"what to do, such as query"`
	Arguments map[string]any `json:"arguments,omitempty" jsonschema:"the action's own fields, such as {\"query\": \"os.path.join\", \"limit\": 5}"`
}

// compact makes the one tool over what the caller sees.
func (r *Registry) compact(seen []*Tool) *Tool {
	t := &Tool{
		Name: CompactName, Title: "axon", Toolset: Web, Scope: security.ScopeRead,
		Input:  &jsonschema.Schema{},
		Output: &jsonschema.Schema{Type: "object"},
		Hints:  Hints{ReadOnly: true, Idempotent: true},
	}
	var about strings.Builder
	about.WriteString("All of axon in one tool: reads the web, keeps it in an index and searches it. The actions, with their fields (* needed):\n")
	var actions []any
	for _, one := range seen {
		actions = append(actions, one.Name)
		first, _, _ := strings.Cut(one.About, ". ")
		about.WriteString("- " + one.Name + "(" + signature(one) + "): " + strings.TrimSuffix(first, ".") + ".\n")
		t.Hints.ReadOnly = t.Hints.ReadOnly && one.Hints.ReadOnly
		t.Hints.Idempotent = t.Hints.Idempotent && one.Hints.Idempotent
		t.Hints.Destructive = t.Hints.Destructive || one.Hints.Destructive
		t.Hints.OpenWorld = t.Hints.OpenWorld || one.Hints.OpenWorld
		t.Job = t.Job || one.Job
	}
	t.About = strings.TrimSpace(about.String())
	if s, err := schemaFor[compactInput](); err == nil {
		s.Properties["action"].Enum = actions
		t.Input = s
	}
	return t
}

// signature lists a tool's fields, the needed ones with a star.
func signature(t *Tool) string {
	var names []string
	for _, f := range t.Fields() {
		if f.Required {
			f.Name += "*"
		}
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// unpack turns a call of the one tool into the call that it stands for.
func (r *Registry) unpack(ctx context.Context, call Call) (Call, error) {
	seen := r.Visible(security.IdentityFrom(ctx), *call.View)
	if len(seen) == 0 {
		return call, fault.New(fault.Forbidden, "axon: your credential holds no scope; ask for axon:read")
	}
	args, err := checkArgs(CompactName, seen[0].Input, call.Args)
	if err != nil {
		return call, err
	}
	var in struct {
		Action    string          `json:"action"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err := json.Unmarshal(args, &in); err != nil {
		return call, fault.Errorf(fault.Invalid, "axon: %v", err)
	}
	call.Name, call.Args = in.Action, in.Arguments
	return call, nil
}

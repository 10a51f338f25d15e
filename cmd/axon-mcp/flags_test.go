package main

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/spf13/pflag"

	"github.com/axon-mcp/axon-mcp/tools"
)

// testTool has one field of each kind.
func testTool(positional string) *tools.Tool {
	kind := func(t string) *jsonschema.Schema { return &jsonschema.Schema{Type: t, Description: "of type " + t} }
	on := kind("boolean")
	on.Default = json.RawMessage("true")
	list := kind("array")
	list.Items = &jsonschema.Schema{Type: "string"}
	return &tools.Tool{Name: "try", Positional: positional, Input: &jsonschema.Schema{
		Properties: map[string]*jsonschema.Schema{
			"url": kind("string"), "urls": list, "query": kind("string"), "max_pages": kind("integer"),
			"robots": on, "wait": kind("boolean"),
		},
		PropertyOrder: []string{"url", "urls", "query", "max_pages", "robots", "wait"},
	}}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		positional string
		line       []string
		want       string
		wrong      bool
	}{
		"nothing":                       {line: nil, want: `{}`},
		"one bare":                      {positional: "url", line: []string{"https://a.b/x,y"}, want: `{"url":"https://a.b/x,y"}`},
		"several bare go to the list":   {positional: "url", line: []string{"u", "v"}, want: `{"urls":["u","v"]}`},
		"spaces around a bare one":      {positional: "urls", line: []string{" u", "v "}, want: `{"urls":[" u","v "]}`},
		"a comma within a bare one":     {positional: "urls", line: []string{"u,1", "v"}, want: `{"urls":["u,1","v"]}`},
		"words of a question are one":   {positional: "query", line: []string{"parse", "JSON"}, want: `{"query":"parse JSON"}`},
		"a bare one that has no field":  {line: []string{"u"}, wrong: true},
		"booleans are bare":             {positional: "url", line: []string{"--wait", "u", "--no-robots"}, want: `{"robots":false,"url":"u","wait":true}`},
		"booleans with a value":         {line: []string{"--robots=false", "--wait=true"}, want: `{"robots":false,"wait":true}`},
		"numbers stay numbers":          {line: []string{"--max-pages", "50"}, want: `{"max_pages":50}`},
		"underscores are dashes":        {line: []string{"--max_pages", "50"}, want: `{"max_pages":50}`},
		"a wrong number goes on as is":  {line: []string{"--max-pages", "many"}, want: `{"max_pages":"many"}`},
		"a number that is a string":     {line: []string{"--query", "404"}, want: `{"query":"404"}`},
		"lists by comma and repetition": {line: []string{"--urls", "a, b", "--urls=c"}, want: `{"urls":["a","b","c"]}`},
		"after two dashes all is bare":  {positional: "query", line: []string{"--", "--no-verify"}, want: `{"query":"--no-verify"}`},
		"the last value wins":           {line: []string{"--url", "a", "--url", "b"}, want: `{"url":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := pflag.NewFlagSet("try", pflag.ContinueOnError)
			a := newArguments(testTool(row.positional), flags)
			if err := flags.Parse(row.line); err != nil {
				t.Fatal(err)
			}
			err := a.bare(flags.Args())
			var usage usageError
			if row.wrong {
				if !errors.As(err, &usage) {
					t.Fatalf("err = %v, want a usage error", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.object()
			if err != nil || string(got) != row.want {
				t.Errorf("%s, %v; want %s", got, err, row.want)
			}
		})
	}
}

// Whatever stands on the command line, what goes to the registry is one JSON
// object.
func FuzzArguments(f *testing.F) {
	f.Add("a,b", "1e9")
	f.Add("\x00,\xff", "{")
	f.Fuzz(func(t *testing.T, list, number string) {
		flags := pflag.NewFlagSet("try", pflag.ContinueOnError)
		a := newArguments(testTool("url"), flags)
		if err := flags.Parse([]string{"--urls=" + list, "--max-pages=" + number, "--", list}); err != nil {
			return
		}
		if err := a.bare(flags.Args()); err != nil {
			t.Fatal(err)
		}
		raw, err := a.object()
		var object map[string]any
		if err != nil || json.Unmarshal(raw, &object) != nil {
			t.Fatalf("%q: %v", raw, err)
		}
	})
}

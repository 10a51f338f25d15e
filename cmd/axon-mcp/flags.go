package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/pflag"

	"github.com/axon-mcp/axon-mcp/tools"
)

// arguments turns a command line into a tool's arguments. Values are not judged
// here: the registry does that for every door in the same words.
type arguments struct {
	tool   *tools.Tool
	fields []tools.Field
	given  map[string]*given
}

// given is what the command line says of one field.
type given struct {
	field tools.Field
	texts []string // one for each time the flag stands there
	items []string // of a list, that stand bare: commas and spaces are their own
}

// newArguments adds a flag for each field that does not stand bare, and for
// those that do, too: --url URL is the same as URL.
func newArguments(t *tools.Tool, flags *pflag.FlagSet) *arguments {
	a := &arguments{tool: t, fields: t.Fields(), given: make(map[string]*given)}
	for _, field := range a.fields {
		g := &given{field: field}
		a.given[field.Name] = g
		name := flagName(field.Name)
		flag := flags.VarPF(flagValue{g: g}, name, "", usageOf(field))
		if field.Type != "boolean" {
			continue
		}
		flag.NoOptDefVal = "true"
		if string(field.Default) == "true" {
			flags.VarPF(flagValue{g: g, negate: true}, "no-"+name, "", "the opposite of --"+name).NoOptDefVal = "true"
		}
	}
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(flagName(name))
	})
	return a
}

// flagName is a field's name as a flag.
func flagName(field string) string { return strings.ReplaceAll(field, "_", "-") }

// usageOf is a field's line in --help.
func usageOf(f tools.Field) string {
	usage := f.About
	if len(f.Enum) > 0 {
		usage += " (" + strings.Join(f.Enum, ", ") + ")"
	}
	if f.Default != nil && string(f.Default) != "false" {
		usage += " (default " + strings.Trim(string(f.Default), `"`) + ")"
	}
	return strings.ReplaceAll(usage, "`", "'") // pflag reads backquotes as a placeholder
}

// flagValue lets pflag fill a given. negate is set for --no-NAME.
type flagValue struct {
	g      *given
	negate bool
}

// Set keeps the text as it stands.
func (v flagValue) Set(text string) error {
	if v.negate {
		text = map[string]string{"true": "false", "false": "true"}[text]
	}
	if v.g.field.Type == "array" {
		v.g.texts = append(v.g.texts, text)
		return nil
	}
	v.g.texts = []string{text} // the last one wins
	return nil
}

// String is empty: defaults stand in the usage line.
func (v flagValue) String() string { return "" }

// Type is the placeholder in --help.
func (v flagValue) Type() string {
	switch v.g.field.Type {
	case "boolean":
		return "bool"
	case "array":
		return "list"
	case "integer", "number":
		return "n"
	}
	return "string"
}

// bare takes the arguments that stand without a flag.
func (a *arguments) bare(args []string) error {
	if len(args) == 0 {
		return nil
	}
	g := a.given[a.tool.Positional]
	switch {
	case g == nil:
		return usageError{"unexpected argument \"" + args[0] + "\": " + a.tool.Name + " takes flags only"}
	case g.field.Type == "array":
		g.items = append(g.items, args...)
	case len(args) == 1 || isProse(g.field.Name):
		g.texts = []string{strings.Join(args, " ")}
	default:
		if many := a.given[g.field.Name+"s"]; many != nil && many.field.Type == "array" {
			many.items = append(many.items, args...)
			return nil
		}
		return usageError{"unexpected argument \"" + args[1] + "\": " + a.tool.Name + " takes one " + g.field.Name}
	}
	return nil
}

// isProse reports whether words without quotes around them are one value.
func isProse(field string) bool { return field == "query" || field == "question" }

// set gives a field a value that the command line implies.
func (a *arguments) set(field, text string) {
	if g := a.given[field]; g != nil {
		g.texts = []string{text}
	}
}

// object is the call's arguments.
func (a *arguments) object() (json.RawMessage, error) {
	object := make(map[string]json.RawMessage)
	for _, field := range a.fields {
		g := a.given[field.Name]
		if len(g.texts)+len(g.items) == 0 {
			continue
		}
		if field.Type == "array" {
			object[field.Name] = listOf(g.items, g.texts, field.Items)
		} else {
			object[field.Name] = valueOf(g.texts[0], field.Type)
		}
	}
	return json.Marshal(object)
}

// listOf takes whole items, and splits texts at commas; a flag may be repeated,
// too.
func listOf(whole, texts []string, kind string) json.RawMessage {
	items := []json.RawMessage{}
	for _, item := range whole {
		items = append(items, valueOf(item, kind))
	}
	for _, text := range texts {
		for item := range strings.SplitSeq(text, ",") {
			item = strings.TrimSpace(item)
			if item != "" {
				items = append(items, valueOf(item, kind))
			}
		}
	}
	raw, _ := json.Marshal(items) // each is valid JSON
	return raw
}

// valueOf is text as JSON of a kind, or as a JSON string where it is not of
// that kind: the registry then says what is wrong with it.
func valueOf(text, kind string) json.RawMessage {
	if kind != "string" && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	raw, _ := json.Marshal(text)
	return raw
}

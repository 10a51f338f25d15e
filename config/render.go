package config

import (
	"fmt"
	"strings"
)

// EnvExample is the text of .env.example: every variable with its meaning, set
// to its default and commented out.
func EnvExample() string {
	var b strings.Builder
	b.WriteString(`# Settings of axon-mcp, all of them optional. Made by "go generate ./config".
#
# Copy what you change to .env in the data directory (axon-mcp doctor shows
# which), or name another file with --env-file. Only you may be able to write
# it: chmod 600. The working directory's .env is never read.
#
# Each secret NAME may also be given as NAME_FILE, the path of a file.
`)
	section := ""
	for _, f := range Fields() {
		if f.Section != section {
			section = f.Section
			b.WriteString("\n# ---- " + section + "\n")
		}
		b.WriteString("\n# " + f.About + "\n#" + f.Env + "=" + f.Default + "\n")
	}
	return b.String()
}

// Markdown is the text of docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Made by "go generate ./config" from the code. Do not edit. -->

Every setting is optional. A value is looked for in this order; the first place that has it wins:

1. flags of the command line: ` + "`--data-dir DIR`, `--log-level LEVEL`, and `--set NAME=VALUE`" + ` for any setting
2. the environment
3. the file named by ` + "`--env-file`" + `, or else ` + "`.env`" + ` in the data directory

The working directory is never read: a client may start the program in any checkout. A settings file that
others may write is refused. An empty value counts as not set. Each secret ` + "`NAME`" + ` may also be given as
` + "`NAME_FILE`" + `, the path of a file that holds it. A wrong configuration ends the program with exit code 78 and
one message that names every variable at fault.
`)
	section := ""
	for _, f := range Fields() {
		if f.Section != section {
			section = f.Section
			b.WriteString("\n## " + section + "\n\n| variable | type | default | meaning |\n|---|---|---|---|\n")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Env, f.Type, codeOrDash(f.Default), strings.ReplaceAll(f.About, "|", `\|`))
	}
	return b.String()
}

func codeOrDash(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + strings.ReplaceAll(s, "|", `\|`) + "`"
}

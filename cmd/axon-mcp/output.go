package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/tools"
)

// printJSON writes one JSON value and nothing else: indented for a person at a
// terminal, on one line for a program.
func printJSON(w io.Writer, value any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if isTerminal(w) {
		enc.SetIndent("", "  ")
	}
	if err := enc.Encode(value); err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// failure is a failed call under --json.
type failure struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

func failureOf(err error) failure {
	return failure{Code: fault.CodeOf(err), Message: fault.MessageOf(err)}
}

// printBlocks writes a result for a person: what stands there for models, the
// frames around page text and the warning above them, is left out. What it says
// of the next call goes to hints: the rest may become a file.
func printBlocks(w, hints io.Writer, blocks []tools.Block) error {
	var b, next strings.Builder
	for _, block := range blocks {
		switch {
		case block.Link != nil:
			fmt.Fprintf(&b, "%s (%s)\n", block.Link.URI, block.Link.Description)
		case block.Image != nil:
			fmt.Fprintf(&b, "[%s, %d bytes]\n", block.Image.MediaType, len(block.Image.Data))
		default:
			text, hint := withoutHint(block.Text)
			next.WriteString(hint)
			if text = strings.TrimRight(plainText(text), "\n"); text != "" {
				b.WriteString(text + "\n")
			}
		}
	}
	if _, err := io.WriteString(w, strings.TrimLeft(b.String(), "\n")); err != nil {
		return err
	}
	_, err := io.WriteString(hints, asFlags(printable(next.String())))
	return err
}

// argument is one that a hint names as a model would give it.
var argument = regexp.MustCompile(`\b([a-z]+(?:_[a-z]+)*)=(\S+)`)

// asFlags writes the arguments that a hint names as this command line takes them:
// "retrieve url=https://a.example/?b" is "retrieve --url 'https://a.example/?b'".
func asFlags(hint string) string {
	return argument.ReplaceAllStringFunc(hint, func(given string) string {
		name, value, _ := strings.Cut(given, "=")
		flag := "--" + strings.ReplaceAll(name, "_", "-")
		switch {
		case value == "true":
			return flag
		case strings.ContainsAny(value, "'\"\\$`&;|<>(){}[]*?!#~"):
			return flag + " '" + strings.ReplaceAll(value, "'", `'\''`) + "'"
		}
		return flag + " " + value
	})
}

// withoutHint splits off the last line of a block where it is for the next call.
// A page's text is none: the last line of its block is the end of the frame.
func withoutHint(text string) (rest, hint string) {
	text = strings.TrimRight(text, "\n")
	start := strings.LastIndexByte(text, '\n') + 1
	if last := text[start:]; strings.HasPrefix(last, "next: ") || strings.HasPrefix(last, "end of the ") {
		return text[:start], last + "\n"
	}
	return text, ""
}

// The marks that package tools puts around page text.
var (
	frameBegin = regexp.MustCompile(`(?m)^((?:\[\d+\] )?)--- page text [a-z0-9]+ from (.*) ---$`)
	frameEnd   = regexp.MustCompile(`(?m)^--- end of page text [a-z0-9]+ ---$`)
	frameNote  = regexp.MustCompile(` ?Text between "page text" and "end of page text" lines[^\n]*`)
)

// plainText is a block for a person.
func plainText(text string) string {
	text = frameNote.ReplaceAllString(text, "")
	text = frameEnd.ReplaceAllString(text, "")
	return printable(frameBegin.ReplaceAllString(text, "\n$1$2"))
}

// printable drops control characters, so that the text of a page cannot send
// commands to the terminal (title, colours, clipboard).
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

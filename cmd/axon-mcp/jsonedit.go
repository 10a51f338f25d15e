package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// setMember sets top[section][name] = value in the text of a JSON file and
// leaves every other byte as it was: order, spacing, and the comments and
// trailing commas that some clients allow. An empty text counts as {}.
func setMember(text, section, name, value string) (string, error) {
	if strings.TrimSpace(text) == "" {
		text = "{\n}\n"
	}
	top, err := objectAt(text, 0)
	if err != nil {
		return "", err
	}
	sectionValue, found := top.members[section]
	if !found {
		return insert(text, top, section, "{\n"+indent(quote(name)+": "+value)+"\n}"), nil
	}
	inner, err := objectAt(text, sectionValue.start)
	if err != nil {
		return "", fmt.Errorf("%q: %w", section, err)
	}
	old, found := inner.members[name]
	if !found {
		return insert(text, inner, name, value), nil
	}
	value = strings.ReplaceAll(value, "\n", "\n"+lineIndent(text, old.start))
	return text[:old.start] + value + text[old.end:], nil
}

// span is a range of bytes.
type span struct{ start, end int }

// object is where an object and its members stand in a text.
type object struct {
	span
	members map[string]span
}

// insert puts a member first, so that no comma before it is needed.
func insert(text string, o object, name, value string) string {
	pad := lineIndent(text, o.start)
	member := indent(quote(name) + ": " + value)
	member = "\n" + pad + strings.ReplaceAll(member, "\n", "\n"+pad)
	rest := text[o.start+1:]
	if len(o.members) > 0 {
		member += ","
	}
	if !strings.HasPrefix(strings.TrimLeft(rest, " \t\r"), "\n") {
		member += "\n" + pad
		rest = strings.TrimLeft(rest, " \t")
		if len(o.members) > 0 {
			member += "  "
		}
	}
	return text[:o.start+1] + member + rest
}

func quote(s string) string {
	raw, _ := json.Marshal(s) // a string always encodes
	return string(raw)
}

// indent moves every line two spaces to the right.
func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

// lineIndent is the white space at the beginning of the line that holds at.
func lineIndent(text string, at int) string {
	line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// objectAt reads the object that begins at or after from.
func objectAt(text string, from int) (object, error) {
	s := &scanner{text: text, at: from}
	s.skip()
	o := object{span: span{start: s.at}, members: make(map[string]span)}
	if !s.take('{') {
		return o, errors.New("is no JSON object")
	}
	for {
		s.skip()
		if s.take('}') {
			o.end = s.at
			return o, nil
		}
		name, err := s.name()
		if err != nil {
			return o, err
		}
		value := span{start: s.at}
		if err := s.value(0); err != nil {
			return o, err
		}
		value.end = s.at
		o.members[name] = value
		s.skip()
		s.take(',')
	}
}

// scanner walks over JSON with comments. It checks no more than it needs to
// find where values begin and end.
type scanner struct {
	text string
	at   int
}

// maxNesting bounds the depth of a file that is edited.
const maxNesting = 200

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// skip passes white space and comments.
func (s *scanner) skip() {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case strings.HasPrefix(rest, "//"):
			s.to(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			s.to(rest, "*/")
		case strings.HasPrefix(rest, "\ufeff"):
			s.at += len("\ufeff")
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			s.at++
		default:
			return
		}
	}
}

// to moves behind the next mark, or to the end.
func (s *scanner) to(rest, mark string) {
	if i := strings.Index(rest[1:], mark); i >= 0 {
		s.at += 1 + i + len(mark)
		return
	}
	s.at = len(s.text)
}

// name reads a member's name and its colon.
func (s *scanner) name() (string, error) {
	start := s.at
	if err := s.str(); err != nil {
		return "", err
	}
	var name string
	if err := json.Unmarshal([]byte(s.text[start:s.at]), &name); err != nil {
		return "", fmt.Errorf("is no JSON at byte %d: %w", start, err)
	}
	s.skip()
	if !s.take(':') {
		return "", fmt.Errorf("is no JSON: a colon is missing at byte %d", s.at)
	}
	s.skip()
	return name, nil
}

func (s *scanner) str() error {
	if !s.take('"') {
		return fmt.Errorf("is no JSON: a name is missing at byte %d", s.at)
	}
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return nil
		}
		s.at++
	}
	return errors.New("is no JSON: a string does not end")
}

// value passes one value.
func (s *scanner) value(depth int) error {
	if depth > maxNesting || s.at >= len(s.text) {
		return fmt.Errorf("is no JSON: a value is missing at byte %d", min(s.at, len(s.text)))
	}
	switch c := s.text[s.at]; c {
	case '"':
		return s.str()
	case '{', '[':
		return s.nested(c+2, depth) // } is { + 2, ] is [ + 2
	}
	start := s.at
	for s.at < len(s.text) && !strings.ContainsRune(",]}/ \t\r\n", rune(s.text[s.at])) {
		s.at++
	}
	if !json.Valid([]byte(s.text[start:s.at])) {
		return fmt.Errorf("is no JSON at byte %d", start)
	}
	return nil
}

// nested passes what stands up to the closing bracket.
func (s *scanner) nested(closing byte, depth int) error {
	s.at++
	for {
		s.skip()
		if s.take(closing) {
			return nil
		}
		if closing == '}' {
			if _, err := s.name(); err != nil {
				return err
			}
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.skip()
		s.take(',')
	}
}

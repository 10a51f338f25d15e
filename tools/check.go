package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
)

// checkArgs holds the arguments of a call against the tool's input schema and
// returns them as one JSON object. Its faults say which field, what was given
// and what is wanted, so that a model can correct its next call; the schema
// library's own messages do not.
func checkArgs(tool string, schema *jsonschema.Schema, args json.RawMessage) (json.RawMessage, error) {
	args = bytes.TrimSpace(args)
	if len(args) == 0 || bytes.Equal(args, []byte("null")) {
		args = json.RawMessage("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(args))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, fault.Errorf(fault.Invalid, "%s: the arguments are not valid JSON (%v); give one JSON object", tool, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.Errorf(fault.Invalid, "%s: something follows the arguments; give one JSON object", tool)
	}
	c := checker{tool: tool}
	value = c.value(schema, value, "")
	if c.err != nil {
		return nil, c.err
	}
	if !c.changed {
		return args, nil
	}
	return json.Marshal(value)
}

// Bounds of strings, in characters, and lists whose schema has no bound of its
// own: no name or pattern is longer, and a model need not read them. URLs may be
// half as long; the guard says so, in its own words.
const (
	maxString = 16_384
	maxItems  = 100
)

// checker walks a value beside its schema. It knows the keywords that schemaFor
// writes and no others.
type checker struct {
	tool    string
	err     error
	changed bool // a number was rewritten: 10.0 is an integer
}

func (c *checker) value(s *jsonschema.Schema, v any, path string) any {
	if c.err != nil {
		return v
	}
	switch s.Type {
	case "object":
		if object, ok := v.(map[string]any); ok {
			return c.object(s, object, path)
		}
	case "array":
		if list, ok := v.([]any); ok {
			return c.list(s, list, path)
		}
	case "string":
		if text, ok := v.(string); ok && c.text(s, text) {
			return v
		}
	case "boolean":
		if _, ok := v.(bool); ok {
			return v
		}
	case "integer", "number":
		if number, ok := v.(json.Number); ok {
			if rewritten, ok := c.number(s, number); ok {
				return rewritten
			}
		}
	default: // any JSON
		return v
	}
	c.refuse(s, v, path)
	return v
}

func (c *checker) object(s *jsonschema.Schema, object map[string]any, path string) any {
	if s.Properties == nil { // an object of any shape
		return object
	}
	for _, name := range sortedKeys(object) {
		if s.Properties[name] == nil {
			c.unknown(s, join(path, name), name)
			return object
		}
	}
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			c.err = fault.Errorf(fault.Invalid, "%s: %s is missing; give %s (%s)",
				c.tool, join(path, name), wanted(s.Properties[name]), s.Properties[name].Description)
			return object
		}
	}
	for _, name := range sortedKeys(object) {
		object[name] = c.value(s.Properties[name], object[name], join(path, name))
	}
	return object
}

func (c *checker) list(s *jsonschema.Schema, list []any, path string) any {
	most := maxItems
	if s.MaxItems != nil {
		most = *s.MaxItems
	}
	if (s.MinItems != nil && len(list) < *s.MinItems) || len(list) > most {
		c.err = fault.Errorf(fault.Invalid, "%s: %s has %d items; give %s", c.tool, path, len(list), wanted(s))
		return list
	}
	for i := range list {
		list[i] = c.value(s.Items, list[i], path+"["+strconv.Itoa(i)+"]")
	}
	return list
}

func (c *checker) text(s *jsonschema.Schema, text string) bool {
	if s.Enum != nil {
		return slices.Contains(s.Enum, any(text))
	}
	n := utf8.RuneCountInString(text)
	longest := maxString
	if s.MaxLength != nil {
		longest = *s.MaxLength
	}
	return n <= longest && (s.MinLength == nil || n >= *s.MinLength)
}

// number reports whether n fits s, and returns it in the form that decodes into
// a Go integer: 1e2 is 100 (JSON Schema, 4.2.3).
func (c *checker) number(s *jsonschema.Schema, n json.Number) (any, bool) {
	f, err := n.Float64()
	if err != nil || (s.Minimum != nil && f < *s.Minimum) || (s.Maximum != nil && f > *s.Maximum) {
		return nil, false
	}
	if s.Type == "number" {
		return n, true
	}
	if _, err := n.Int64(); err == nil {
		return n, true
	}
	const exact = 1 << 53 // above it a float does not tell one integer from the next
	if f != math.Trunc(f) || math.Abs(f) > exact || (f == 0 && strings.ContainsAny(mantissa(n), "123456789")) {
		return nil, false
	}
	c.changed = true
	return json.Number(strconv.FormatInt(int64(f), 10)), true
}

// mantissa is what stands before a number's exponent.
func mantissa(n json.Number) string {
	text, _, _ := strings.Cut(strings.ToLower(n.String()), "e")
	return text
}

func (c *checker) refuse(s *jsonschema.Schema, v any, path string) {
	if path == "" {
		path = "the arguments"
	}
	hint := ""
	if word, ok := v.(string); ok && s.Enum != nil {
		if near := nearest(word, words(s.Enum)); near != "" {
			hint = "; did you mean " + strconv.Quote(near) + "?"
		}
	}
	c.err = fault.Errorf(fault.Invalid, "%s: %s must be %s, got %s%s", c.tool, path, wanted(s), got(v), hint)
}

func (c *checker) unknown(s *jsonschema.Schema, path, name string) {
	hint := ""
	if near := nearest(name, s.PropertyOrder); near != "" {
		hint = " Did you mean " + strconv.Quote(near) + "?"
	}
	fields := "It takes no arguments."
	if len(s.PropertyOrder) > 0 {
		fields = "The fields are " + strings.Join(s.PropertyOrder, ", ") + "."
	}
	c.err = fault.Errorf(fault.Invalid, "%s: unknown field %q.%s %s", c.tool, clip(path, 80), hint, fields)
}

// wanted says in words what fits s.
func wanted(s *jsonschema.Schema) string {
	switch s.Type {
	case "string":
		switch {
		case s.Enum != nil:
			return "one of " + strings.Join(words(s.Enum), ", ")
		case s.MaxLength != nil:
			return "a string of " + span(s.MinLength, s.MaxLength) + " characters"
		case s.MinLength != nil:
			return "a string of " + span(s.MinLength, jsonschema.Ptr(maxString)) + " characters"
		}
		return "a string (at most " + group(maxString) + " characters)"
	case "boolean":
		return "true or false"
	case "integer", "number":
		article := map[string]string{"integer": "an integer", "number": "a number"}[s.Type]
		switch {
		case s.Minimum != nil && s.Maximum != nil:
			return article + " from " + figure(*s.Minimum) + " to " + figure(*s.Maximum)
		case s.Minimum != nil:
			return article + " of at least " + figure(*s.Minimum)
		}
		return article
	case "array":
		most := maxItems
		if s.MaxItems != nil {
			most = *s.MaxItems
		}
		return "a list of " + span(s.MinItems, &most) + " " + s.Items.Type + "s"
	case "object":
		return "an object"
	}
	return "a JSON value"
}

func span(low, high *int) string {
	if low == nil {
		return "at most " + group(int64(*high))
	}
	return strconv.Itoa(*low) + " to " + group(int64(*high))
}

// got shows a value as it was given, shortened.
func got(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "something that is not JSON"
	}
	return clip(string(text), 80)
}

func words(values []any) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if word, ok := v.(string); ok {
			out = append(out, word)
		}
	}
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func figure(f float64) string { return group(int64(f)) }

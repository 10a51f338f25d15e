package tools

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaFor makes the schema of T. A field's description is its "jsonschema"
// tag; its "rule" tag holds space separated constraints:
//
//	min=1 max=500   range of a number, length of a string, items of a list
//	default=10      what holds where the field is absent (JSON, or a bare word)
//	enum=a|b        the only values
//	optional        may be absent though the field is not omitempty
func schemaFor[T any]() (*jsonschema.Schema, error) {
	t := reflect.TypeFor[T]()
	schema, err := jsonschema.ForType(t, nil)
	if err != nil {
		return nil, fmt.Errorf("make the schema of %v: %w", t, err)
	}
	if err := refine(t, schema); err != nil {
		return nil, fmt.Errorf("make the schema of %v: %w", t, err)
	}
	return schema, nil
}

// refine applies rule tags at every depth. Lists are never null here: the
// library allows null for a nil slice, which says nothing to a model.
func refine(t reflect.Type, s *jsonschema.Schema) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice && len(s.Types) == 2 {
		s.Type, s.Types = "array", nil
	}
	switch {
	case t.Kind() == reflect.Slice && s.Items != nil:
		return refine(t.Elem(), s.Items)
	case t.Kind() == reflect.Map && s.AdditionalProperties != nil:
		return refine(t.Elem(), s.AdditionalProperties)
	case t.Kind() != reflect.Struct || s.Type != "object":
		return nil
	case s.Properties == nil: // a tool without arguments; some clients need the word
		s.Properties = map[string]*jsonschema.Schema{}
	}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := s.Properties[name]
		if field.Anonymous || property == nil {
			continue
		}
		if err := refine(field.Type, property); err != nil {
			return err
		}
		for rule := range strings.FieldsSeq(field.Tag.Get("rule")) {
			if rule == "optional" {
				s.Required = slices.DeleteFunc(s.Required, func(required string) bool { return required == name })
				continue
			}
			if err := applyRule(property, rule); err != nil {
				return fmt.Errorf("field %s: %w", name, err)
			}
		}
	}
	return nil
}

func applyRule(s *jsonschema.Schema, rule string) error {
	key, value, _ := strings.Cut(rule, "=")
	switch key {
	case "default":
		s.Default = json.RawMessage(value)
		if !json.Valid(s.Default) {
			s.Default = json.RawMessage(strconv.Quote(value))
		}
		return nil
	case "enum":
		for word := range strings.SplitSeq(value, "|") {
			s.Enum = append(s.Enum, word)
		}
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("rule %q: %w", rule, err)
	}
	switch key + " " + s.Type {
	case "min string":
		s.MinLength = &n
	case "max string":
		s.MaxLength = &n
	case "min array":
		s.MinItems = &n
	case "max array":
		s.MaxItems = &n
	case "min integer", "min number":
		s.Minimum = jsonschema.Ptr(float64(n))
	case "max integer", "max number":
		s.Maximum = jsonschema.Ptr(float64(n))
	default:
		return fmt.Errorf("rule %q does not fit the type %s", rule, s.Type)
	}
	return nil
}

// loosen takes from an output's schema what only costs a model context: an
// output is ours and made from the type. Of what lies below the first level
// stay the names of the fields that are always there.
func loosen(s *jsonschema.Schema, depth int) {
	if s == nil {
		return
	}
	switch depth {
	case 0:
		s.AdditionalProperties = nil
		for _, property := range s.Properties {
			loosen(property, 1)
		}
	case 1:
		s.Properties, s.PropertyOrder, s.AdditionalProperties = nil, nil, nil
		loosen(s.Items, 1) // the list itself is no level
	}
}

// defaultsOf returns the object that a call without arguments stands for.
func defaultsOf(s *jsonschema.Schema) (json.RawMessage, error) {
	values := make(map[string]json.RawMessage)
	for name, property := range s.Properties {
		if property.Default != nil {
			values[name] = property.Default
		}
	}
	return json.Marshal(values)
}

// Field describes one field of a tool's input, for a door that makes a form or
// flags of it.
type Field struct {
	Name       string          // as in JSON
	Type       string          // "string", "integer", "number", "boolean", "array"
	Items      string          // the elements' type, for "array"
	About      string          // one or two sentences, with an example
	Default    json.RawMessage // nil where there is none
	Enum       []string        // the only values; nil: any
	Required   bool
	Positional bool // stands bare at the command line
}

// Fields returns the tool's input fields in their order.
func (t *Tool) Fields() []Field {
	fields := make([]Field, 0, len(t.Input.Properties))
	for _, name := range t.Input.PropertyOrder {
		s := t.Input.Properties[name]
		field := Field{Name: name, Type: s.Type, About: s.Description, Default: s.Default, Positional: name == t.Positional}
		if s.Items != nil {
			field.Items = s.Items.Type
		}
		for _, word := range s.Enum {
			field.Enum = append(field.Enum, fmt.Sprint(word))
		}
		for _, required := range t.Input.Required {
			field.Required = field.Required || required == name
		}
		fields = append(fields, field)
	}
	return fields
}

package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/secret"
)

// Field is one setting.
type Field struct {
	Section string // heading under which it is documented
	Env     string // name of the variable
	Default string // as written in the environment; empty for none
	About   string
	Type    string // "text", "number", "true or false", "duration", "list", "secret"
	value   reflect.Value
}

// Secret reports whether the setting is also taken from Env + "_FILE".
func (f Field) Secret() bool { return f.Type == "secret" }

// The types that a field may have.
var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[secret.String]()
	listType     = reflect.TypeFor[[]string]()
)

// Fields lists every setting in the order of its declaration.
func Fields() []Field {
	return fieldsOf(reflect.ValueOf(new(Config)).Elem(), "")
}

// fieldsOf walks a struct. A field with an env tag is a setting; a struct
// without one is a section, or a part of the section that it stands in.
func fieldsOf(v reflect.Value, section string) []Field {
	var fields []Field
	for i := range v.NumField() {
		meta, value := v.Type().Field(i), v.Field(i)
		env := meta.Tag.Get("env")
		switch {
		case env != "":
			fields = append(fields, Field{
				Section: section, Env: env, Default: meta.Tag.Get("default"), About: meta.Tag.Get("about"),
				Type: typeName(meta.Type), value: value,
			})
		case meta.Type.Kind() == reflect.Struct && meta.IsExported():
			name := meta.Tag.Get("section")
			if name == "" {
				name = section
			}
			fields = append(fields, fieldsOf(value, name)...)
		}
	}
	return fields
}

// typeName says what a value looks like, or is empty for a type that no field
// may have.
func typeName(t reflect.Type) string {
	switch {
	case t == durationType:
		return "duration"
	case t == secretType:
		return "secret"
	case t == listType:
		return "list"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "number"
	}
	return ""
}

// set parses text into the field. The error does not repeat a secret.
func (f Field) set(text string) error {
	switch f.Type {
	case "secret":
		f.value.Set(reflect.ValueOf(secret.New(text)))
	case "text":
		f.value.SetString(text)
	case "list":
		f.value.Set(reflect.ValueOf(splitList(text)))
	case "duration":
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is no duration; write it like 30s, 5m or 24h", text)
		}
		f.value.SetInt(int64(d))
	case "true or false":
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		f.value.SetBool(b)
	case "number":
		return f.setNumber(text)
	default:
		return fmt.Errorf("has a type that config does not know: %v", f.value.Type())
	}
	return nil
}

func (f Field) setNumber(text string) error {
	if f.value.Kind() == reflect.Float64 {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", text)
		}
		f.value.SetFloat(n)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, f.value.Type().Bits())
	if err != nil {
		return fmt.Errorf("%q is no whole number", text)
	}
	f.value.SetInt(n)
	return nil
}

// splitList splits at commas and drops what is empty.
func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

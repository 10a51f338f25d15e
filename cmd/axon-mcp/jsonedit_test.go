package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestSetMember(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"an empty file": {"", "{\n  \"servers\": {\n    \"axon\": {\n      \"a\": 1\n    }\n  }\n}\n"},
		"no section yet": {
			"{\n  \"x\": [1, 2.50]\n}\n",
			"{\n  \"servers\": {\n    \"axon\": {\n      \"a\": 1\n    }\n  },\n  \"x\": [1, 2.50]\n}\n",
		},
		"an empty section": {
			"{\n  \"servers\": {}\n}\n",
			"{\n  \"servers\": {\n    \"axon\": {\n      \"a\": 1\n    }\n  }\n}\n",
		},
		"another server": {
			"{\n  \"servers\": {\n    \"b\": {} // mine\n  },\n}\n",
			"{\n  \"servers\": {\n    \"axon\": {\n      \"a\": 1\n    },\n    \"b\": {} // mine\n  },\n}\n",
		},
		"itself, in place": {
			"{\n  \"servers\": {\n    \"b\": 1, /* } */\n    \"axon\": {\"old\": [\"]\"]},\n  },\n}\n",
			"{\n  \"servers\": {\n    \"b\": 1, /* } */\n    \"axon\": {\n      \"a\": 1\n    },\n  },\n}\n",
		},
		"all on one line": {
			`{"x":1,"servers":{"b":2}}`,
			"{\"x\":1,\"servers\":{\n  \"axon\": {\n    \"a\": 1\n  },\n  \"b\":2}}",
		},
	} {
		got, err := setMember(row.text, "servers", "axon", "{\n  \"a\": 1\n}")
		if err != nil || got != row.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, row.want)
		}
	}
	for _, text := range []string{"[]", "{", `{"servers": [`, `{"servers": 3}`, `{"a" 1}`, `{"a": tru}`, `{"a": "`, `{"servers":{"axon":`} {
		if got, err := setMember(text, "servers", "axon", "1"); err == nil {
			t.Errorf("%q was taken and became %q", text, got)
		}
	}
}

// On valid JSON the edit is the assignment that it says it is, and nothing else.
func FuzzSetMember(f *testing.F) {
	for _, seed := range []string{`{}`, `{"servers":{"axon":{"x":"\"}"}},"b":[{}]}`, `{"servers":{}}`, "{ \"a\" : null }"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		edited, err := setMember(text, "servers", "axon", `{"a":1}`)
		var before map[string]any
		if json.Unmarshal([]byte(text), &before) != nil || before == nil || strings.Count(text, `\`) > 0 {
			return // not plain JSON: only that it ends is asked
		}
		if section, there := before["servers"]; there {
			if _, ok := section.(map[string]any); !ok {
				return
			}
		}
		if duplicateKeys(text) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var after map[string]any
		if err := json.Unmarshal([]byte(edited), &after); err != nil {
			t.Fatalf("%q became %q: %v", text, edited, err)
		}
		section, _ := before["servers"].(map[string]any)
		if section == nil {
			section = make(map[string]any)
		}
		section["axon"] = map[string]any{"a": 1.0}
		before["servers"] = section
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%q became %q", text, edited)
		}
	})
}

// duplicateKeys reports whether the text names servers or axon more than once:
// readers differ in which one counts.
func duplicateKeys(text string) bool {
	lower := strings.ToLower(text)
	return strings.Count(lower, "servers") > 1 || strings.Count(lower, "axon") > 1
}

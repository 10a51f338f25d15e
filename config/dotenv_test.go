package config

import (
	"strings"
	"testing"
)

func TestParseEnv(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"A=1":                       "1",
		"export A=1":                "1",
		" A = spaced out ":          "spaced out",
		"A=1 # why":                 "1",
		"A=a#b":                     "a#b",
		"A='as $it \\n stands' # x": `as $it \n stands`,
		`A="line\nline \"q\" \\"`:   "line\nline \"q\" \\",
		`A="keep \d"`:               `keep \d`,
		"A=":                        "",
		"A=#only a comment":         "",
		"\ufeffA=bom\r\n":           "bom",
		"A=1\nA=2":                  "2",
		"# A=0\n\nA=x=y":            "x=y",
	} {
		values, err := parseEnv(text)
		if err != nil || values["A"] != want {
			t.Errorf("%q: %q, %v; want %q", text, values["A"], err, want)
		}
	}
	for _, text := range []string{"A", "A B=1", "=1", `A="open`, "A='open", `A="x" y`, "ok=1\nno"} {
		if values, err := parseEnv(text); err == nil {
			t.Errorf("%q was taken as %q", text, values)
		} else if strings.Contains(err.Error(), "open") {
			t.Errorf("%q: the error repeats the value: %v", text, err)
		}
	}
}

func FuzzParseEnv(f *testing.F) {
	for _, seed := range []string{"A=1", "export A='x' # y", "A=\"\\", "\ufeff=\n\"", "A=\"a\\n\"b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseEnv(text)
		if err != nil {
			return
		}
		for name := range values {
			if !isName(name) {
				t.Errorf("the name %q of %q", name, text)
			}
		}
	})
}

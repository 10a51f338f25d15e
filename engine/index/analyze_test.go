package index

import (
	"slices"
	"strings"
	"testing"
)

// shown writes tokens as one line: a stacked one with + before it, an exact one
// with ! after it.
func shown(tokens []token) string {
	var out []string
	for _, t := range tokens {
		s := t.term
		if t.stacked {
			s = "+" + s
		}
		if t.exact {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestAnalyzerFindsWordsAndWholeIdentifiers(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", ""},
		{" .,;*|--- ", ""},
		{"Parsing configurations", "pars configur"},
		{"os.path.join(a)", "os +os.path.join! path join a"},
		{"see os.path. Next", "see os +os.path! path next"},
		{"git commit --no-verify", "git commit no +--no-verify! verifi"},
		{"error[E0308]: mismatched", "error e0308! mismatch"},
		{"CREATE INDEX", "creat index"},
		{"ThreadPoolExecutor", "thread +threadpoolexecutor! pool executor"},
		{"HTTPServer getURLs", "http +httpserver! server get +geturl! url"},
		{"max_parallel_workers", "max +max_parallel_workers! parallel worker"},
		{"__init__ _emphasis_ _private", "init +__init__! emphasi privat +_private!"},
		{"std::vec::Vec p->next", "std +std::vec::vec! vec vec p +p->next! next"},
		{"C++ and C# and c", "c +c++! and c +c#! and c"},
		{"$HOME @property .gitignore -f", "home +$home! properti +@property! gitignor +.gitignore! f +-f!"},
		{"the page's don't", "the page don't"},
		{"the page’s", "the page"},
		{"utf8 42 3.11", "utf8! 42 3 +3.11! 11"},
		{"Café ÜBER naïve", "cafe uber naiv"},
		{"検索の例", "検索 索の の例"},
		{"語 x", "語 x"},
		{"Привет МИР", "привет мир"},
		{strings.Repeat("x", 65) + " y", "y"},
	}
	a := newAnalyzer()
	for _, tt := range tests {
		if got := shown(a.tokens(tt.text)); got != tt.want {
			t.Errorf("tokens(%q)\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestPlainTextDropsTargetsAndEscapes(t *testing.T) {
	t.Parallel()
	tests := []struct{ md, want string }{
		{"plain", "plain"},
		{"[join](https://x.org/a_(b)) next", "[join  next"},
		{`max\_workers \n`, `max_workers \n`},
		{"a[i](x)", "a[i](x)"},
		{"[cut](https://x.org/\nnext", "[cut \nnext"},
		{`end\`, `end\`},
	}
	for _, tt := range tests {
		if got := plainText(tt.md); got != tt.want {
			t.Errorf("plainText(%q) = %q, want %q", tt.md, got, tt.want)
		}
	}
}

func FuzzAnalyzer(f *testing.F) {
	for _, seed := range []string{"os.path.join", "`--x` C++", "検索の", "a’b’", "\xff\xfe", "_a_", "--", "ABc9_'’", "](http"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := newAnalyzer()
		first := slices.Clone(a.tokens(plainText(text)))
		if again := a.tokens(plainText(text)); !slices.Equal(first, again) {
			t.Fatalf("%v then %v", first, again)
		}
		for i, tok := range first {
			if tok.term == "" || len(tok.term) > 4*maxName {
				t.Fatalf("token %d of %q is %q", i, text, tok.term)
			}
			if tok.stacked && i == 0 {
				t.Fatalf("%q begins with a stacked token", text)
			}
		}
	})
}

package crawl

import (
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

func TestKey(t *testing.T) {
	t.Parallel()
	tests := []struct{ raw, want string }{
		{"http://example.com/a/b.html", "http://example.com/a/b.html"},
		{"http://example.com/a/b.html#part", "http://example.com/a/b.html"},
		{"http://example.com", "http://example.com/"},
		{"http://example.com?q=1", "http://example.com/?q=1"},
		{"http://example.com#x", "http://example.com/"},
		{"HTTP://EXAMPLE.com:80/A", "http://example.com/A"},
		{"https://example.com:443/", "https://example.com/"},
		{"http://example.com:443/", "http://example.com:443/"},
		{"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},
		{"http://1.2.3/", "http://1.2.0.3/"},
		{"http://example.com/a/../b/./c", "http://example.com/b/c"},
		{"http://example.com/a/%2E%2e/b", "http://example.com/b"},
		{"http://example.com/.hidden", "http://example.com/.hidden"},
		{"http://example.com\\a\\b", "http://example.com/a/b"},
		{"http://example.com/a b", "http://example.com/a%20b"},
		{" http://example.com/\ta\n", "http://example.com/a"},
		{"http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"},
		{"http://example.com/?utm_source=x&utm_medium=y", "http://example.com/"},
		{"http://example.com/?a=1&utm_source=x&b=2&gclid=3", "http://example.com/?a=1&b=2"},
		{"http://example.com/?UTM_Source=x&a=1", "http://example.com/?a=1"},
		{"http://example.com/?", "http://example.com/"},
		{"http://example.com/?&", "http://example.com/?&"},
		{"http://example.com/?a=1?b=2#c?d", "http://example.com/?a=1?b=2"},
		{"http://example.com/it's?it's", "http://example.com/it's?it%27s"},
		{"http://example.com/a?fbclid=IwAR0#frag", "http://example.com/a"},
		{"http://[2001:DB8::1]/x", "http://[2001:db8::1]/x"},
	}
	for _, test := range tests {
		got, err := Key(test.raw)
		if err != nil || got != test.want {
			t.Errorf("Key(%q) = %q, %v; want %q", test.raw, got, err, test.want)
		}
	}
}

func TestKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "/a", "example.com", "ftp://example.com/", "mailto:a@b.c", "javascript:alert(1)", "data:text/html,x",
		"http://", "http://user@example.com/", "http://user:pw@example.com/", "http://exa mple.com/",
		"http://example.com:99999/", "http://[::1", "http://example.com/" + strings.Repeat("a", maxRawURL),
		"http://example.com/\xff",
	} {
		if got, err := Key(raw); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("Key(%.60q) = %q, %v; want an invalid fault", raw, got, err)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	const base = "http://example.com/docs/a/b.html?x=1"
	tests := []struct{ ref, want string }{
		{"c.html", "http://example.com/docs/a/c.html"},
		{"../c.html#x", "http://example.com/docs/c.html"},
		{"/c", "http://example.com/c"},
		{"//other.example/c", "http://other.example/c"},
		{"?y=2", "http://example.com/docs/a/b.html?y=2"},
		{"https://example.com/z", "https://example.com/z"},
	}
	for _, test := range tests {
		if got, err := Resolve(base, test.ref); err != nil || got != test.want {
			t.Errorf("Resolve(%q) = %q, %v; want %q", test.ref, got, err, test.want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	got := split("http://example.com:8080/docs/a/b.html?x=1?2")
	want := parts{"http", "example.com:8080", "/docs/a/b.html", "x=1?2"}
	if got != want || got.folder() != "/docs/a/" || got.origin() != "http://example.com:8080" {
		t.Errorf("split = %+v, folder %q, origin %q", got, got.folder(), got.origin())
	}
	for _, raw := range []string{"", "x", "http://example.com"} {
		if got := split(raw); got.host != "" {
			t.Errorf("split(%q) = %+v, want no host", raw, got)
		}
	}
}

// FuzzKey holds the fast path to the full parser, and a key to being its own
// key.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{
		"http://example.com/a?b=c#d", "https://a-b.c1.example:8443/x/../y", "http://127.0.0.1:1/%2e/%2fx",
		"http://xn--bcher-kva.example/", "http://1.2.3.4.5/", "http://0x7f.1/", "http://a.b/?utm_a=1&c='",
		"http://a.09/", "http://a--b.example/", "http://a.b/%", "http://a.b/.%2e", "http://a.b/x?%2e./../",
		"http://a.b:080/", "http://a.b/a%2", "http://a.b/..", "http://a.b/a/.", "http://a.1e/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		key, err := Key(raw)
		slow, slowErr := slowKey("", raw)
		if key != slow || (err == nil) != (slowErr == nil) {
			t.Fatalf("Key(%.200q) = %.200q, %v; the full parser says %.200q, %v", raw, key, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		if again, err := Key(key); err != nil || again != key {
			t.Fatalf("Key(%.200q) = %.200q, and its key is %.200q, %v", raw, key, again, err)
		}
		if split(key).host == "" {
			t.Fatalf("split(%.200q) finds no host", key)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Key("http://127.0.0.1:8080/docs/library/asyncio-subprocess.html?highlight=foo#asyncio.create"); err != nil {
			b.Fatal(err)
		}
	}
}

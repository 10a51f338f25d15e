package crawl

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// entriesOf reads a sitemap whole.
func entriesOf(body string) (entries []sitemapEntry, err error) {
	err = readSitemap([]byte(body), func(e sitemapEntry) bool {
		entries = append(entries, e)
		return true
	})
	return entries, err
}

// zip compresses.
func zip(tb testing.TB, text string) string {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

func TestSitemap(t *testing.T) {
	t.Parallel()
	plain := `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
 <url><loc> http://a.b/1?x=1&amp;y=2 </loc><lastmod>2026-05-01</lastmod><image:image><image:loc>http://a.b/i.png</image:loc></image:image></url>
 <url><loc><![CDATA[http://a.b/2]]></loc><lastmod>2026-05-01T10:00+02:00</lastmod><priority>.5</priority></url>
 <url><lastmod>2026</lastmod></url>
 <url><loc>http://a.b/3</loc><lastmod>soon</lastmod></url>
</urlset>`
	want := "http://a.b/1?x=1&y=2 2026-05-01 false\nhttp://a.b/2 2026-05-01 false\nhttp://a.b/3 0001-01-01 false\n"
	prefixed := strings.NewReplacer("<url", "<s:url", "</url", "</s:url", "<loc", "<s:loc", "</loc", "</s:loc", "<lastmod", "<s:lastmod", "</lastmod", "</s:lastmod").Replace(plain)
	for name, test := range map[string]struct{ body, want string }{
		"plain":    {plain, want},
		"gzip":     {zip(t, plain), want},
		"BOM":      {"\ufeff" + plain, want},
		"prefixed": {prefixed, want},
		"index": {
			`<sitemapindex><sitemap><loc>http://a.b/s.xml</loc></sitemap><sitemap><loc>http://a.b/t.xml</loc></sitemap></sitemapindex>`,
			"http://a.b/s.xml 0001-01-01 true\nhttp://a.b/t.xml 0001-01-01 true\n",
		},
		"lines":  {"http://a.b/1\r\n# no\nhttps://a.b/2\nftp://a.b/3\n", "http://a.b/1 0001-01-01 false\nhttps://a.b/2 0001-01-01 false\n"},
		"latin1": {`<?xml version="1.0" encoding="ISO-8859-1"?><urlset><url><loc>http://a.b/` + "\xe9" + `</loc></url></urlset>`, "http://a.b/é 0001-01-01 false\n"},
		"html":   {"<!doctype html><html><body>Not found<p></html>", ""},
		"empty":  {"", ""},
	} {
		entries, err := entriesOf(test.body)
		var got strings.Builder
		for _, e := range entries {
			fmt.Fprintf(&got, "%s %s %v\n", e.loc, e.lastMod.Format(time.DateOnly), e.index)
		}
		if err != nil || got.String() != test.want {
			t.Errorf("%s: %q, %v; want %q", name, got.String(), err, test.want)
		}
	}
}

func TestSitemapHostile(t *testing.T) {
	t.Parallel()
	// Billion laughs: ten entities, each ten of the one before.
	laughs := `<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a0 "http://a.b/">`
	for i := range 10 {
		laughs += fmt.Sprintf(`<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	laughs += `]><urlset><url><loc>&a10;</loc></url><url><loc>http://a.b/1</loc></url></urlset>`
	external := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><urlset><url><loc>http://a.b/&e;</loc></url></urlset>`
	for name, body := range map[string]string{"billion laughs": laughs, "external entity": external} {
		entries, _ := entriesOf(body) // an error is as good
		for _, e := range entries {
			if len(e.loc) > 100 || strings.Contains(e.loc, "root:") {
				t.Errorf("%s: an entity was expanded: %.100q", name, e.loc)
			}
		}
	}
	deep := strings.Repeat("<url>", 50_000) + "<loc>http://a.b/1</loc>" + strings.Repeat("</url>", 50_000)
	if entries, err := entriesOf("<urlset>" + deep); err != nil || len(entries) != 1 {
		t.Errorf("nesting: %d entries, %v", len(entries), err)
	}
	many := "<urlset>" + strings.Repeat("<url><loc>http://a.b/1</loc></url>", maxSitemapURLs+10)
	if entries, err := entriesOf(many); !errors.Is(err, errSitemapFull) || len(entries) != maxSitemapURLs {
		t.Errorf("too many: %d entries, %v", len(entries), err)
	}
	if entries, err := entriesOf(strings.Repeat("http://a.b/1\n", maxSitemapURLs+10)); !errors.Is(err, errSitemapFull) || len(entries) != maxSitemapURLs {
		t.Errorf("too many lines: %d entries, %v", len(entries), err)
	}
	long := "<urlset><url><loc>http://a.b/" + strings.Repeat("a", 1<<20) + "</loc></url></urlset>"
	if entries, err := entriesOf(long); err != nil || len(entries) > 0 && len(entries[0].loc) > maxRawURL {
		t.Errorf("a long URL: %v", err)
	}
	const limit = 1 << 16
	bomb := zip(t, "<!--"+strings.Repeat(" ", limit)+"--><urlset><url><loc>http://a.b/1</loc></url></urlset>")
	if err := readSitemapWithin([]byte(bomb), limit, func(e sitemapEntry) bool {
		t.Errorf("a bomb gives %q", e.loc)
		return true
	}); err == nil {
		t.Error("a bomb is no error")
	}
	for name, body := range map[string]string{"cut gzip": zip(t, "<urlset>")[:15], "bad gzip": "\x1f\x8bxx", "cut XML": "<urlset><url"} {
		if _, err := entriesOf(body); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLinkList(t *testing.T) {
	t.Parallel()
	text := "# Docs\n> about\n\n- [Start](/start): first\n- [API [v1]](<https://a.b/api> \"title\")\n![img](x.png)\n[open](broken"
	var got []string
	readLinkList(text, func(href, title string) bool {
		got = append(got, title+"="+href)
		return true
	})
	if want := "Start=/start v1]=https://a.b/api img=x.png"; strings.Join(got, " ") != want {
		t.Errorf("links %q, want %q", got, want)
	}
}

func FuzzSitemap(f *testing.F) {
	for _, seed := range []string{
		"<urlset><url><loc>http://a.b/</loc><lastmod>2026</lastmod></url></urlset>", "http://a.b/\nhttp://a.b/2",
		"<!DOCTYPE x [<!ENTITY a 'b'>]><sitemapindex><sitemap><loc>&a;&amp;&#65;</loc></sitemap>", "\x1f\x8b\x08", "<a:urlset><a:url><a:loc>x</a:loc></a:url>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		err := readSitemap(body, func(e sitemapEntry) bool {
			if n++; e.loc == "" || len(e.loc) > maxRawURL && bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
				t.Fatalf("entry %.100q", e.loc)
			}
			return n < 100
		})
		if n > 100 {
			t.Fatalf("%d entries after the last that was wanted (%v)", n, err)
		}
		readLinkList(string(body), func(href, _ string) bool {
			if href == "" {
				t.Fatal("an empty link")
			}
			return true
		})
	})
}

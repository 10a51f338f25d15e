package crawl

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/axon-mcp/axon-mcp/engine/crawl/crawltest"
	"github.com/axon-mcp/axon-mcp/fault"
)

// mapOf lists a site in one line an entry.
func mapOf(t *testing.T, site http.Handler, opts MapOptions) []string {
	t.Helper()
	entries, err := Map(t.Context(), Deps{Fetch: direct{Handler: site}, Validate: validate}, opts)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		mod := ""
		if !e.LastMod.IsZero() {
			mod = e.LastMod.Format("2006")
		}
		out = append(out, fmt.Sprintf("%s|%s|%s|%d|%s", split(e.URL).path, e.Title, mod, e.Depth, e.Source))
	}
	return out
}

func TestMap(t *testing.T) {
	t.Parallel()
	site := crawltest.New(pages{
		"/":            page("Start", "/a", "/old", "/missing", "http://other.example/"),
		"/a":           page("Page A", "/deep"),
		"/old":         {Location: "/a"},
		"/deep":        page("Deep"),
		"/listed":      page("Listed"),
		"/d":           page("D"),
		"/sitemap.xml": {MediaType: "application/xml", Body: "<urlset><url><loc>/listed</loc><lastmod>2026-01-01</lastmod></url><url><loc>/a</loc><lastmod>2025-01-01</lastmod></url></urlset>"},
		"/llms.txt":    {MediaType: "text/plain", Body: "[The letter D](/d)"},
	})
	for name, test := range map[string]struct {
		opts MapOptions
		want []string
	}{
		"all":    {MapOptions{}, []string{"/|Start||0|start", "/a|Page A|2025|1|link", "/d|D||1|llms.txt", "/listed|Listed|2026|1|sitemap", "/deep|Deep||2|link"}},
		"only":   {MapOptions{Sitemap: SitemapOnly}, []string{"/|||0|start", "/d|The letter D||1|llms.txt", "/listed||2026|1|sitemap", "/a||2025|1|sitemap"}},
		"skip":   {MapOptions{Sitemap: SitemapSkip}, []string{"/|Start||0|start", "/a|Page A||1|link", "/deep|Deep||2|link"}},
		"depth":  {MapOptions{Sitemap: SitemapSkip, MaxDepth: 1}, []string{"/|Start||0|start", "/a|Page A||1|link"}},
		"search": {MapOptions{Search: "page A"}, []string{"/a|Page A|2025|1|link"}},
		"limit":  {MapOptions{Limit: 2, Sitemap: SitemapSkip}, []string{"/|Start||0|start", "/a|/a||1|link"}},
	} {
		test.opts.URL, test.opts.Robots = root+"/", true
		if got := mapOf(t, site, test.opts); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q\nwant %q", name, got, test.want)
		}
	}
}

func TestMapReadsNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	site := crawltest.Small(300)
	if got := mapOf(t, site, MapOptions{URL: root + "/", Limit: 3}); len(got) != 3 {
		t.Errorf("entries %q", got)
	}
	if n := len(site.Log()); n > 8 {
		t.Errorf("%d requests for 3 entries", n)
	}
	site.Reset()
	if got := mapOf(t, site, MapOptions{URL: root + "/", MaxDepth: 50, MaxPages: 20}); len(got) < 20 {
		t.Errorf("%d entries of 20 pages", len(got))
	}
	if n := len(site.Log()); n > 25 {
		t.Errorf("%d requests for 20 pages", n)
	}
}

func TestMapRefuses(t *testing.T) {
	t.Parallel()
	deps := Deps{Fetch: direct{Handler: crawltest.New(nil)}, Validate: validate}
	for code, opts := range map[fault.Code]MapOptions{
		fault.Invalid:    {URL: root + "/", Limit: maxMapLimit + 1},
		fault.NotFound:   {URL: root + "/"},
		fault.URLBlocked: {URL: "http://localhost/"},
	} {
		if entries, err := Map(t.Context(), deps, opts); fault.CodeOf(err) != code {
			t.Errorf("%+v: %v, %v; want %s", opts, entries, err, code)
		}
	}
	if _, err := Map(t.Context(), deps, MapOptions{URL: root, Sitemap: "maybe"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("err %v", err)
	}
}

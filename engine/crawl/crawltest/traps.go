package crawltest

import (
	"fmt"
	"net/http"
	"strings"
)

// Traps adds to a site, under /trap/, one endless place of each kind, and
// returns a page that leads to all of them. None of them ends by itself.
func (s *Site) Traps() Page {
	trap := func(path string, links func(r *http.Request) []string) {
		s.Handle(path, func(w http.ResponseWriter, r *http.Request) {
			page := Page{Title: r.URL.RequestURI(), Text: Sentence(hash(r.URL.RequestURI()), 30), Links: links(r)}
			page.ServeHTTP(w, r)
		})
	}
	// A relative link without its slash: /trap/rel/a/a/a …
	trap("/trap/rel/", func(*http.Request) []string { return []string{"a/", "b/", "a/b/"} })
	// A path that grows by a new name each time.
	trap("/trap/deep/", func(r *http.Request) []string {
		return []string{fmt.Sprintf("%s/d%d", strings.TrimSuffix(r.URL.Path, "/"), strings.Count(r.URL.Path, "/"))}
	})
	// A calendar: every month leads to all months of its year and to other years.
	trap("/trap/calendar", func(r *http.Request) (links []string) {
		year, month := 2026, 1
		_, _ = fmt.Sscanf(r.URL.RawQuery, "year=%d&month=%d", &year, &month) // the first page has none
		for m := range 12 {
			links = append(links, fmt.Sprintf("/trap/calendar?year=%d&month=%d", year, m+1))
		}
		for _, y := range []int{year - 1, year + 1, year - 10, year + 10} {
			links = append(links, fmt.Sprintf("/trap/calendar?year=%d&month=%d", y, month))
		}
		return links
	})
	// Facets: every page leads to itself with one more parameter, in any order.
	trap("/trap/facets", func(r *http.Request) (links []string) {
		for _, name := range []string{"size", "color", "brand", "sort"} {
			for value := range 3 {
				links = append(links, fmt.Sprintf("/trap/facets?%s", strings.TrimPrefix(fmt.Sprintf("%s&%s=%d", r.URL.RawQuery, name, value), "&")))
			}
		}
		return links
	})
	// A server that answers everything with the same page.
	s.Handle("/trap/soft/", func(w http.ResponseWriter, r *http.Request) {
		page := Page{Title: "Not found", Text: "There is nothing here."}
		for i := range 4 {
			page.HTML += fmt.Sprintf(`<a href="/trap/soft/%x">more</a>`, hash(r.URL.Path)+uint64(i)*0x9e3779b9)
		}
		Page{Title: page.Title, Body: page.render(), NoETag: true}.ServeHTTP(w, r)
	})
	// Redirects without end, and in a circle.
	s.Handle("/trap/hops/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) })
	s.Set("/trap/circle", Page{Location: "/trap/circle2", Status: http.StatusFound})
	s.Set("/trap/circle2", Page{Location: "/trap/circle", Status: http.StatusFound})
	s.Set("/trap/self", Page{Location: "/trap/self", Status: http.StatusFound})
	return Page{Title: "Traps", Text: "Everything that has no end.", Links: []string{
		"/trap/rel/", "/trap/deep/x", "/trap/calendar", "/trap/facets", "/trap/soft/1", "/trap/hops/a", "/trap/circle", "/trap/self",
		"/logout", "/items/5/delete", "/shop/add-to-cart?id=5", "/account?action=logout", "/page;jsessionid=ABC", "/page?PHPSESSID=abc",
		"/logo.png", "/big.zip",
	}}
}

// hash is FNV-1a.
func hash(text string) uint64 {
	sum := uint64(14695981039346656037)
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return sum
}

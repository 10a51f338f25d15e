package content
import ("testing";"os";"fmt";"path/filepath";"strings")
func TestZZ(t *testing.T) {
	dir := os.Getenv("AXON_WCXB")
	for _, n := range []string{"0285", "0348", "0639", "0586", "2972", "0703"} {
		raw, _ := os.ReadFile(filepath.Join(dir, "html", n+".html"))
		page, _ := parseTree(raw)
		applyStyles(page)
		seen := 0
		for h := range page.Descendants() {
			st := attribute(h, "style")
			if st != "" && (hidingStyle(st, h) || isFaded(h)) && !strings.Contains(string(raw), st) && seen < 6 {
				if w := textSize(h); w > 60 { seen++; var b strings.Builder; for d := range h.Descendants() { if d.Type == 1 { b.WriteString(strings.TrimSpace(d.Data)+" ") } }; fmt.Printf("%s <%s class=%q id=%q> %q: %d bytes %.150s\n", n, h.Data, attribute(h,"class"), attribute(h,"id"), st, w, b.String()) }
			}
		}
	}
}
func BenchmarkWCXB(b *testing.B) {
	dir := os.Getenv("AXON_WCXB")
	files, _ := filepath.Glob(filepath.Join(dir, "html", "*.html"))
	var raws [][]byte
	for _, f := range files { raw, _ := os.ReadFile(f); raws = append(raws, raw) }
	for b.Loop() { for _, r := range raws { Parse(Input{URL: "https://e.com/", MediaType: "text/html", Body: r}) } }
}

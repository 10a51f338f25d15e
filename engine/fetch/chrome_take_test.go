package fetch

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hiddenSheet is a style sheet that lies elsewhere.
const hiddenSheet = `.none{display:none} .vis{visibility:hidden} .cv{content-visibility:hidden} .clip{position:absolute;clip:rect(0 0 0 0)} .path{clip-path:inset(100%)}
.off{position:absolute;left:-5000px} .indent{text-indent:-9999px;overflow:hidden} .tiny{width:1px;height:1px;overflow:hidden} .flat{height:0;overflow:hidden}
.font{font-size:0} .white{color:#fff} .pane{background:#123456;color:#123456} .clear{color:transparent} .scale{transform:scale(0)} .fade{opacity:0}
.hero{position:relative;height:60px} .hero img{position:absolute;inset:0;width:100%;height:60px} .hero h2{color:#fff;position:relative} .dark{background:#000;color:#fff}
.grad{background:linear-gradient(red,blue);color:transparent;-webkit-background-clip:text;background-clip:text} .seen{visibility:visible}`

// What only a browser can tell, that a style sheet of elsewhere hides a text, is
// told in the HTML by style attributes; what is seen stays as it is, also where
// the page's elements have the names of the document's own properties (N5).
func TestBrowserTellsWhatIsHidden(t *testing.T) { //nolint:paralleltest // one Chromium at a time
	hidden := `<p class=none>H1</p><p class=vis>H2</p><div class=cv>H3</div><p class=clip>H4</p><p class=path>H5</p><p class=off>H6</p><p class=indent>H7</p>
<div class=tiny>H8</div><div class=flat>H9</div><p class=font>HA</p><p class=white>HB</p><div class=pane><p>HC</p></div><p class=clear>HD <b class=dark>S0</b></p><p class=scale>HE</p><p class=fade>HF</p>`
	shown := `<p>S1</p><p class=dark>S2</p><div class=hero><img src=/x.png alt=""><h2>S3</h2></div><h2 class=grad>S4</h2><details><summary>S5</summary><p>S6</p></details>
<button aria-controls=fold aria-expanded=false>open</button><div id=fold class=flat>S7</div><div class=vis>H0<p class=seen>S8</p></div><ul><li>S9</ul>
<table><tr><td>SA</td></tr></table><pre>SB <span>SC</span></pre><a href="/x">SD</a> <span class=contents>SE</span>`
	bodies := map[string]string{
		"/sheet":    `<main>` + shown + hidden + `</main>`,
		"/clobber":  `<img name=documentElement><img name=URL><img name=contentType><form name=implementation><input name=setAttribute><input name=getAttribute></form><main>` + shown + hidden + `</main>`,
		"/main":     `<main class=none>H1</main><p>S1</p>`,
		"/body":     `<script>document.body.className = 'none'</script><main>H1</main>`,
		"/html":     `<script>document.documentElement.className = 'fade'</script><main>H1</main>`,
		"/revealed": `<main id=m style="display:none">S1</main><script>m.style.display = ''</script>`,
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sheet.css" {
			w.Header().Set("Content-Type", "text/css")
			_, _ = io.WriteString(w, hiddenSheet)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!doctype html><html><head><title>T</title><link rel=stylesheet href=/sheet.css></head><body>`+bodies[r.URL.Path])
	}))
	t.Cleanup(site.Close)
	b := newBrowser(t, ChromeConfig{}, strings.TrimPrefix(site.URL, "http://"))
	for path, body := range bodies {
		r, err := b.Fetch(t.Context(), Request{URL: site.URL + path})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got := string(r.Body)
		for _, id := range "0123456789ABCDEF" {
			if mark := "S" + string(id); strings.Contains(body, mark) && (!strings.Contains(got, mark) || markedHidden(got, mark)) {
				t.Errorf("%s: %s is seen, and told to be hidden", path, mark)
			}
			if mark := "H" + string(id); strings.Contains(got, mark) && !markedHidden(got, mark) {
				t.Errorf("%s: %s is hidden, and not told to be", path, mark)
			}
		}
		if t.Failed() {
			t.Logf("%s", got)
		}
	}
}

// markedHidden reports whether the start tag before a mark has a style that says
// something.
func markedHidden(page, mark string) bool {
	before := page[:strings.Index(page, mark)]
	tag := before[strings.LastIndex(before, "<"):]
	return strings.Contains(tag, "style=") && !strings.Contains(tag, `style=""`)
}

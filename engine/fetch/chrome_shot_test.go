package fetch

import (
	"bytes"
	"image"
	"image/color"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/axon-mcp/axon-mcp/fault"
)

// drawing is a page whose script draws a red square, a blue bar and, far below,
// a green one.
const drawing = `<!doctype html><title>Drawing</title><style>body{margin:0;background:#fff;font:20px sans-serif}#far{position:absolute;top:2900px;height:100px;width:100%;background:rgb(0,160,0)}</style>
<h1 style="margin:220px 20px 0">Drawn by script</h1><div id=far></div><div id=hidden style="display:none"></div>
<script>
for (const [id, x, y, w, h, c] of [['red', 100, 50, 100, 100, 'rgb(220,0,0)'], ['blue', 300, 50, 400, 60, 'rgb(0,0,220)']]) {
	const d = document.createElement('div');
	d.id = id; d.style.cssText = 'position:absolute;left:' + x + 'px;top:' + y + 'px;width:' + w + 'px;height:' + h + 'px;background:' + c;
	document.body.append(d);
}
</script>`

func TestScreenshot(t *testing.T) { //nolint:paralleltest // one Chromium at a time
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/zip":
			w.Header().Set("Content-Type", "application/zip")
			return
		case "/kept":
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Disposition", "Attachment; filename=a.html")
		case "/bytes":
			w.Header().Set("Content-Type", "application/octet-stream")
		case "/gone":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusGone)
		}
		_, _ = w.Write([]byte(drawing))
	}))
	t.Cleanup(site.Close)
	b := newBrowser(t, ChromeConfig{}, strings.TrimPrefix(site.URL, "http://"))
	red, green, blue := color.RGBA{220, 0, 0, 255}, color.RGBA{0, 160, 0, 255}, color.RGBA{0, 0, 220, 255}
	tests := map[string]struct {
		path          string
		shot          Shot
		width, height int
		at            map[image.Point]color.RGBA
		code          fault.Code
	}{
		"full page":    {"/", Shot{FullPage: true}, 1280, 3000, map[image.Point]color.RGBA{{150, 100}: red, {500, 80}: blue, {640, 2950}: green}, ""},
		"the window":   {"/", Shot{}, 1280, 800, map[image.Point]color.RGBA{{150, 100}: red}, ""},
		"small window": {"/", Shot{Width: 400, Height: 300}, 400, 300, map[image.Point]color.RGBA{{150, 100}: red, {399, 80}: blue}, ""},
		"one element":  {"/", Shot{Selector: "#far", FullPage: true}, 1280, 100, map[image.Point]color.RGBA{{1, 1}: green, {1279, 99}: green}, ""},
		"jpeg":         {"/", Shot{JPEG: true}, 1280, 800, nil, ""},
		"an error":     {"/gone", Shot{}, 1280, 800, map[image.Point]color.RGBA{{150, 100}: red}, ""},
		"no such":      {"/", Shot{Selector: "#none"}, 0, 0, nil, fault.NotFound},
		"hidden":       {"/", Shot{Selector: "#hidden"}, 0, 0, nil, fault.NotFound},
		"no selector":  {"/", Shot{Selector: "#'("}, 0, 0, nil, fault.Invalid},
		"no picture":   {"/zip", Shot{}, 0, 0, nil, fault.Unsupported},
		"a download":   {"/kept", Shot{}, 0, 0, nil, fault.Unsupported},
		"bytes":        {"/bytes", Shot{}, 0, 0, nil, fault.Unsupported},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := b.Screenshot(t.Context(), site.URL+test.path, test.shot)
			if fault.CodeOf(err) != test.code {
				t.Fatalf("got %v, want code %q", err, test.code)
			}
			if err != nil {
				return
			}
			got, format, err := image.Decode(bytes.NewReader(p.Data))
			if err != nil || p.MediaType != "image/"+format || p.Width != test.width || p.Height != test.height {
				t.Fatalf("got %s, %d x %d, %s, %v", format, p.Width, p.Height, p.MediaType, err)
			}
			for at, want := range test.at {
				if c := color.RGBAModel.Convert(got.At(at.X, at.Y)); c != want {
					t.Errorf("at %v: %v, want %v", at, c, want)
				}
			}
			if dir := os.Getenv("AXON_TEST_KEEP"); dir != "" { // for eyes
				_ = os.WriteFile(dir+"/"+strings.ReplaceAll(name, " ", "-")+"."+format, p.Data, 0o600)
			}
		})
	}
}

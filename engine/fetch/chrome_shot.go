package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg" // for the size of a picture
	_ "image/png"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Shot says what a screenshot is to show.
type Shot struct {
	Width, Height int    // of the window, in pixels; zero: 1280 by 800
	FullPage      bool   // the page as far as it goes down, not only the window
	Selector      string // only the first element that fits this CSS selector
	JPEG          bool   // and not PNG
}

// Picture is a screenshot.
type Picture struct {
	FinalURL      string
	Status        int
	Data          []byte
	MediaType     string
	Width, Height int
	Truncated     bool // the page is longer
}

// Screenshot draws a page of any status. It fails as Fetch does; with NotFound
// where nothing visible fits the selector, with Invalid where that is none, and
// with Unsupported for what a browser does not draw.
func (b *Browser) Screenshot(ctx context.Context, raw string, shot Shot) (Picture, error) {
	u, err := b.client.guard.ValidateURL(raw)
	if err != nil {
		return Picture{}, err
	}
	if shot.Width <= 0 {
		shot.Width = 1280
	}
	if shot.Height <= 0 {
		shot.Height = 800
	}
	got, err := b.visit(ctx, job{url: u, shot: &shot})
	return got.picture, err
}

// maxShotSide is where a page is cut, in pixels: Chrome draws no more at once.
const maxShotSide = 16_000

// box is a part of the page.
type box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
	Wrong  bool    `json:"wrong"` // the selector is none
	Found  bool    `json:"found"`
}

const boxJS = `((selector) => {
	const r = document.documentElement, all = { x: 0, y: 0, width: Math.max(r.scrollWidth, innerWidth), height: Math.max(r.scrollHeight, innerHeight), found: true, wrong: false };
	if (!selector) return all;
	let e;
	try { e = document.querySelector(selector); } catch { return { ...all, wrong: true }; }
	if (!e) return { ...all, found: false };
	const b = e.getBoundingClientRect();
	return { ...all, x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height };
})(%s)`

// picture takes the picture.
func (t *tab) picture(s Shot) (Picture, error) {
	selector, err := json.Marshal(s.Selector)
	if err != nil {
		return Picture{}, err
	}
	b, err := evaluate[box](t, fmt.Sprintf(boxJS, selector))
	if err != nil {
		return Picture{}, err
	}
	switch {
	case b.Wrong:
		return Picture{}, fault.Errorf(fault.Invalid, "%q is no CSS selector", s.Selector)
	case !b.Found:
		return Picture{}, fault.Errorf(fault.NotFound, "nothing on the page fits the selector %q", s.Selector)
	case b.Width < 1 || b.Height < 1:
		return Picture{}, fault.Errorf(fault.NotFound, "what fits the selector %q is not visible", s.Selector)
	}
	out := Picture{MediaType: "image/png"}
	params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}
	if s.JPEG {
		quality := int64(85)
		out.MediaType, params.Format, params.Quality = "image/jpeg", page.CaptureScreenshotFormatJpeg, &quality
	}
	if s.Selector != "" || s.FullPage {
		out.Truncated = b.Width > maxShotSide || b.Height > maxShotSide
		params.CaptureBeyondViewport = yes()
		params.Clip = &page.Viewport{X: b.X, Y: b.Y, Width: min(b.Width, maxShotSide), Height: min(b.Height, maxShotSide), Scale: 1}
	}
	shot, err := cdp.Call(t.ctx, t.target, page.CaptureScreenshot, params)
	if err != nil {
		return Picture{}, fmt.Errorf("take the picture: %w", err)
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(shot.Data))
	if err != nil {
		return Picture{}, fmt.Errorf("read the picture: %w", err)
	}
	out.Data, out.Width, out.Height = shot.Data, size.Width, size.Height
	return out, nil
}

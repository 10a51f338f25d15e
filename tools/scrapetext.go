package tools

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/crawl"
)

// cutScrape gives each page the same share of the room.
func cutScrape(out ScrapeOutput, n int) (ScrapeOutput, error) {
	out.Pages = append([]ScrapedPage(nil), out.Pages...)
	share := max(200, n/len(out.Pages)-500)
	for i := range out.Pages {
		p := &out.Pages[i]
		for _, field := range []**string{&p.Markdown, &p.Text, &p.HTML} {
			if *field != nil && len(**field) > share {
				short := headChars(**field, share)
				*field, p.Truncated = &short, true
			}
		}
		if raw, err := encode(p.JSON); err != nil || len(raw) > share {
			p.JSON, p.Truncated = nil, true
		}
		if links := fitting(p.Links, share); len(links) < len(p.Links) {
			p.Links, p.Truncated = links, true
		}
		p.Description = clip(p.Description, share/2)
	}
	out.Pages = fitting(out.Pages, n)
	return out, nil
}

// scrapeWhole is what the artifact of a long result holds.
func scrapeWhole(pages []ScrapedPage) string {
	var b strings.Builder
	for _, p := range pages {
		fmt.Fprintf(&b, "<!-- %s -->\n", strings.ReplaceAll(line(p.FinalURL), "--", "%2D%2D"))
		b.WriteString(titled(p.Title, scrapedText(p)) + "\n\n")
	}
	return b.String()
}

func scrapeShape(pages []ScrapedPage) string {
	n := 0
	for _, p := range pages {
		n += len(scrapedText(p))
	}
	return count(int64(len(pages)), "page") + ", " + count(int64(n), "byte")
}

// scrapedText is a page's content in the format that was asked for.
func scrapedText(p ScrapedPage) string {
	for _, field := range []*string{p.Markdown, p.Text, p.HTML} {
		if field != nil {
			return *field
		}
	}
	if p.JSON != nil {
		text, err := json.MarshalIndent(p.JSON, "", " ")
		if err == nil {
			return "```json\n" + string(text) + "\n```"
		}
	}
	var b strings.Builder
	for _, l := range p.Links {
		b.WriteString("- " + l.URL + " " + line(l.Text) + "\n")
	}
	return b.String()
}

func scrapeText(f frame) func(ScrapeOutput) []Block {
	return func(out ScrapeOutput) []Block {
		blocks := []Block{{Text: notice}}
		for _, p := range out.Pages {
			switch {
			case p.Code != "":
				blocks = append(blocks, Block{Text: f.inline(p.URL) + " could not be read: " + p.Code + ": " + f.inline(p.Message)})
				continue
			case p.RawHTML != "":
				blocks = append(blocks, Block{Text: f.inline(p.URL) + ": the HTML as sent is " + p.RawHTML + "; artifacts action=read shows it."})
				continue
			}
			note := fmt.Sprintf("status %d, %s", p.Status, count(int64(p.WordCount), "word"))
			if p.FromCache {
				note += ", unchanged since it was indexed"
			}
			if p.Truncated {
				note += ", only the head"
			}
			if p.Render == crawl.RenderChrome {
				note += ", rendered by a browser"
			}
			note += flagNote(p.Flags)
			blocks = append(blocks, Block{Text: f.page(p.FinalURL, note, titled(p.Title, scrapedText(p)))})
		}
		return append(blocks, Block{Text: "next: crawl keeps the site in the index; scrape with format=links shows where a page leads."})
	}
}

// titled is text under its title, where it does not begin with a top heading of
// its own.
func titled(title, text string) string {
	if title == "" || strings.HasPrefix(text, "# ") {
		return text
	}
	return "# " + line(title) + "\n\n" + text
}

package content

import (
	"strings"
	"time"
)

// Input is one fetched resource.
type Input struct {
	// URL is the final URL, after redirects; links are made absolute against it
	// (or <base>).
	URL string
	// MediaType is the type without parameters, such as "text/html". Empty
	// means: find out from Body and the URL's extension.
	MediaType string
	// Body is UTF-8 for text types.
	Body []byte
	// Include and Exclude are CSS selectors. Include keeps only what matches;
	// Exclude drops what matches. Empty means the extractor's own choice.
	Include, Exclude []string
}

// Document is what one resource says: its main content as Markdown, where it
// links to, and what it tells of itself.
type Document struct {
	URL         string // Input.URL
	Canonical   string // rel=canonical, absolute; empty if none
	Title       string
	Description string
	Lang        string // BCP 47, as the page says; empty if it does not
	Author      string
	Published   time.Time // zero if not told
	Modified    time.Time // zero if not told
	Generator   string    // "sphinx", "docbook", "mkdocs" …; empty if unknown
	Version     string    // version of the documentation, where the site tells
	Breadcrumb  []string
	Headings    []Heading
	// Markdown is the main content, without loss.
	Markdown string
	// Text is what a shell check looks at: words in the whole page outside
	// script and style.
	Words int
	Links []Link
	// NoIndex and NoFollow come from <meta name=robots>.
	NoIndex, NoFollow bool
	// Refresh is the absolute target of <meta http-equiv=refresh>; empty if none.
	Refresh string
	// LeadsOn tells that the page says little more than that it has moved, and leads
	// to Refresh within seconds: what static sites have in place of a redirect.
	LeadsOn bool
	// Hash is SHA-256 (hex) over Title and Markdown as extracted, before any
	// learned boilerplate is cut.
	Hash string
	// Hidden is how many bytes of text were left out because attributes or styles
	// hide them from a reader.
	Hidden int
	// Shell tells that the page is an empty frame that a script fills.
	Shell bool
}

// detach copies the strings that a page tells of itself: as substrings they would
// keep the whole page in memory for as long as the document lives.
func (d *Document) detach() {
	var copied strings.Builder
	size := 0
	d.eachString(func(s *string) { size += len(*s) })
	copied.Grow(size)
	d.eachString(func(s *string) {
		began := copied.Len()
		copied.WriteString(*s)
		*s = copied.String()[began:]
	})
}

func (d *Document) eachString(visit func(*string)) {
	for _, s := range []*string{&d.Canonical, &d.Title, &d.Description, &d.Lang, &d.Author, &d.Version, &d.Refresh} {
		visit(s)
	}
	for i := range d.Breadcrumb {
		visit(&d.Breadcrumb[i])
	}
	for i := range d.Headings {
		visit(&d.Headings[i].Text)
		visit(&d.Headings[i].Anchor)
	}
	for i := range d.Links {
		visit(&d.Links[i].URL)
		visit(&d.Links[i].Text)
	}
}

// Heading is one heading of the Markdown.
type Heading struct {
	Level  int    `json:"level"` // 1 to 6
	Text   string `json:"text"`
	Anchor string `json:"anchor,omitempty"` // id in the page, without #
	Offset int    `json:"offset"`           // byte offset of its line in the Markdown
}

// Link is one hyperlink of the page, absolute and http(s) only.
type Link struct {
	URL      string
	Text     string
	NoFollow bool
	// Main tells that the link stands in the main content.
	Main bool
}

// Chunk is a passage for the index.
type Chunk struct {
	Ordinal     int      // from 0 within the document
	HeadingPath []string // headings above it, outermost first, without the title
	Anchor      string   // id of the nearest heading above; empty if none
	Start, End  int      // byte range in the Markdown
	// Text is Markdown[Start:End], with the header of a split table or code
	// block repeated where one was split.
	Text   string
	Tokens int
	// Inside are the headings within it, after the one that it stands under.
	Inside []Place
}

// Place is where a section begins.
type Place struct {
	Offset      int // in the Markdown
	Anchor      string
	HeadingPath []string // as in Chunk
}

// Block is a top-level block of Markdown with its fingerprint.
type Block struct {
	Start, End  int
	Fingerprint uint64 // of the block's words, case and space folded
	// LinkDense tells that nearly all of the block's text is links.
	LinkDense bool
}

// Cut is a learned boilerplate block that was taken out of a document, kept so
// that the document as fetched can be put together again.
type Cut struct {
	Fingerprint uint64 `json:"f"`
	Offset      int    `json:"o"` // byte offset in the cleaned Markdown where Text stood
	Text        string `json:"t"`
}

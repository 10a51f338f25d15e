package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxDepth bounds every walk of a tree; what is nested deeper is left out. Real
// pages stay under 100.
const maxDepth = 400

func attr(n *html.Node, key string) string {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			return n.Attr[i].Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, key string) bool {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			return true
		}
	}
	return false
}

// hasClass reports whether the element carries one of the classes.
func hasClass(n *html.Node, names ...string) bool {
	class := attr(n, "class")
	if class == "" {
		return false
	}
	for c := range strings.FieldsSeq(class) {
		for _, name := range names {
			if c == name {
				return true
			}
		}
	}
	return false
}

// find returns the first element, in document order, that ok accepts.
func find(n *html.Node, ok func(*html.Node) bool) *html.Node {
	var found *html.Node
	walk(n, func(n *html.Node) bool {
		if found == nil && n.Type == html.ElementNode && ok(n) {
			found = n
		}
		return found == nil
	})
	return found
}

// walk visits n and what is below it, in document order, as long as visit
// returns true for the parent.
func walk(n *html.Node, visit func(*html.Node) bool) { walkDepth(n, visit, 0) }

func walkDepth(n *html.Node, visit func(*html.Node) bool, depth int) {
	if depth > maxDepth || !visit(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walkDepth(c, visit, depth+1)
	}
}

// plain returns the text below n with white space folded, without what is never
// shown.
func plain(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) bool {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
		return n.Type != html.ElementNode || !neverShown(n)
	})
	return Sanitize(fold(b.String()))
}

// tight is plain without spaces between the text nodes: the words of a heading
// whose letters stand in several elements.
func tight(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) bool {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		return n.Type != html.ElementNode || !neverShown(n) && !isPermalink(n)
	})
	return Sanitize(fold(b.String()))
}

// fold makes every run of white space one space and trims.
func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// neverShown tells elements that a browser does not show, or that are no text.
func neverShown(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Head, atom.Iframe, atom.Object, atom.Embed,
		atom.Canvas, atom.Svg, atom.Audio, atom.Video, atom.Input, atom.Select, atom.Textarea, atom.Button, atom.Datalist, atom.Dialog:
		return true
	}
	return isHidden(n)
}

var hidingClasses = []string{
	"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screenreader", "hidden", "d-none", "print-only", "headerlink-hidden",
}

// isHidden tells elements that are there and not to be seen: what a page hides
// from its reader may be meant for a model.
func isHidden(n *html.Node) bool {
	if len(n.Attr) == 0 {
		return false
	}
	if hasAttr(n, "hidden") || hasClass(n, hidingClasses...) {
		return true
	}
	style := attr(n, "style")
	return style != "" && hidingStyle(style)
}

// hidingStyle reads an inline style for the ways to hide text.
func hidingStyle(style string) bool {
	s := strings.ToLower(strings.Join(strings.Fields(style), ""))
	color, background := "", ""
	for decl := range strings.SplitSeq(s, ";") {
		key, value, ok := strings.Cut(decl, ":")
		if !ok {
			continue
		}
		value = strings.TrimSuffix(value, "!important")
		switch key {
		case "display":
			if value == "none" {
				return true
			}
		case "visibility":
			if value == "hidden" || value == "collapse" {
				return true
			}
		case "opacity", "font-size", "max-height", "max-width":
			if isZero(value) {
				return true
			}
		case "height", "width":
			if isZero(value) && strings.Contains(s, "overflow:hidden") {
				return true
			}
		case "left", "top", "right", "text-indent", "margin-left", "margin-top":
			if strings.HasPrefix(value, "-") && len(value) > 5 {
				return true // -999px and beyond: off the screen
			}
		case "clip", "clip-path":
			if strings.HasPrefix(value, "rect(0") || strings.HasPrefix(value, "inset(50%") || strings.HasPrefix(value, "inset(100%") {
				return true
			}
		case "color":
			color = colorName(value)
		case "background", "background-color":
			background = colorName(value)
		}
	}
	if color == "transparent" {
		return true
	}
	return color != "" && (color == background || color == "white" && background == "")
}

func isZero(value string) bool {
	value = strings.TrimRight(value, "%abcdefghijklmnopqrstuvwxyz")
	return value != "" && strings.Trim(value, "0.") == ""
}

func colorName(value string) string {
	switch value {
	case "#fff", "#ffffff", "rgb(255,255,255)":
		return "white"
	case "#000", "#000000", "rgb(0,0,0)":
		return "black"
	}
	return value
}

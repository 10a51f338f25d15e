package content

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// neverShown tells elements that a browser does not show to a reader, or that
// are no text: what a page hides from its reader may be meant for a model.
func neverShown(h *html.Node) bool {
	switch h.DataAtom {
	case atom.Script:
		return !strings.HasPrefix(attribute(h, "type"), "math/tex")
	case atom.Style, atom.Noscript, atom.Template, atom.Iframe, atom.Object, atom.Embed, atom.Canvas, atom.Svg,
		atom.Audio, atom.Video, atom.Select, atom.Datalist, atom.Noframes, atom.Noembed, atom.Applet, atom.Rp,
		atom.Meter, atom.Progress: // text for browsers that know no bars
		return true
	case atom.Textarea: // a reader's, but for the examples of pkgsite
		return !strings.HasPrefix(attribute(h, "class"), exampleClass) || isHidden(h)
	case atom.Input:
		return attribute(h, "type") != "checkbox"
	case atom.Dialog:
		if !hasAttribute(h, "open") {
			return true
		}
	case atom.Button:
		if !titlesSomething(h) {
			return true
		}
	case atom.Html, atom.Body, atom.Main:
		return false // hidden until a script has run, if at all
	case atom.Math: // KaTeX hides it from the eye and shows the same beside it
		return hasAttribute(h, "hidden") || hidingStyle(attribute(h, "style"), h) || isFaded(h) || hidesByClass(attribute(h, "class"))
	}
	return len(h.Attr) > 0 && isHidden(h)
}

// exampleClass begins the class of the editor that holds an example of Go code.
const exampleClass = "Documentation-exampleCode"

// titlesSomething tells buttons that open a section and bear its heading.
func titlesSomething(h *html.Node) bool {
	if hasAttribute(h, "aria-expanded") && hasAttribute(h, "aria-controls") && !hasAttribute(h, "aria-haspopup") {
		return true
	}
	for up, i := h.Parent, 0; up != nil && i < 3; up, i = up.Parent, i+1 {
		switch up.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Summary, atom.Dt:
			return !hasOtherText(up, h)
		}
	}
	return attribute(h, "role") == "tab" // the label of its panel
}

// hasOtherText reports whether text stands in outer that does not stand in
// inner, as far as it looks.
func hasOtherText(outer, inner *html.Node) bool {
	left := 10 * manySiblings
	var look func(h *html.Node) bool
	look = func(h *html.Node) bool {
		if left--; left < 0 || h.Type == html.TextNode && !isBlank(h.Data) {
			return true
		}
		if h == inner || h.DataAtom == atom.Script || h.DataAtom == atom.Style {
			return false
		}
		for c := h.FirstChild; c != nil; c = c.NextSibling {
			if look(c) {
				return true
			}
		}
		return false
	}
	return look(outer)
}

func attribute(h *html.Node, key string) string {
	for i := range h.Attr {
		if h.Attr[i].Key == key {
			return h.Attr[i].Val
		}
	}
	return ""
}

func hasAttribute(h *html.Node, key string) bool {
	for i := range h.Attr {
		if h.Attr[i].Key == key {
			return true
		}
	}
	return false
}

// hidingClasses are class names that frameworks give to what only a screen
// reader or a printer gets.
var hidingClasses = map[string]bool{
	"sr-only": true, "visually-hidden": true, "visuallyhidden": true, "screen-reader-text": true, "screen-reader-only": true, "screenreader": true, "hidden": true, "x:sr-only": true, "tw:sr-only": true,
	"d-none": true, "print-only": true, "element-invisible": true, "u-hidden": true, "is-hidden": true, "show-for-sr": true, "a11y-hidden": true,
	"assistive-text": true, "visually-hidden-focusable": true, "sr-only-focusable": true,
}

func isHidden(h *html.Node) bool {
	for i := range h.Attr {
		a := &h.Attr[i]
		switch a.Key {
		case "hidden":
			return !isTabPanel(h)
		case "popover":
			return true
		case "color":
			if h.DataAtom == atom.Font && colorName(strings.ToLower(a.Val)) == "white" && !onColour(h) {
				return true
			}
		case "class":
			if hidesByClass(a.Val) {
				return true
			}
		case "style":
			if hidingStyle(a.Val, h) && !(isFolded(h) && isTabPanel(h)) && !holdsMaths(h) && !isFolderRow(h) {
				return true
			}
		case "aria-hidden":
			if a.Val == "true" && !insideCode(h) && !isTabPanel(h) && !isSeenFor(h) && !isNameOf(h.Parent, h) && !isOnlyFormula(h) && !holdsMain(h) {
				return true
			}
		}
	}
	return false
}

// isSeenFor tells a few letters that the eye sees where a screen reader gets the
// word that stands before them: <span class=sr-only>minutes</span><span
// aria-hidden=true>mins</span>.
func isSeenFor(h *html.Node) bool {
	before := h.PrevSibling
	return before != nil && before.Type == html.ElementNode && hidesByClass(attribute(before, "class")) && textSize(h) <= 20
}

// holdsMain tells the frame of a page over which a window is open: screen readers
// are kept out of it for as long, and the eye sees it.
func holdsMain(h *html.Node) bool {
	left := 100 * manySiblings
	for n := range h.Descendants() {
		if left--; left < 0 {
			return false
		}
		if n.DataAtom == atom.Main {
			return true
		}
	}
	return false
}

// isOnlyFormula tells a formula of KaTeX beside which there is none for screen
// readers.
func isOnlyFormula(h *html.Node) bool {
	return attribute(h, "class") == "katex-html" && h.Parent != nil && h.Parent.FirstChild == h && h.NextSibling == nil
}

// isNameOf tells the title that the eye sees in a box, where a screen reader gets
// the same words as the name of the box: <aside aria-label=Note><p
// aria-hidden=true>Note</p>.
func isNameOf(box, title *html.Node) bool {
	name := ""
	if box != nil {
		name = attribute(box, "aria-label")
	}
	return name != "" && textSize(title) <= len(name) && fold(textOfNode(title)) == fold(name)
}

// textOfNode is the text below h.
func textOfNode(h *html.Node) string {
	var b strings.Builder
	for n := range h.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

// hidesByClass knows the classes that hide. One that hides on small screens
// only ("hidden md:block", "d-none d-md-block") does not.
func hidesByClass(class string) bool {
	hides := false
	for c := range strings.FieldsSeq(class) {
		switch {
		case hidingClasses[c], strings.HasSuffix(c, "-sr-only") && c != "not-sr-only" && !strings.Contains(c, ":"): // with the prefix of a site
			hides = true
		case strings.Contains(c, ":") && (strings.HasSuffix(c, ":block") || strings.HasSuffix(c, ":flex") || strings.HasSuffix(c, ":grid") ||
			strings.Contains(c, ":inline") || strings.Contains(c, ":table") || strings.HasSuffix(c, ":contents")),
			strings.HasPrefix(c, "d-") && strings.Count(c, "-") == 2 && !strings.HasSuffix(c, "-none"):
			return false
		}
	}
	return hides
}

// isTabPanel tells the panel of a tab that is not chosen: a click shows it, and
// it often has the same code in another language.
func isTabPanel(h *html.Node) bool {
	if attribute(h, "role") != "tabpanel" {
		return false
	}
	left := 20 * manySiblings
	for up, i := h.Parent, 0; up != nil && i < 2; up, i = up.Parent, i+1 {
		for c, n := up.FirstChild, 0; c != nil && n < manySiblings; c, n = c.NextSibling, n+1 {
			if holdsTabs(c, 2, &left) {
				return true
			}
		}
	}
	return false
}

// manySiblings is how far a judgement of one element looks at others: pages may
// have tens of thousands of elements that each want to be judged so.
const manySiblings = 100

// holdsTabs reports whether h is, or holds, tabs that a reader sees.
func holdsTabs(h *html.Node, depth int, left *int) bool {
	if *left--; *left < 0 || h.Type != html.ElementNode {
		return false
	}
	switch attribute(h, "role") {
	case "tabpanel":
		return false
	case "tablist", "tab":
		return !hidesItself(h) && !hidesByClass(attribute(h, "class")) && hasOtherText(h, nil)
	}
	for c, n := h.FirstChild, 0; c != nil && depth > 0 && n < manySiblings; c, n = c.NextSibling, n+1 {
		if holdsTabs(c, depth-1, left) {
			return !hidesItself(h)
		}
	}
	return false
}

// holdsMaths tells the MathML that a page keeps beside a picture of it, whose
// words for those who do not see it are the TeX in the MathML.
func holdsMaths(h *html.Node) bool {
	if h.FirstChild == nil || h.FirstChild != h.LastChild || h.FirstChild.DataAtom != atom.Math {
		return false
	}
	picture := h.NextSibling
	if picture != nil && picture.Type == html.TextNode {
		picture = picture.NextSibling
	}
	if picture == nil || picture.DataAtom != atom.Img {
		return false
	}
	words := fold(attribute(picture, "alt"))
	for n := range h.Descendants() {
		if n.Data == "annotation" {
			return words != "" && fold(textOfNode(n)) == words
		}
	}
	return false
}

// insideCode tells what stands in a code block; highlighters hide parts of
// lines there from screen readers that the eye sees.
func insideCode(h *html.Node) bool {
	for up, i := h.Parent, 0; up != nil && i < 4; up, i = up.Parent, i+1 {
		if up.DataAtom == atom.Pre {
			return true
		}
	}
	return false
}

// hidingStyle reads an inline style for the ways to hide text.
func hidingStyle(style string, h *html.Node) bool {
	if strings.Contains(style, "/*") || strings.Contains(style, `\`) {
		style = unescaped(withoutComments(style))
	}
	s := strings.ToLower(strings.Join(strings.Fields(style), ""))
	color, background := "", ""
	for decl := range strings.SplitSeq(s, ";") {
		key, value, ok := strings.Cut(decl, ":")
		if !ok {
			continue
		}
		value = strings.TrimSuffix(value, "!important")
		switch key {
		case "color", "-webkit-text-fill-color":
			color = colorName(value)
		case "background", "background-color":
			background = colorName(value)
		case "font":
			if noFont(value) && textSize(h) > 0 {
				return true
			}
		default:
			// Small text hides no pictures, and is how the gap below them is closed.
			if hidingValue(key, value, s) && (key != "font-size" || textSize(h) > 0) {
				return true
			}
		}
	}
	if strings.Contains(s, "background-clip:text") { // its picture is seen through the letters
		return false
	}
	if color == "transparent" && h.DataAtom != atom.Img { // Next.js: its alt text is not to be seen below it
		return true
	}
	return color != "" && (color == background || background == "" && color == "white" && !onColour(h))
}

// isFaded tells what a style makes invisible and leaves in its place. It is how
// to hide a text, and also how pages begin that scripts fade in, whole sections
// at a time: the builder weighs which of the two it is.
func isFaded(h *html.Node) bool {
	style := attribute(h, "style")
	if style == "" || !strings.Contains(style, "opacity") && !strings.Contains(style, "visibility") {
		return false
	}
	for decl := range strings.SplitSeq(strings.ToLower(style), ";") {
		key, value, _ := strings.Cut(decl, ":")
		value = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "!important"))
		switch strings.TrimSpace(key) {
		case "opacity":
			return isFaint(value)
		case "visibility":
			return value == "hidden" || value == "collapse"
		}
	}
	return false
}

// onColour tells white text that stands on something: the style of an ancestor
// names a background that is not white.
func onColour(h *html.Node) bool {
	for up := h.Parent; up != nil; up = up.Parent {
		if attribute(up, "bgcolor") != "" {
			return colorName(strings.ToLower(attribute(up, "bgcolor"))) != "white"
		}
		style := attribute(up, "style")
		style = strings.ToLower(style[:min(len(style), maxClass)])
		if i := strings.Index(style, "background"); i >= 0 {
			_, value, _ := strings.Cut(style[i:], ":")
			value, _, _ = strings.Cut(value, ";")
			return colorName(strings.TrimSpace(value)) != "white"
		}
	}
	return false
}

func colorName(value string) string {
	switch value {
	case "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)", "rgb(255255255)", "hsl(00%100%)": // without their spaces
		return "white"
	case "#000", "#000000", "rgb(0,0,0)":
		return "black"
	}
	if strings.HasPrefix(value, "rgba(") && strings.HasSuffix(value, ",0)") ||
		strings.HasPrefix(value, "#") && (len(value) == 9 && value[7:] == "00" || len(value) == 5 && value[4] == '0') {
		return "transparent"
	}
	return value
}

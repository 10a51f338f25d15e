package pagetree

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// rule is the one that a tag follows in <body>.
type rule uint8

const (
	ordinary rule = iota
	htmlTag
	bodyTag
	headVoid    // of <head>, without an end tag
	headText    // of <head>, with raw text
	block       // ends a paragraph
	heading     // <h1> to <h6>
	preformat   // ends a paragraph; a line feed at its beginning is dropped
	formTag     // one at a time
	listItem    // ends the item before
	definition  // <dt> or <dd>: ends the one before
	buttonTag   // ends the button before
	anchor      // ends the link before
	formatting  // is opened again where it was left open
	nobr        // formatting, and one at a time
	object      // bounds the formatting within
	tableTag    // begins a table
	voidTag     // has no end tag
	inputTag    // void, and ends a <select>
	paramTag    // void, and opens no formatting again
	ruleTag     // <hr>: void, and ends a paragraph
	imageTag    // is read as <img>
	textareaTag // text with character references
	rawTag      // raw text
	xmpTag      // raw text, and ends a paragraph
	selectTag   // ends the <select> before
	option
	optgroup
	ruby      // <rb> or <rtc>
	rubyText  // <rp> or <rt>
	foreign   // begins SVG or MathML
	tablePart // dropped outside of tables
	template
	declined // not read here: another parser has to
)

// flags say how a tag behaves on the stack of open elements.
type flags uint16

const (
	stops      flags = 1 << iota // bounds every scope
	lists                        // bounds the scope of list items
	buttons                      // bounds the scope of paragraphs
	tables                       // bounds the scope of what stands in tables
	inTable                      // text within is moved before the table
	special                      // is no formatting (HTML, 13.2.4.2)
	implied                      // its end tag may be left out
	headings                     // <h1> to <h6>
	raw                          // its text has no tags
	outside                      // in the namespace of SVG or MathML
	breaksOut                    // ends SVG and MathML
	closeable                    // its end tag follows the rule of blocks
	integrates                   // within it, SVG and MathML are HTML
)

// trait is what a tag does.
type trait struct {
	tag   atom.Atom
	rule  rule
	flags flags
}

// traitSlots is a power of two, several times the number of tags.
const traitSlots = 1024

// traits holds the tags that are no ordinary ones, by slotOf. x/net may number its
// atoms anew with each version.
var traits = makeTraits()

func slotOf(tag atom.Atom) uint32 { return uint32(tag) * 0x9E3779B1 >> 22 }

// traitOf returns what a tag does.
func traitOf(tag atom.Atom) trait {
	if tag == 0 {
		return trait{}
	}
	for i := slotOf(tag); ; i = (i + 1) % traitSlots {
		if t := traits[i]; t.tag == tag || t.tag == 0 {
			return trait{tag, t.rule, t.flags}
		}
	}
}

func makeTraits() *[traitSlots]trait {
	var table [traitSlots]trait
	at := func(name string) *trait {
		tag := atom.Lookup([]byte(name))
		i := slotOf(tag)
		for table[i].tag != 0 && table[i].tag != tag {
			i = (i + 1) % traitSlots
		}
		table[i].tag = tag
		return &table[i]
	}
	for r, names := range rulesOfTags {
		for name := range strings.FieldsSeq(names) {
			at(name).rule = r
		}
	}
	for flag, names := range flagsOfTags {
		for name := range strings.FieldsSeq(names) {
			at(name).flags |= flag
		}
	}
	return &table
}

var rulesOfTags = map[rule]string{
	htmlTag:     "html",
	bodyTag:     "body",
	headVoid:    "base basefont bgsound link meta",
	headText:    "noframes script style title",
	block:       "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup main menu nav ol p search section summary ul",
	heading:     "h1 h2 h3 h4 h5 h6",
	preformat:   "pre listing",
	formTag:     "form",
	listItem:    "li",
	definition:  "dd dt",
	buttonTag:   "button",
	anchor:      "a",
	formatting:  "b big code em font i s small strike strong tt u",
	nobr:        "nobr",
	object:      "applet marquee object",
	tableTag:    "table",
	voidTag:     "area br embed img keygen wbr",
	inputTag:    "input",
	paramTag:    "param source track",
	ruleTag:     "hr",
	imageTag:    "image",
	textareaTag: "textarea",
	rawTag:      "iframe noembed noscript",
	xmpTag:      "xmp",
	selectTag:   "select",
	option:      "option",
	optgroup:    "optgroup",
	ruby:        "rb rtc",
	rubyText:    "rp rt",
	foreign:     "math svg",
	tablePart:   "caption col colgroup frame head tbody td tfoot th thead tr",
	template:    "template",
	declined:    "frameset plaintext",
}

var flagsOfTags = map[flags]string{
	stops:   "applet caption html table td th marquee object template select",
	lists:   "ol ul",
	buttons: "button",
	tables:  "html table template",
	inTable: "table tbody tfoot thead tr",
	special: "address applet area article aside base basefont bgsound blockquote body br button caption center col colgroup " +
		"dd details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header " +
		"hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes noscript object " +
		"ol p param plaintext pre script section select source style summary table tbody td template textarea tfoot th thead " +
		"title tr track ul wbr xmp",
	implied:  "dd dt li optgroup option p rb rp rt rtc",
	headings: "h1 h2 h3 h4 h5 h6",
	raw:      "iframe noembed noframes noscript plaintext script style textarea title xmp",
	breaksOut: "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta " +
		"nobr ol p pre ruby s small span strong strike sub sup table tt u ul var",
	closeable: "address article aside blockquote button center details dialog dir div dl fieldset figcaption figure footer " +
		"header hgroup listing main menu nav ol pre search section select summary ul",
}

package pagetree

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// isForeign tells whether the innermost open element is one of SVG or MathML.
func (b *builder) isForeign() bool { return b.top().flags&outside != 0 }

// readsForeign tells whether the token follows the rules of SVG and MathML
// (HTML, 13.2.6): within some of their elements, HTML stands.
func (b *builder) readsForeign() bool {
	top := b.top()
	if top.flags&outside == 0 || b.tok.kind == endOfPage {
		return false
	}
	if top.flags&integrates == 0 {
		return true
	}
	switch b.tok.kind {
	case text:
		return false
	case startTag:
		return top.node.Namespace == "math" && (b.tok.tag == atom.Mglyph || b.tok.tag == atom.Malignmark)
	}
	return true
}

// inForeign follows the rules of SVG and MathML.
func (b *builder) inForeign() bool {
	switch b.tok.kind {
	case text:
		b.addText(b.tok.data)
	case comment:
		b.addComment(b.top().node)
	case startTag:
		if b.tok.flags&(breaksOut|implied|stops|tables|inTable) != 0 && b.tok.tag != atom.Title || b.tok.tag == atom.Font || b.tok.tag == atom.AnnotationXml {
			b.decline()
			return true
		}
		b.raw = 0
		b.insertForeign(b.top().node.Namespace)
	case endTag:
		return b.endForeign()
	}
	return true
}

// insertForeign adds the element whose tag was read to a namespace.
func (b *builder) insertForeign(namespace string) {
	names := mathNames
	if namespace == "svg" {
		names = svgAttributes
		if name := svgTags[b.tok.data]; name != "" {
			b.tok.data = name
			b.tok.tag = atom.Lookup([]byte(name))
		}
	}
	for i := range b.tok.attrs {
		a := &b.tok.attrs[i]
		if name := names[a.Key]; name != "" {
			a.Key = name
		}
		switch a.Key {
		case "xlink:actuate", "xlink:arcrole", "xlink:href", "xlink:role", "xlink:show",
			"xlink:title", "xlink:type", "xml:lang", "xml:space", "xmlns:xlink":
			a.Namespace, a.Key, _ = strings.Cut(a.Key, ":")
		}
	}
	b.tok.trait = trait{tag: b.tok.tag, flags: outside | foreignFlags(namespace, b.tok.data)}
	b.insert()
	b.top().node.Namespace = namespace
	if b.tok.empty {
		b.pop()
	}
}

// foreignFlags tells the elements of SVG and MathML that HTML may stand in.
func foreignFlags(namespace, name string) flags {
	switch name {
	case "mi", "mo", "mn", "ms", "mtext":
		if namespace == "math" {
			return stops | special | integrates
		}
	case "foreignObject", "desc", "title":
		if namespace == "svg" {
			return stops | special | integrates
		}
	}
	return 0
}

// endForeign closes the innermost element of the name, if one of the same
// namespace is.
func (b *builder) endForeign() bool {
	for i := len(b.open) - 1; i > 1; i-- {
		b.work++
		if strings.EqualFold(b.open[i].node.Data, b.tok.data) {
			b.cut(i)
			return true
		}
		if b.open[i-1].flags&outside == 0 {
			break
		}
	}
	return b.step()
}

// camel makes a table of names as SVG writes them by their names in lower case,
// which the tokenizer returns.
func camel(names string) map[string]string {
	table := map[string]string{}
	for name := range strings.FieldsSeq(names) {
		table[strings.ToLower(name)] = name
	}
	return table
}

var mathNames = camel("definitionURL")

var svgTags = camel("altGlyph altGlyphDef altGlyphItem animateColor animateMotion animateTransform clipPath " +
	"feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap " +
	"feDistantLight feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feImage feMerge feMergeNode feMorphology " +
	"feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence foreignObject glyphRef linearGradient " +
	"radialGradient textPath")

var svgAttributes = camel("attributeName attributeType baseFrequency baseProfile calcMode clipPathUnits " +
	"diffuseConstant edgeMode filterUnits glyphRef gradientTransform gradientUnits kernelMatrix kernelUnitLength keyPoints " +
	"keySplines keyTimes lengthAdjust limitingConeAngle markerHeight markerUnits markerWidth maskContentUnits maskUnits " +
	"numOctaves pathLength patternContentUnits patternTransform patternUnits pointsAtX pointsAtY pointsAtZ preserveAlpha " +
	"preserveAspectRatio primitiveUnits refX refY repeatCount repeatDur requiredExtensions requiredFeatures " +
	"specularConstant specularExponent spreadMethod startOffset stdDeviation stitchTiles surfaceScale systemLanguage " +
	"tableValues targetX targetY textLength viewBox viewTarget xChannelSelector yChannelSelector zoomAndPan")

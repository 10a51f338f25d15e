package content

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// generator is a program that makes documentation pages, known by its marks.
type generator struct {
	name string
	// meta are beginnings of <meta name=generator>, lower case.
	meta []string
	// classes and ids are marks in the page: an element with one of them says
	// that the generator made it.
	classes, ids []string
	// main are the containers of the content, tried in order.
	main []mark
	// with are boxes beside the container that belong to what it says: the title
	// before it and what stands below that, the footnotes after it.
	with []mark
	// several tells that pages have several of the first of main, one below the
	// other.
	several bool
	// version is the element that tells the version of what is documented.
	version mark
	// declares is a box that is a declaration, in language.
	declares mark
	language string
	// junk are classes of elements in the container that are no content, and
	// junkIDs their ids. Most generators make ids of the words of headings: there,
	// a section of the name would be gone.
	junk, junkIDs []string
}

// mark names an element by what is set.
type mark struct {
	tag       atom.Atom
	class, id string
	role      string
	label     string // how aria-label begins
}

func (m mark) fits(n *node) bool {
	return n.kind == html.ElementNode &&
		(m.tag == 0 || n.tag == m.tag) &&
		(m.class == "" || hasClass(n, m.class)) &&
		(m.id == "" || n.id == m.id) &&
		(m.role == "" || attr(n, "role") == m.role) &&
		(m.label == "" || strings.HasPrefix(attr(n, "aria-label"), m.label))
}

// phpdocumentor gives all its pages the title of the project.
const phpdocumentor = "phpdocumentor"

// haddock names no page in a heading: its top headings are those of sections.
const haddock = "haddock"

// scaladoc lists members in <ol>, whose numbers its style hides.
const scaladoc = "scaladoc"

// generators are the programs, the more particular ones first.
var generators = []generator{
	{
		name: "exdoc", meta: []string{"exdoc"}, main: []mark{{id: "content"}, {tag: atom.Main}}, version: mark{class: "sidebar-projectVersion"},
		junk: []string{"app-vsn", "top-search", "icon-action", "view-source", "hover-link", "detail-link", "settings", "footer", "bottom-actions", "copy-markdown"},
	},
	{
		name: "pydoctor", meta: []string{"pydoctor"}, declares: mark{class: "functionHeader"}, language: "python", main: []mark{{tag: atom.Div, id: "main"}, {tag: atom.Body}},
		junk: []string{"sourceLink", "headerLink", "navbar"}, junkIDs: []string{"search-results-container", "showPrivate"},
	},
	{
		name: "pdoc", meta: []string{"pdoc "}, main: []mark{{tag: atom.Main}, {id: "content"}}, declares: mark{tag: atom.Div, class: "attr"}, language: "python",
		junk: []string{"view-source-button", "headerlink", "view-source-toggle-state"},
	},
	{name: "crystal", meta: []string{"crystal docs"}, main: []mark{{class: "main-content"}}, declares: mark{tag: atom.Div, class: "signature"}, language: "crystal", junk: []string{"method-permalink"}},
	{name: "odoc", meta: []string{"odoc 1", "odoc 2", "odoc 3"}, main: []mark{{class: "odoc-content"}}, with: []mark{{class: "odoc-preamble"}}, junk: []string{"source_link", "anchor", "comment-delim"}},
	{
		name: "dartdoc", meta: []string{"made with love by dartdoc"}, ids: []string{"dartdoc-main-content", "dartdoc-sidebar-left"}, declares: mark{class: "multi-line-signature"}, language: "dart", main: []mark{{id: "dartdoc-main-content"}, {tag: atom.Main}},
		junk: []string{"breadcrumbs", "source-link", "anchor-button", "feature-null-safety"},
	},
	{
		name: "yard", classes: []string{"summary_signature", "method_details_list", "full_list_link"}, main: []mark{{id: "content"}},
		junk: []string{"inheritanceTree", "summary_toggle", "constants_summary_toggle", "toggleSource", "showSource"},
	},
	{
		name: "rdoc", classes: []string{"method-callseq", "method-click-advice", "method-controls"}, main: []mark{{role: "main"}, {tag: atom.Main}, {id: "documentation"}},
		junk: []string{"method-click-advice", "method-controls", "method-source-toggle", "top-link"},
	},
	{
		name: "jsdoc", classes: []string{"tag-source", "signature-attributes"}, main: []mark{{id: "main"}, {tag: atom.Main}, {tag: atom.Article}},
		junk: []string{"nav-separator"},
	},
	{
		name: "dokka", classes: []string{"platform-hinted", "sourceset-dependent-content"}, main: []mark{{id: "content"}}, declares: mark{tag: atom.Div, class: "symbol"}, language: "kotlin",
		junk: []string{"breadcrumbs", "anchor-wrapper", "copy-popup-wrapper", "platform-bookmarks-row"},
	},
	{name: "jazzy", classes: []string{"task-group", "section-name-container"}, main: []mark{{class: "main-content"}}, junk: []string{"pointer-container"}, junkIDs: []string{"footer"}},
	{
		name: phpdocumentor, classes: []string{"phpdocumentor-section", "phpdocumentor-content"}, main: []mark{{class: "phpdocumentor-content"}},
		junk: []string{"phpdocumentor-title", "phpdocumentor-element__package", "phpdocumentor-breadcrumbs", "headerlink", "phpdocumentor-back-to-top"},
	},
	{name: "gi-docgen", classes: []string{"devhelp-hidden"}, main: []mark{{tag: atom.Section, id: "main"}, {id: "main"}}, junk: []string{"anchor", "srclink"}},
	{name: "scribble", classes: []string{"navsettop", "tocset"}, main: []mark{{tag: atom.Div, class: "main"}}, junk: []string{"navsettop", "navsetbottom"}},
	{name: "nimdoc", ids: []string{"tocRoot"}, main: []mark{{id: "content"}}, with: []mark{{tag: atom.H1, class: "title"}}, junk: []string{"link-seesrc"}},
	{name: "erldoc", classes: []string{"innertube"}, main: []mark{{id: "content"}}, junk: []string{"footer", "title-anchors"}},
	{
		name: "docusaurus", meta: []string{"docusaurus"}, ids: []string{"__docusaurus"},
		main: []mark{{class: "theme-doc-markdown"}, {tag: atom.Article}, {tag: atom.Main}},
		junk: []string{"theme-doc-breadcrumbs", "theme-doc-toc-mobile", "theme-doc-footer", "pagination-nav", "hash-link", "theme-doc-version-badge"},
	},
	{
		name: "vitepress", meta: []string{"vitepress"}, classes: []string{"VPDoc", "VPContent"},
		main: []mark{{class: "vp-doc"}, {class: "VPDoc"}, {tag: atom.Main}}, junk: []string{"VPDocFooter", "lang", "copy", "line-numbers-wrapper"},
	},
	{
		name: "vuepress", meta: []string{"vuepress"}, classes: []string{"theme-default-content", "theme-hope-content"},
		main: []mark{{class: "theme-hope-content"}, {class: "theme-default-content"}, {class: "content__default"}, {tag: atom.Main}},
		junk: []string{"line-numbers", "line-numbers-wrapper", "page-meta", "page-edit", "page-nav", "table-of-contents"},
	},
	{
		name: haddock, ids: []string{"module-header"}, main: []mark{{id: "content"}},
		junk: []string{"link", "selflink"}, junkIDs: []string{"table-of-contents", "synopsis", "contents-list"},
	},
	{
		name: "typedoc", classes: []string{"tsd-page-title"}, main: []mark{{class: "col-content"}, {class: "container-main"}}, with: []mark{{class: "tsd-page-title"}},
		junk: []string{"tsd-breadcrumb", "tsd-sources", "tsd-anchor-icon", "tsd-navigation"},
	},
	{
		name: "documenter", ids: []string{"documenter-page"}, main: []mark{{id: "documenter-page"}},
		junk: []string{"docs-sourcelink", "docs-heading-anchor-permalink", "docstring-article-toggle-button"},
	},
	{
		name: "mkdocs", meta: []string{"mkdocs"}, classes: []string{"md-content"},
		main: []mark{{class: "md-content__inner"}, {class: "md-content"}, {role: "main"}, {tag: atom.Main}},
		junk: []string{"md-content__button", "md-source-file", "headerlink", "md-footer", "md-feedback"},
	},
	{
		name: "mdbook", classes: []string{"nav-chapters"}, ids: []string{"mdbook-content"},
		main: []mark{{tag: atom.Main}}, junk: []string{"nav-wrapper", "nav-chapters", "buttons", "menu-bar"},
	},
	{
		name: "sphinx", meta: []string{"sphinx", "docutils"}, ids: []string{"furo-main-content"},
		classes: []string{"sphinxsidebar", "wy-nav-content", "sphinx-tabs", "bd-article", "bd-main", "bd-content", "highlight-default", "highlight-python", "highlight-none"},
		main:    []mark{{tag: atom.Div, class: "body"}, {class: "bd-article"}, {id: "furo-main-content"}, {role: "main"}, {tag: atom.Article}, {tag: atom.Main}, {tag: atom.Div, class: "document"}},
		junk:    []string{"headerlink", "sphinxsidebar", "related", "wy-breadcrumbs", "rst-footer-buttons", "copybtn", "toctree-expand", "viewcode-link", "prev-next-area", "bd-header-article", "sphx-glr-download-link-note", "sphx-glr-footer", "sphx-glr-signature"},
	},
	{
		name: "rustdoc", meta: []string{"rustdoc"}, classes: []string{"rustdoc"}, version: mark{class: "version"},
		main: []mark{{id: "main-content"}, {tag: atom.Main}}, junk: []string{"out-of-band", "src", "srclink", "anchor", "sub", "sub-heading", "tooltip", "rightside", "doc-anchor", "rustdoc-breadcrumbs", "hideme", "since"},
	},
	{
		name: "godoc", classes: []string{"UnitReadme", "Documentation-content", "UnitDoc", "UnitDirectories"}, version: mark{label: "Version: "},
		main: []mark{{class: "UnitDetails"}, {class: "UnitDirectories"}, {tag: atom.Main}},
		junk: []string{"UnitMeta", "go-Main-nav", "Documentation-idLink", "UnitDoc-idLink", "UnitOutline", "Documentation-sinceVersion", "Documentation-empty", "UnitBuildContext-titleContext", "UnitDirectories-mobileSynopsis", "UnitDirectories-toggleHead", "UnitDirectories-toggleButton"},
	},
	{
		name: "javadoc", meta: []string{"javadoc"}, classes: []string{"subNavList", "navBarCell1Rev", "constantValuesContainer", "serializedFormContainer", "memberSummary", "typeNameLabel", "sourceContainer"},
		main: []mark{{tag: atom.Main}, {role: "main"}, {class: "contentContainer"}, {class: "classUseContainer"}, {class: "serializedFormContainer"}, {class: "constantValuesContainer"}, {class: "sourceContainer"}}, with: []mark{{tag: atom.Div, class: "header"}},
		junk: []string{"sub-nav", "top-nav", "subNav", "topNav", "bottomNav", "skip-nav", "copy", "legalCopy", "tableTab", "activeTableTab", "table-tabs"},
	},
	{ // its style sheets of the time of SGML
		name: "docbook", meta: []string{"modular docbook"},
		main: []mark{
			{tag: atom.Div, class: "BOOK"},
			{tag: atom.Div, class: "PART"},
			{tag: atom.Div, class: "CHAPTER"},
			{tag: atom.Div, class: "APPENDIX"},
			{tag: atom.Div, class: "PREFACE"},
			{tag: atom.Div, class: "REFENTRY"},
			{tag: atom.Div, class: "REFERENCE"},
			{tag: atom.Div, class: "ARTICLE"},
			{tag: atom.Div, class: "SECT1"},
			{tag: atom.Div, class: "BIBLIOGRAPHY"},
			{tag: atom.Div, class: "GLOSSARY"},
			{tag: atom.Div, class: "INDEX"},
			{tag: atom.Div, class: "SECT2"},
		},
		junk: []string{"NAVHEADER", "NAVFOOTER"},
	},
	{
		name: scaladoc, classes: []string{"fullcommenttop", "fullcomment", "documentableName"}, declares: mark{tag: atom.Div, class: "signature"}, language: "scala",
		main: []mark{{id: "content-container"}, {id: "content"}, {tag: atom.Body}},
		junk: []string{"permalink", "morelinks", "documentableFilter"}, junkIDs: []string{"mbrsel", "memberfilter", "search", "tooltip", "footer", "subpackage-spacer", "inheritedMembers", "concise-view-switch", "inheritance-diagram"},
	},
	{
		name: "docbook", meta: []string{"docbook", "publican"}, classes: []string{"navheader", "navfooter"},
		main: []mark{
			{tag: atom.Div, class: "book"}, // what holds others stands before them
			{tag: atom.Div, class: "article"},
			{tag: atom.Div, class: "part"},
			{tag: atom.Div, class: "reference"},
			{tag: atom.Div, class: "chapter"},
			{tag: atom.Div, class: "appendix"},
			{tag: atom.Div, class: "preface"},
			{tag: atom.Div, class: "refentry"},
			{tag: atom.Div, class: "sect1"},
			{tag: atom.Div, class: "section"},
			{tag: atom.Div, class: "bibliography"},
			{tag: atom.Div, class: "glossary"},
			{tag: atom.Div, class: "index"},
			{tag: atom.Div, class: "sect2"},
		},
		junk: []string{"navheader", "navfooter"},
	},
	{
		name: "mediawiki", meta: []string{"mediawiki"}, main: []mark{{class: "mw-parser-output"}, {id: "mw-content-text"}, {id: "bodyContent"}, {id: "content"}},
		junkIDs: []string{"siteSub", "contentSub", "jump-to-nav", "toc", "catlinks"},
		junk:    []string{"editsection", "mw-editsection", "mw-cite-backlink", "navbox", "toc", "mw-jump-link", "printfooter", "catlinks", "noprint", "ambox", "vertical-navbox"},
	},
	{
		name: "writerside", classes: []string{"panel__content", "article__p"}, main: []mark{{tag: atom.Article, class: "article"}},
		junk: []string{"navigation-links", "last-modified"},
	},
	{
		name: "texinfo", meta: []string{"makeinfo", "texi2any", "texi2html"}, main: []mark{{tag: atom.Body}},
		junk: []string{"header", "nav-panel", "footer"},
	},
	{name: "gitbook", meta: []string{"gitbook", "honkit"}, main: []mark{{tag: atom.Main}, {class: "markdown-section"}}},
	{name: "discourse", meta: []string{"discourse"}, main: []mark{{id: "main-outlet"}, {tag: atom.Main}}, junk: []string{"crawler-nav", "topic-category", "post-likes", "crawler-linkback-list"}},
	{
		name: "hugo", meta: []string{"hugo"}, classes: []string{"td-content", "td-main", "gdoc-markdown"},
		main: []mark{{class: "td-content"}, {tag: atom.Article}, {tag: atom.Main}},
		junk: []string{
			"td-page-meta", "td-heading-self-link", "breadcrumb", "feedback--title", "feedback--prompt", "feedback--question", "feedback--answer", "feedback--response",
			"td-page-meta__lastmod", "taxonomy-terms-article", "gdoc-page__anchor", "gdoc-post__codecopy",
		},
	},
	{
		name: "starlight", meta: []string{"starlight"}, classes: []string{"sl-markdown-content"},
		main: []mark{{class: "sl-markdown-content"}, {tag: atom.Main}}, junk: []string{"sl-anchor-link", "pagination-links"},
	},
	{
		name: "nextra", classes: []string{"nextra-content", "nextra-toc", "nextra-sidebar-container"},
		main: []mark{{tag: atom.Main}, {tag: atom.Article}}, junk: []string{"nextra-breadcrumb", "nextra-toc", "subheading-anchor"},
	},
	{
		name: "antora", meta: []string{"antora"}, version: mark{class: "version"}, main: []mark{{tag: atom.Article, class: "doc"}, {tag: atom.Article}, {tag: atom.Main}},
		junk: []string{"toc", "toc-menu", "edit-this-page", "pagination", "breadcrumbs", "anchor"},
	},
	{
		name: "asciidoctor", meta: []string{"asciidoc"}, main: []mark{{id: "content"}, {tag: atom.Main}}, with: []mark{{id: "header"}, {id: "footnotes"}}, version: mark{id: "revnumber"},
		junk: []string{"toc", "toc2", "anchor"},
	},
	{
		name: "qdoc", classes: []string{"alignedsummary", "propsummary", "qmlproto", "qmlname"}, main: []mark{{class: "mainContent"}, {tag: atom.Article}, {class: "context"}},
		junk: []string{"sidebar", "toc", "navigationbar", "footer"},
	},
	{
		name: "doxygen", meta: []string{"doxygen"}, classes: []string{"memItemLeft", "memproto", "headertitle"}, main: []mark{{class: "contents"}}, with: []mark{{class: "headertitle"}}, version: mark{id: "projectnumber"},
		junk: []string{"arrow", "icona", "levels", "ttc", "ingroups", "summary", "dynheader", "dyncontent", "permalink", "navpath", "mdescLeft"},
	},
	{name: "github", classes: []string{"markdown-body"}, several: true, main: []mark{{class: "markdown-body"}}, junk: []string{"anchor", "zeroclipboard-container"}},
	{name: "man", meta: []string{"groff", "mandoc"}, classes: []string{"manual-text"}, main: []mark{{class: "manual-text"}, {tag: atom.Main}}},
}

// marks are what a page tells of its maker, gathered in one walk.
type marks struct {
	meta    string
	classes map[string]bool // class attributes as they stand
	ids     map[string]bool // of those that some generator names
	trail   *node           // the first that tells where the page stands
}

// gather reads the marks that some generator may name.
func gather(root *node) marks {
	m := marks{classes: map[string]bool{}, ids: map[string]bool{}}
	var ids []string // that some generator names
	for i := range generators {
		ids = append(ids, generators[i].ids...)
	}
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode {
			return true
		}
		if n.tag == atom.Meta && strings.EqualFold(attr(n, "name"), "generator") {
			m.meta += strings.ToLower(attr(n, "content")) + "\n" // a program that runs within another tells of both
		}
		if n.class != "" && !m.classes[n.class] {
			m.classes[n.class] = true
		}
		if m.trail == nil && isTrail(n) {
			m.trail = n
		}
		if n.id != "" && slices.Contains(ids, n.id) {
			m.ids[n.id] = true
		}
		return true
	})
	return m
}

// identify returns the page's generator, or nil.
func identify(m marks) *generator {
	for i := range generators {
		g := &generators[i]
		for _, prefix := range g.meta {
			if m.meta != "" && strings.Contains(m.meta, prefix) {
				return g
			}
		}
	}
	classes := map[string]bool{}
	for list := range m.classes {
		for c := range strings.FieldsSeq(list) {
			classes[c] = true
		}
	}
	for i := range generators {
		g := &generators[i]
		for _, c := range g.classes {
			if classes[c] {
				return g
			}
		}
		for _, id := range g.ids {
			if m.ids[id] {
				return g
			}
		}
	}
	return nil
}

// beside returns main and the boxes that belong to it, as they stand in the page.
func (g *generator) beside(root, main *node) []*node {
	mains := []*node{main}
	for _, m := range g.with {
		n := find(root, func(n *node) bool {
			return n.weight.text > 0 && (n.end <= main.order || n.order >= main.end) && m.fits(n)
		})
		if n != nil {
			mains = append(mains, n)
		}
	}
	slices.SortFunc(mains, func(a, b *node) int { return int(a.order - b.order) })
	return mains
}

// names reports whether a class or an id says that n is the container, and not
// only what kind of an element it is.
func (g *generator) names(n *node) bool {
	return slices.ContainsFunc(g.main, func(m mark) bool { return (m.class != "" || m.id != "") && m.fits(n) })
}

// container returns where the generator puts the content, or nil: the first
// element that bears the earliest of the marks.
func (g *generator) container(root *node) *node {
	var best *node
	rank := len(g.main)
	walk(root, func(n *node) bool {
		if n.kind != html.ElementNode || n.weight.text < 40 && n.weight.tops == 0 || rank == 0 {
			return n.kind == html.DocumentNode
		}
		for i := range rank {
			if g.main[i].fits(n) {
				best, rank = n, i
				break
			}
		}
		return true
	})
	return best
}

// takesBody tells that the generator's pages are nothing but content.
func (g *generator) takesBody() bool { return slices.Contains(g.main, mark{tag: atom.Body}) }

// maxVersion is how many bytes the name of a version has.
const maxVersion = 50

// versionIn returns the version that the page tells in the generator's way.
func (g *generator) versionIn(root *node) string {
	if g.version == (mark{}) {
		return ""
	}
	said := find(root, func(n *node) bool {
		return n.weight.text > 0 && g.version.fits(n) && (n.weight.text <= maxVersion && strings.ContainsAny(tight(n), "0123456789") || g.version.label != "")
	})
	if said == nil {
		return ""
	}
	version := tight(said)
	if g.version.label != "" {
		version = attr(said, "aria-label")
	}
	if len(version) > 7 && strings.EqualFold(version[:7], "version") {
		version = strings.TrimLeft(version[7:], ": ")
	}
	version, _, _ = strings.Cut(version, " ")
	return clean(strings.TrimRight(version, ",;"), maxVersion)
}

// versionOf returns the version that Sphinx puts into <title>: "Use — gate 1.2.3
// documentation", "Use — Gate v1.2 Manual", "Gate Documentation (1.2.x)".
func (g *generator) versionOf(title string) string {
	if g.name != "sphinx" {
		return ""
	}
	site := title
	for _, dash := range []string{" — ", " – ", " - "} {
		if i := strings.LastIndex(site, dash); i >= 0 {
			site = site[i+len(dash):]
		}
	}
	if lower := strings.ToLower(site); !strings.Contains(lower, "documentation") && !strings.Contains(lower, "manual") && !strings.HasSuffix(lower, "docs") {
		return ""
	}
	for word := range strings.FieldsSeq(site) {
		word = strings.TrimPrefix(strings.Trim(word, "()"), "v")
		if strings.Contains(word, ".") && word[0] >= '0' && word[0] <= '9' {
			return clean(word, maxVersion)
		}
	}
	return ""
}

package content

import (
	"slices"
	"strings"
)

// oldMarks are the comments of HTML that hid a sheet from the first browsers;
// CSS passes over them.
var oldMarks = strings.NewReplacer("<!--", " ", "-->", " ")

// maxSelectors bounds what nested rules and lists in selectors multiply to.
const maxSelectors = 64

// groupHolds reports whether the rules in an at-rule apply to what a person sees.
func groupHolds(prelude string) bool {
	name, query, _ := strings.Cut(prelude, " ")
	switch name = strings.ToLower(name); {
	case name == "@media":
		return onDesktop(query)
	case strings.HasPrefix(name, "@media("):
		return onDesktop(prelude[len("@media"):])
	}
	return name == "@supports" || name == "@layer" || name == "@container" || name == "@scope"
}

// rule takes a rule and those that are nested in it (CSS Nesting 1).
func (s *sheet) rule(selectors []string, body string, depth int) {
	own, rest := "", body
	for depth < 4 {
		open := strings.IndexAny(rest, "{;")
		if open < 0 {
			break
		}
		if rest[open] == ';' {
			own, rest = own+rest[:open+1], rest[open+1:]
			continue
		}
		end := closing(rest, open)
		prelude, inner := strings.TrimSpace(rest[:open]), rest[open+1:end]
		rest = rest[min(end+1, len(rest)):]
		switch {
		case !strings.HasPrefix(prelude, "@"):
			s.rule(s.nested(selectors, s.choices(prelude)), inner, depth+1)
		case groupHolds(prelude):
			s.rule(selectors, inner, depth+1)
		}
	}
	s.add(selectors, own+rest)
}

// nested is nestedIn while that is affordable; then, what is around is not asked
// for, which hides more.
func (s *sheet) nested(outer, inner []string) []string {
	if s.made += len(outer) * len(inner); s.made <= maxStyleRules {
		return nestedIn(outer, inner)
	}
	for i := range inner {
		inner[i] = strings.ReplaceAll(inner[i], "&", "")
	}
	return inner
}

// choices is selectorsOf while that is affordable.
func (s *sheet) choices(prelude string) []string {
	if s.made > maxStyleRules {
		return splitSelectors(prelude)
	}
	list := selectorsOf(prelude)
	if strings.Contains(prelude, ":") {
		s.made += len(list)
	}
	return list
}

// nestedIn puts selectors into those of the rule around them.
func nestedIn(outer, inner []string) []string {
	var list []string
	for _, one := range inner {
		for _, around := range outer {
			switch {
			case len(list) == maxSelectors:
				return list
			case strings.Contains(one, "&"):
				list = append(list, strings.ReplaceAll(one, "&", around))
			default:
				list = append(list, around+" "+one)
			}
		}
	}
	return list
}

// selectorsOf splits a list of selectors, and writes one for each choice of
// :is() and :where(), which the library of selectors does not know.
func selectorsOf(prelude string) []string {
	list := splitSelectors(prelude)
	for i := 0; i < len(list) && len(list) < maxSelectors; {
		before, choices, after, ok := cutChoices(list[i])
		if !ok {
			i++
			continue
		}
		var each []string
		for _, choice := range splitSelectors(choices) {
			each = append(each, withChoice(before, strings.TrimSpace(choice))+after)
		}
		list = slices.Replace(list, i, i+1, each...)
	}
	return list
}

// withChoice adds a choice to a selector; the name of a tag stands first.
func withChoice(before, choice string) string {
	at := strings.LastIndexAny(before, " >+~") + 1
	if choice != "" && strings.IndexByte(".#[:*", choice[0]) < 0 {
		return before[:at] + choice + before[at:]
	}
	return before + choice
}

// splitSelectors splits at the commas that stand in no brackets.
func splitSelectors(prelude string) []string {
	var list []string
	depth, start := 0, 0
	for i := range len(prelude) {
		switch prelude[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				list, start = append(list, prelude[start:i]), i+1
			}
		}
	}
	return append(list, prelude[start:])
}

// cutChoices cuts a selector around the first of its lists of choices.
func cutChoices(selector string) (before, choices, after string, ok bool) {
	for _, name := range []string{":is(", ":where("} {
		at := strings.Index(selector, name)
		if at < 0 {
			continue
		}
		depth := 0
		for i := at; i < len(selector); i++ {
			switch selector[i] {
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 {
					return selector[:at], selector[at+len(name) : i], selector[i+1:], true
				}
			}
		}
	}
	return "", "", "", false
}

// inOneColour reports whether a rule gives text the colour of its ground, or
// none, where no picture shines through its letters.
func inOneColour(decls []styleDecl) bool {
	color, background := "", ""
	for _, d := range decls {
		value := strings.ReplaceAll(d.value, " ", "")
		switch d.key {
		case "color", "-webkit-text-fill-color":
			color = colorName(value)
		case "background", "background-color":
			background = colorName(value)
		case "background-clip", "-webkit-background-clip", "text-shadow":
			return false
		}
	}
	return color != "" && (color == "transparent" || color == background)
}

// noFont tells the short form that sets no size: "0/0 a".
func noFont(value string) bool {
	return value != "" && value[0] == '0' && (len(value) == 1 || value[1] != '.' && (value[1] < '0' || value[1] > '9'))
}

// desktop is the width that media queries are asked about, in pixels.
const desktop = 1280

// onDesktop reports whether a media query list holds for a person's screen.
func onDesktop(queries string) bool {
	for query := range strings.SplitSeq(strings.ToLower(queries), ",") {
		holds := true
		for term := range strings.SplitSeq(query, " and ") {
			holds = holds && termHolds(strings.TrimSpace(term))
		}
		if holds {
			return true
		}
	}
	return false
}

func termHolds(term string) bool {
	term = strings.TrimPrefix(term, "only ")
	switch term {
	case "screen", "all", "", "not print", "(color)", "(hover)", "(hover: hover)", "(pointer: fine)":
		return true
	}
	key, value, ok := strings.Cut(strings.Trim(term, "() "), ":")
	width, limit := strings.TrimSpace(key), pixels(strings.TrimSpace(value))
	switch {
	case !ok:
		return false
	case width == "min-width":
		return limit >= 0 && desktop >= limit
	case width == "max-width":
		return limit >= 0 && desktop <= limit
	}
	return width == "prefers-color-scheme" && strings.TrimSpace(value) == "light"
}

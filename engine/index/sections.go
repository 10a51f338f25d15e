package index

import (
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/engine/content"
)

// seeker finds the section of a passage that a query means, where several short
// ones are one passage: a hit is to lead to the very section.
type seeker struct {
	name  string   // what the query calls by its name, if all of it is one
	words []string // in lower case
}

// maxSought is how many words of a query are looked for.
const maxSought = 16

func seekerOf(query string) seeker {
	s := seeker{name: nameOf(query)}
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if word = strings.Trim(word, "\"'`.,:;!?()"); len(word) > 2 && len(s.words) < maxSought {
			s.words = append(s.words, word)
		}
	}
	return s
}

// section returns the section of a chunk that fits best: the one that defines what
// the query names, else the one with the most of its words, else the first.
func (s seeker) section(l *chunkLayout, markdown string) content.Place {
	best := content.Place{Offset: l.start, Anchor: l.anchor, HeadingPath: l.path}
	if len(l.inside) == 0 {
		return best
	}
	most := s.fit(best, markdown[l.start:max(l.start, l.inside[0].Offset)])
	for i, p := range l.inside {
		end := l.end
		if i+1 < len(l.inside) {
			end = l.inside[i+1].Offset
		}
		if n := s.fit(p, markdown[p.Offset:max(p.Offset, end)]); n > most {
			best, most = p, n
		}
	}
	return best
}

// fit says how well a section fits.
func (s seeker) fit(p content.Place, text string) (score int) {
	heading := ""
	if len(p.HeadingPath) > 0 {
		heading = p.HeadingPath[len(p.HeadingPath)-1]
	}
	if s.name != "" {
		const defines = 1 << 10 // more than words can be worth
		all, _ := declared(heading)
		if id := nameOf(p.Anchor); id == s.name || strings.HasSuffix(id, "."+s.name) || nameOf(heading) == s.name || slices.Contains(all, s.name) {
			score = defines
		}
	}
	heading, text = strings.ToLower(heading), strings.ToLower(text)
	for _, word := range s.words {
		if strings.Contains(text, word) {
			score += 2
		}
		if strings.Contains(heading, word) {
			score++
		}
	}
	return score
}

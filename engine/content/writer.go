package content

import "strings"

// lineWriter writes Markdown blocks under prefixes ("> ", "  ", "- ").
type lineWriter struct {
	b       []byte
	levels  []level
	pending int  // line ends to write before the next text
	dirty   bool // text was written since the last block began
}

// level is one prefix: first stands on its first line, rest on the others.
type level struct {
	first, rest string
	used        bool
}

// maxLevels is how many prefixes stand before a line at most; what is nested
// deeper stands under those.
const maxLevels = 16

func (w *lineWriter) push(first, rest string) {
	if len(w.levels) >= maxLevels {
		first, rest = "", ""
	}
	w.levels = append(w.levels, level{first: first, rest: rest})
}

func (w *lineWriter) pop() { w.levels = w.levels[:len(w.levels)-1] }

// block begins a block, gap line ends after the one before: 1 is the next line,
// 2 leaves an empty one. Blocks that begin at the same place begin once.
func (w *lineWriter) block(gap int) {
	if w.dirty {
		w.pending, w.dirty = gap, false
	}
}

// text writes s, which holds no line end, after what is pending.
func (w *lineWriter) text(s string) {
	if s == "" {
		return
	}
	if w.pending > 0 || len(w.b) == 0 {
		w.breakLines()
	}
	w.b = append(w.b, s...)
	w.dirty = true
}

func (w *lineWriter) breakLines() {
	for i := range w.pending {
		w.b = append(w.b, '\n')
		if i < w.pending-1 {
			for _, l := range w.levels {
				if l.used {
					w.b = append(w.b, l.rest...)
				}
			}
			for w.b[len(w.b)-1] == ' ' {
				w.b = w.b[:len(w.b)-1]
			}
		}
	}
	w.pending = 0
	for i := range w.levels {
		l := &w.levels[i]
		if l.used {
			w.b = append(w.b, l.rest...)
		} else {
			w.b = append(w.b, l.first...)
			l.used = true
		}
	}
}

// lines writes text of several lines, each under the prefixes.
func (w *lineWriter) lines(s string) {
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			w.pending++
		}
		if line == "" && i > 0 {
			continue // the next text writes the empty line
		}
		w.text(line)
	}
}

// offset is where the next text will stand.
func (w *lineWriter) offset() int {
	n := len(w.b) + w.pending
	if w.pending == 0 && n > 0 {
		return n
	}
	for i := range max(w.pending-1, 0) {
		_ = i
		var prefix strings.Builder
		for _, l := range w.levels {
			if l.used {
				prefix.WriteString(l.rest)
			}
		}
		n += len(strings.TrimRight(prefix.String(), " "))
	}
	for _, l := range w.levels {
		if l.used {
			n += len(l.rest)
		} else {
			n += len(l.first)
		}
	}
	return n
}

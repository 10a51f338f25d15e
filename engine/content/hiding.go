package content

import (
	"strconv"
	"strings"
)

// The bounds of what an eye reads: text of so many pixels, or so little opaque, is
// there for others, and letters that are moved back by so many pixels lie one over
// the other.
const (
	tinyText    = 2
	faintText   = .1
	aLetter     = 6
	tinyPercent = 10
)

// hidingValue tells a declaration that hides text; all is the style that it is of,
// without spaces, or empty where that is not known.
func hidingValue(key, value, all string) bool {
	switch key {
	case "display":
		return value == "none"
	case "font-size":
		return isTiny(value)
	case "line-height":
		return isZero(value) && strings.Contains(all, "overflow:hidden")
	case "letter-spacing":
		return strings.HasPrefix(value, "-") && pixels(value[1:]) >= aLetter
	case "max-height", "max-width", "height", "width", "block-size", "inline-size":
		return (isZero(value) || value == "1px") && strings.Contains(all, "overflow:hidden") || isZero(value) && strings.HasPrefix(key, "max-")
	case "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top", "translate", "inset":
		return offScreen(value)
	case "transform":
		return strings.Contains(value, "scale(0)") || strings.Contains(value, "scale(0,") || strings.Contains(value, "scalex(0)") || strings.Contains(value, "scaley(0)") || movesAway(value)
	case "scale":
		return isZero(value)
	case "filter":
		return strings.Contains(value, "opacity(0)") || strings.Contains(value, "opacity(0%)")
	case "clip":
		return strings.HasPrefix(value, "rect(0") || strings.HasPrefix(value, "rect(1px,1px")
	case "content-visibility":
		return value == "hidden"
	case "clip-path":
		if points, ok := strings.CutPrefix(value, "polygon("); ok && strings.Trim(points, "0, )") == "" {
			return true
		}
		return strings.HasPrefix(value, "circle(0") || strings.HasPrefix(value, "inset(50%") || strings.HasPrefix(value, "inset(100%")
	}
	return false
}

// movesAway tells a transform that moves a box out of every window. Parts of the
// box itself (%) are how menus and pictures wait beside what is seen.
func movesAway(transform string) bool {
	transform = strings.ReplaceAll(transform, " ", "")
	for rest := transform; ; {
		_, after, found := strings.Cut(rest, "translate")
		if !found {
			return strings.Contains(transform, "-9999")
		}
		_, after, _ = strings.Cut(after, "(")
		var moves string
		moves, rest, _ = strings.Cut(after, ")")
		for by := range strings.SplitSeq(moves, ",") {
			if !strings.HasSuffix(by, "%") && offScreen(by) {
				return true
			}
		}
	}
}

// offScreen tells lengths that move a box out of every window.
func offScreen(value string) bool {
	digits, ok := strings.CutPrefix(value, "-")
	if !ok {
		return false
	}
	size, unit := 0, ""
	for i, c := range []byte(digits) {
		if c < '0' || c > '9' {
			unit = strings.TrimLeft(digits[i:], ".0123456789")
			break
		}
		size = min(size*10+int(c-'0'), 1e6)
	}
	switch unit {
	case "em", "rem", "vw", "vh", "ch", "%":
		return size >= 100
	}
	return size >= 999
}

// isTiny tells a size of text that nobody reads.
func isTiny(size string) bool {
	if isZero(size) {
		return true
	}
	if digits, ok := strings.CutSuffix(size, "%"); ok {
		n, err := strconv.ParseFloat(digits, 64)
		return err == nil && n <= tinyPercent
	}
	n := pixels(size)
	return n >= 0 && n <= tinyText
}

// isFaint tells an opacity through which nobody reads.
func isFaint(opacity string) bool {
	if inner, ok := strings.CutPrefix(opacity, "calc("); ok {
		opacity = strings.TrimSuffix(inner, ")")
	}
	digits, percent := strings.CutSuffix(strings.TrimSpace(opacity), "%")
	n, err := strconv.ParseFloat(digits, 64)
	if percent {
		n /= 100
	}
	return err == nil && n <= faintText
}

func isZero(value string) bool {
	value = strings.TrimRight(value, "%abcdefghijklmnopqrstuvwxyz")
	return value != "" && strings.Trim(value, "0.") == ""
}

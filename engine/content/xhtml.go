package content

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// voids are the elements that HTML knows to be empty.
var voids = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true, "param": true,
	"source": true, "track": true, "wbr": true,
}

// ofStyle takes from a style sheet what XML would.
var ofStyle = strings.NewReplacer("<![CDATA[", "", "]]>", "", "&gt;", ">")

// asHTML writes XHTML as the parser of HTML means it: in XML, <title/> and
// <script src="a.js"/> are empty, and would swallow the page; CDATA is text.
func asHTML(body []byte) []byte {
	if !bytes.Contains(body, []byte("/>")) && !bytes.Contains(body, []byte("<![CDATA[")) {
		return body
	}
	out := make([]byte, 0, len(body)+len(body)/16)
	for {
		at := bytes.IndexByte(body, '<')
		if at < 0 {
			return append(out, body...)
		}
		out, body = append(out, body[:at]...), body[at:]
		switch {
		case bytes.HasPrefix(body, []byte("<!--")):
			out, body = through(out, body, "-->")
		case bytes.HasPrefix(body, []byte("<![CDATA[")):
			text, rest, _ := bytes.Cut(body[len("<![CDATA["):], []byte("]]>"))
			out, body = append(out, html.EscapeString(string(text))...), rest
		default:
			end := tagEnd(body)
			if end < 0 {
				return append(out, body...)
			}
			tag := body[:end]
			out, body = appendTag(out, tag), body[end:]
			if bytes.HasPrefix(tag, []byte("<style")) && !bytes.HasSuffix(tag, []byte("/>")) {
				rules, rest := through(nil, body, "</style>") // they tell what is hidden
				out, body = append(out, ofStyle.Replace(string(rules))...), rest
			}
		}
	}
}

// through copies body up to the end of the mark.
func through(out, body []byte, mark string) (copied, rest []byte) {
	end := bytes.Index(body, []byte(mark))
	if end < 0 {
		return append(out, body...), nil
	}
	end += len(mark)
	return append(out, body[:end]...), body[end:]
}

// tagEnd is where the tag ends that body begins with, or negative.
func tagEnd(body []byte) int {
	quote := byte(0)
	for i, c := range body {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

// appendTag writes a tag, and one that is empty with its end.
func appendTag(out, tag []byte) []byte {
	if !bytes.HasSuffix(tag, []byte("/>")) {
		return append(out, tag...)
	}
	name := tag[1 : len(tag)-2]
	if i := bytes.IndexAny(name, " \t\r\n/"); i >= 0 {
		name = name[:i]
	}
	if voids[string(name)] || len(name) == 0 {
		return append(out, tag...)
	}
	out = append(out, tag[:len(tag)-2]...)
	out = append(append(append(out, "></"...), name...), '>')
	return out
}

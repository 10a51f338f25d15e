package crawl

import "strings"

// sessionParameters name a visitor's session.
var sessionParameters = wordSet(`phpsessid jsessionid sessionid session_id sid aspsessionid cfid cftoken
	oscsid zenid sessid s_id`)

// exits end or begin a visitor's session, whatever stands around them.
var exits = wordSet(`logout log-out log_out logoff log-off signout sign-out sign_out signoff
	add-to-cart add_to_cart addtocart unsubscribe`)

// verbs change what is stored, unless the path is documentation about them.
var verbs = wordSet("delete remove destroy checkout purge")

// docWords mark a path that speaks about commands rather than being one.
var docWords = wordSet(`docs doc documentation api reference ref manual man guide guides help learn
	tutorial tutorials commands command cli library sql wiki`)

// actionParameters hold a verb as their value: ?action=delete.
var actionParameters = wordSet("action do cmd op act task method _method mode")

// scriptExtensions may follow a verb in a path without making it a document.
var scriptExtensions = wordSet("php asp aspx jsp do cgi action pl cfm")

// mediaExtensions are files that hold no text to read. PDF, JSON and XML are
// read.
var mediaExtensions = wordSet(`png jpg jpeg jpe gif svg svgz webp avif ico bmp tif tiff psd eps
	css wasm woff woff2 ttf otf eot
	mp3 mp4 m4a m4v webm ogg ogv oga wav flac avi mov mkv wmv
	zip gz tgz bz2 tbz xz txz zst 7z rar tar lz lzma jar war whl egg gem crate nupkg
	exe msi dmg pkg deb rpm apk ipa iso img bin dll dylib pyc
	doc docx xls xlsx ppt pptx odt ods odp epub mobi azw3 ps dvi rtf
	sig asc sha256 md5 torrent sqlite`)

// isMedia reports whether a path's extension is that of a file without text.
func isMedia(path string) bool {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 || len(path)-dot > 8 || strings.IndexByte(path[dot:], '/') >= 0 {
		return false
	}
	return mediaExtensions[strings.ToLower(path[dot+1:])]
}

// hasSession reports whether a URL carries a session id.
func hasSession(p parts) bool {
	if strings.Contains(strings.ToLower(p.path), ";jsessionid=") {
		return true
	}
	for pair := range strings.SplitSeq(p.query, "&") {
		if isSession(pair) {
			return true
		}
	}
	return false
}

// isSession reports whether a parameter of a query is a session id.
func isSession(pair string) bool {
	name, value, _ := strings.Cut(pair, "=")
	name = strings.ToLower(name)
	return value != "" && (sessionParameters[name] || strings.HasPrefix(name, "aspsessionid"))
}

// withoutSession is the URL of the same page without the session ids.
func withoutSession(p parts) string {
	path := p.path
	for {
		start := strings.Index(strings.ToLower(path), ";jsessionid=")
		if start < 0 {
			break
		}
		end := start + strings.IndexByte(path[start:]+"/", '/')
		path = path[:start] + path[end:]
	}
	var kept []string
	for pair := range strings.SplitSeq(p.query, "&") {
		if pair != "" && !isSession(pair) {
			kept = append(kept, pair)
		}
	}
	url := p.scheme + "://" + p.host + path
	if len(kept) > 0 {
		url += "?" + strings.Join(kept, "&")
	}
	return url
}

// isAction reports whether following a URL would do something rather than show
// something (security.md, point 8).
func isAction(p parts) bool {
	found, doc := false, false
	for segment := range strings.SplitSeq(strings.ToLower(p.path), "/") {
		if name, ext, ok := strings.Cut(segment, "."); ok && scriptExtensions[ext] {
			segment = name
		}
		if exits[segment] {
			return true
		}
		found = found || verbs[segment]
		doc = doc || docWords[segment]
	}
	if found && !doc {
		return true
	}
	for pair := range strings.SplitSeq(p.query, "&") {
		name, value, _ := strings.Cut(strings.ToLower(pair), "=")
		if exits[name] || verbs[name] && name != "" || actionParameters[name] && (exits[value] || verbs[value]) {
			return true
		}
	}
	return false
}

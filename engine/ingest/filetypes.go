package ingest

import "strings"

// textTypes are the media types of extensions; files with another one are
// text/plain if they look like text, and source code is just that: its
// extension tells the language.
var textTypes = map[string]string{
	"md": "text/markdown", "markdown": "text/markdown", "mdx": "text/markdown", "mdown": "text/markdown", "mkd": "text/markdown",
	"html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml", "xht": "application/xhtml+xml",
	"json": "application/json", "xml": "application/xml", "rss": "application/rss+xml", "atom": "application/atom+xml",
}

// vendored are folders whose content others have written, or a program.
var vendored = set("node_modules bower_components vendor third_party __pycache__ venv site-packages dist-packages")

// generated are files that a program writes for programs.
var generated = set("package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml cargo.lock go.sum poetry.lock composer.lock gemfile.lock uv.lock")

// binaries are extensions that need not be opened to know.
var binaries = set(`png jpg jpeg gif webp avif ico bmp tif tiff psd svgz heic
	mp3 mp4 m4a m4v webm ogg ogv wav flac avi mov mkv
	zip gz tgz bz2 xz zst 7z rar tar lz jar war whl egg deb rpm apk dmg iso
	exe dll so dylib o a lib obj class pyc pyo wasm bin dat
	doc docx xls xlsx ppt pptx odt ods odp epub
	ttf otf woff woff2 eot
	db sqlite sqlite3 parquet npy npz pkl pt onnx safetensors gguf`)

// isGenerated reports whether a program wrote a file, by its name.
func isGenerated(name string) bool {
	name = strings.ToLower(name)
	return generated[name] || strings.HasSuffix(name, ".min.js") || strings.HasSuffix(name, ".min.css") || strings.HasSuffix(name, ".map")
}

// set makes a set of the words of a text.
func set(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[word] = true
	}
	return out
}

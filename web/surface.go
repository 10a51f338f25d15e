package web

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// mode is what a client may ask of execute.
type mode struct {
	tool string // in the registry; empty: the chat's
	// input puts the input text into the tool's fields. Nil: the tool takes
	// none, and what was given is dropped.
	input func(text string, args map[string]any)
	fixed map[string]any // fields that the mode stands for
	job   bool           // always enqueued, whatever the client says
}

// chatMode is the one mode without a tool.
const chatMode = "pulse_chat"

// modes is ALLOWED_MODES of spec web.md, section 3. Whatever stands nowhere here
// does not run.
func modes() map[string]mode {
	ingest := func(source string) mode {
		return mode{tool: "ingest", input: into("target"), fixed: map[string]any{"source": source}, job: true}
	}
	return map[string]mode{
		"scrape":     {tool: "scrape", input: scrapeInput},
		"crawl":      {tool: "crawl", input: words("urls"), job: true},
		"map":        {tool: "map", input: into("url")},
		"extract":    {tool: "extract", input: extractInput, job: true},
		"search":     {tool: "search", input: into("query")},
		"research":   {tool: "research", input: into("question")},
		"embed":      {tool: "embed", input: embedInput, job: true},
		"debug":      {tool: "debug", input: into("error")},
		"doctor":     {tool: "doctor"},
		"query":      {tool: "query", input: into("query")},
		"retrieve":   {tool: "retrieve", input: into("url")},
		"ask":        {tool: "ask", input: into("question")},
		"evaluate":   {tool: "evaluate", input: into("dataset"), job: true},
		"suggest":    {tool: "suggest", input: into("topic")},
		"sources":    {tool: "sources", input: filterInput},
		"domains":    {tool: "domains", input: filterInput},
		"stats":      {tool: "stats"},
		"status":     {tool: "status"},
		"dedupe":     {tool: "dedupe"},
		"github":     ingest("github"),
		"reddit":     ingest("reddit"),
		"youtube":    ingest("youtube"),
		"sessions":   ingest("sessions"),
		"screenshot": {tool: "screenshot", input: into("url")},
		"refresh":    {tool: "refresh", input: refreshInput, job: true},
		chatMode:     {},
	}
}

// into puts the whole input into one field.
func into(field string) func(string, map[string]any) {
	return func(text string, args map[string]any) {
		if text != "" {
			args[field] = text
		}
	}
}

// words puts each word of the input into a list.
func words(field string) func(string, map[string]any) {
	return func(text string, args map[string]any) {
		if list := strings.Fields(text); len(list) > 0 {
			args[field] = list
		}
	}
}

func isURL(word string) bool {
	return strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://")
}

func scrapeInput(text string, args map[string]any) {
	if list := strings.Fields(text); len(list) > 1 {
		args["urls"] = list
		return
	}
	into("url")(text, args)
}

// extractInput takes the addresses that the input begins with, and what follows
// them as the wish.
func extractInput(text string, args map[string]any) {
	list := strings.Fields(text)
	n := 0
	for n < len(list) && isURL(list[n]) {
		n++
	}
	if n > 0 {
		args["urls"] = list[:n]
	}
	into("prompt")(strings.Join(list[n:], " "), args)
}

// embedInput tells an address from a path below a configured root and from text
// of several lines.
func embedInput(text string, args map[string]any) {
	switch {
	case isURL(text):
		into("url")(text, args)
	case strings.Contains(text, "\n"):
		into("text")(text, args)
	default:
		into("path")(text, args)
	}
}

func filterInput(text string, args map[string]any) {
	switch {
	case isURL(text):
		into("url_prefix")(text, args)
	default:
		words("domains")(text, args)
	}
}

func refreshInput(text string, args map[string]any) {
	list := strings.Fields(text)
	switch {
	case text == "all":
		args["all"] = true
	case len(list) > 0 && isURL(list[0]):
		args["urls"] = list
	default:
		into("domain")(text, args)
	}
}

// flag is what a client may say beside mode and input.
type flag struct {
	field string // the tool's own; empty: no tool has it any more
	chat  bool   // the chat has it
}

// flags is ALLOWED_FLAGS of spec web.md, section 3, with the tool's own name of
// each.
func flags() map[string]flag {
	list := map[string]flag{
		"include_subdomains": {field: "subdomains"},
		"discover_sitemaps":  {field: "sitemap"},
		"embed":              {field: "index"},
		"render_mode":        {field: "render"},
		"search_time_range":  {field: "time_range"},
		"research_depth":     {field: "depth"},
		"yes":                {field: "confirm"},
		"request_timeout_ms": {field: "timeout_ms"},
		"batch_concurrency":  {field: "concurrency"},

		"performance_profile": {}, "diagnostics": {}, "output_dir": {}, "responses_mode": {}, "max_points": {},
	}
	for _, same := range []string{
		"max_pages", "max_depth", "limit", "offset", "collection", "format", "sitemap_since_days", "wait", "sort", "time",
		"max_posts", "min_score", "scrape_links", "include_source", "claude", "codex", "gemini", "project", "delay_ms", "depth",
	} {
		list[same] = flag{field: same}
	}
	for _, page := range pageFlags() {
		list[page] = flag{field: page}
	}
	for _, chat := range []string{
		"agent", "model", "session_mode", "mcp_servers", "blocked_mcp_tools", "session_id", "assistant_mode", "enable_fs",
		"enable_terminal", "permission_timeout_secs", "adapter_timeout_secs",
	} {
		list[chat] = flag{chat: true}
	}
	return list
}

// pageFlags are not in the spec's list: the page's options of a crawl need them
// (ui.md, section 2).
func pageFlags() []string { return []string{"include_paths", "exclude_paths"} }

// infrastructure are the names, without case and signs, that would point the
// server at other services. A flag with one of them in its name is refused.
func infrastructure() []string {
	return []string{"pgurl", "redisurl", "amqpurl", "qdranturl", "teiurl", "openaibaseurl", "openaiapikey", "openaimodel"}
}

// blocked reports whether a flag names infrastructure, in any spelling.
func blocked(name string) bool {
	bare := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
	return slices.ContainsFunc(infrastructure(), func(word string) bool { return strings.Contains(bare, word) })
}

// checkOutputDir refuses a folder outside the output root, though the flag has
// no effect any more: who sends one is told.
func checkOutputDir(raw json.RawMessage) error {
	var dir string
	if err := json.Unmarshal(raw, &dir); err != nil {
		return fault.New(fault.Invalid, "output_dir must be a string")
	}
	outside := path.IsAbs(dir) || strings.ContainsAny(dir, "\x00\\:") ||
		slices.Contains(strings.Split(dir, "/"), "..") || strings.HasPrefix(dir, "~")
	if outside {
		return fault.New(fault.Forbidden, "output_dir is outside the output root")
	}
	return nil
}

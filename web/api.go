package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/tools"
)

// apiInline is the bytes of a tool's result under /api: a page has room for a
// whole document.
const apiInline = 8 << 20

// reads makes a GET route of a tool: its fields are the query's parameters, its
// output the answer.
func (s *Server) reads(pattern, tool, about string) route {
	return route{pattern: "GET " + pattern, gate: gateRead, about: about, tool: tool, handle: func(w http.ResponseWriter, r *http.Request) error {
		t, ok := s.deps.Registry.Get(tool)
		if !ok {
			return fault.Errorf(fault.NotFound, "%s is not part of this server", tool)
		}
		args := argsOf(r.URL.Query(), t.Input)
		for _, field := range pathFields(pattern) {
			args[field] = r.PathValue(field)
		}
		return s.callTool(w, r, tool, args)
	}}
}

// writes makes a POST route of a tool: the body holds its fields. fixed are
// those that the address stands for.
func (s *Server) writes(pattern, tool, about string, fixed map[string]any) route {
	return route{pattern: "POST " + pattern, gate: gateWrite, about: about, tool: tool, fixed: fixed, handle: func(w http.ResponseWriter, r *http.Request) error {
		args := map[string]any{}
		if err := readObject(w, r, args); err != nil {
			return err
		}
		for name, value := range fixed {
			args[name] = value
		}
		for _, field := range pathFields(pattern) {
			args[field] = r.PathValue(field)
		}
		return s.callTool(w, r, tool, args)
	}}
}

// readObject reads a JSON object of any fields, which the registry judges. No
// body is an empty one.
func readObject(w http.ResponseWriter, r *http.Request, into map[string]any) error {
	if r.ContentLength == 0 {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, "Content-Type must be application/json")
	}
	var body map[string]json.RawMessage
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	err := dec.Decode(&body)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return fault.Errorf(fault.TooLarge, "the body is over %d bytes", maxBody)
	case err != nil:
		return fault.New(fault.Invalid, "the body is no JSON object")
	}
	if _, more := dec.Token(); !errors.Is(more, io.EOF) {
		return fault.New(fault.Invalid, "something follows the JSON object")
	}
	for name, value := range body {
		into[name] = value
	}
	return nil
}

// callTool calls a tool and answers with its value.
func (s *Server) callTool(w http.ResponseWriter, r *http.Request, tool string, args map[string]any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return fault.New(fault.Invalid, "the fields are no JSON")
	}
	leave, err := s.sockets.call()
	if err != nil {
		return err
	}
	defer leave()
	result, err := s.deps.Registry.Call(r.Context(), tools.Call{Name: tool, Args: raw, Inline: apiInline, Door: "api"})
	if err != nil {
		return err
	}
	s.answer(w, r, http.StatusOK, result.Structured)
	return nil
}

// pathFields are the wildcards of a pattern: each is a field of the tool.
func pathFields(pattern string) []string {
	var names []string
	for segment := range strings.SplitSeq(pattern, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

// argsOf turns a query's parameters into a tool's arguments by the types of its
// fields. What does not fit goes on as text, and the registry says what is
// wanted. A list is given by repeating the parameter or with commas.
func argsOf(query url.Values, schema *jsonschema.Schema) map[string]any {
	args := make(map[string]any, len(query))
	for name, values := range query {
		field := schema.Properties[name]
		value := values[len(values)-1]
		switch {
		case field == nil && (name == "token" || name == "ticket"):
			// A credential that was put into the address is not repeated.
		case field == nil:
			args[name] = value
		case field.Items != nil:
			var list []string
			for _, one := range values {
				for item := range strings.SplitSeq(one, ",") {
					if item = strings.TrimSpace(item); item != "" {
						list = append(list, item)
					}
				}
			}
			args[name] = list
		default:
			args[name] = typed(field.Type, value)
		}
	}
	return args
}

func typed(kind, text string) any {
	switch kind {
	case "integer", "number":
		if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return json.Number(text)
		}
	case "boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

// connectBody is what /api/connect gives.
type connectBody struct {
	Clients []Client `json:"clients"`
	// KeyHint says where the key is; the key itself is given to nobody.
	KeyHint string `json:"key_hint"`
}

func (s *Server) connect(w http.ResponseWriter, r *http.Request) error {
	body := connectBody{Clients: []Client{}, KeyHint: "The key is in your environment or in the file that axon-mcp serve named."}
	if s.deps.Clients != nil {
		body.Clients = s.deps.Clients()
	}
	s.answer(w, r, http.StatusOK, body)
	return nil
}

// documents gives the document that is named, or lists them.
func (s *Server) documents() route {
	one := s.reads("/api/documents", "retrieve", "One document as it was stored, by url or id.")
	list := s.reads("/api/documents", "sources", "")
	read := one.handle
	one.handle = func(w http.ResponseWriter, r *http.Request) error {
		if q := r.URL.Query(); !q.Has("url") && !q.Has("id") {
			return list.handle(w, r)
		}
		return read(w, r)
	}
	one.about += " Without either, the same as /api/sources."
	return one
}

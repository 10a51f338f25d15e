package web

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// The parts of an OpenAPI 3.1 description that we write. Its schemas are JSON
// Schema, and so those of the tools are taken as they are.
type (
	apiDescription struct {
		OpenAPI    string                              `json:"openapi"`
		Info       apiInfo                             `json:"info"`
		Security   []map[string][]string               `json:"security"`
		Paths      map[string]map[string]*apiOperation `json:"paths"`
		Components map[string]any                      `json:"components"`
	}
	apiInfo struct {
		Title       string `json:"title"`
		Version     string `json:"version"`
		Description string `json:"description"`
	}
	apiOperation struct {
		Summary    string                 `json:"summary"`
		Operation  string                 `json:"operationId"`
		Security   *[]map[string][]string `json:"security,omitempty"`
		Parameters []apiParameter         `json:"parameters,omitempty"`
		Body       *apiBody               `json:"requestBody,omitempty"`
		Responses  map[string]apiResponse `json:"responses"`
	}
	apiParameter struct {
		Name        string             `json:"name"`
		In          string             `json:"in"`
		Required    bool               `json:"required,omitempty"`
		Description string             `json:"description,omitempty"`
		Schema      *jsonschema.Schema `json:"schema"`
	}
	apiBody struct {
		Required bool                `json:"required"`
		Content  map[string]apiMedia `json:"content"`
	}
	apiResponse struct {
		Description string              `json:"description"`
		Content     map[string]apiMedia `json:"content,omitempty"`
	}
	apiMedia struct {
		Schema any `json:"schema"`
	}
)

const failureRef = "#/components/schemas/Failure"

// openAPI describes every route that has an about. The description is made from
// the routes themselves, so that it cannot lag behind.
func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) error {
	s.answer(w, r, http.StatusOK, s.describe())
	return nil
}

func (s *Server) describe() apiDescription {
	d := apiDescription{
		OpenAPI: "3.1.0",
		Info: apiInfo{
			Title: "axon-mcp", Version: s.deps.Version,
			Description: "The API of axon-mcp's web listener. Failures have a code and a message. A signed-in page sends X-CSRF-Token with POST and DELETE.",
		},
		Security: []map[string][]string{{"bearer": {}}, {"key": {}}, {"cookie": {}}},
		Paths:    make(map[string]map[string]*apiOperation),
		Components: map[string]any{
			"securitySchemes": map[string]any{
				"bearer": map[string]string{"type": "http", "scheme": "bearer"},
				"key":    map[string]string{"type": "apiKey", "in": "header", "name": "x-api-key"},
				"cookie": map[string]string{"type": "apiKey", "in": "cookie", "name": s.guard.sessions.cookie},
			},
			"schemas": map[string]any{"Failure": schemaOf(errorBody{})},
		},
	}
	for _, r := range s.routes() {
		if r.about == "" {
			continue
		}
		method, path, _ := strings.Cut(r.pattern, " ")
		path = strings.ReplaceAll(path, "...}", "}")
		if d.Paths[path] == nil {
			d.Paths[path] = make(map[string]*apiOperation)
		}
		d.Paths[path][strings.ToLower(method)] = s.operation(r, method, path)
	}
	return d
}

func (s *Server) operation(r route, method, path string) *apiOperation {
	op := &apiOperation{
		Summary: r.about, Operation: strings.ToLower(method) + strings.NewReplacer("/", "_", "{", "", "}", "", ".", "_", "-", "_").Replace(path),
		Responses: map[string]apiResponse{
			"200":     {Description: "as asked"},
			"default": {Description: "a failure", Content: jsonMedia(map[string]string{"$ref": failureRef})},
		},
	}
	if r.gate == gatePage || r.gate == gateProbe {
		op.Security = &[]map[string][]string{}
	}
	for _, name := range pathFields(path) {
		op.Parameters = append(op.Parameters, apiParameter{Name: name, In: "path", Required: true, Schema: &jsonschema.Schema{Type: "string"}})
	}
	in, out := schemaOf(r.in), schemaOf(r.out)
	if t, ok := s.deps.Registry.Get(r.tool); ok && r.tool != "" {
		in, out = without(t.Input, r.fixed, pathFields(path)), t.Output
	}
	switch {
	case in == nil:
	case method == http.MethodGet:
		op.Parameters = append(op.Parameters, parameters(in)...)
	default:
		op.Body = &apiBody{Required: true, Content: jsonMedia(in)}
	}
	if r.events {
		op.Responses["200"] = apiResponse{Description: "the stream", Content: map[string]apiMedia{"text/event-stream": {&jsonschema.Schema{Type: "string"}}}}
	}
	if out != nil {
		op.Responses["200"] = apiResponse{Description: "as asked", Content: jsonMedia(out)}
	}
	return op
}

func jsonMedia(schema any) map[string]apiMedia {
	return map[string]apiMedia{"application/json": {schema}}
}

// schemaOf is the schema of a Go value's type, or nil for no value.
func schemaOf(value any) *jsonschema.Schema {
	if value == nil {
		return nil
	}
	schema, err := jsonschema.ForType(reflect.TypeOf(value), nil)
	if err != nil {
		return &jsonschema.Schema{Type: "object"} // a test sees that there is none
	}
	return schema
}

// without is a tool's input less the fields that the address stands for.
func without(schema *jsonschema.Schema, fixed map[string]any, path []string) *jsonschema.Schema {
	less := *schema
	less.Properties = make(map[string]*jsonschema.Schema)
	gone := func(name string) bool {
		_, set := fixed[name]
		return set || slices.Contains(path, name)
	}
	for name, property := range schema.Properties {
		if !gone(name) {
			less.Properties[name] = property
		}
	}
	less.Required = slices.DeleteFunc(slices.Clone(schema.Required), gone)
	less.PropertyOrder = slices.DeleteFunc(slices.Clone(schema.PropertyOrder), gone)
	return &less
}

func parameters(schema *jsonschema.Schema) []apiParameter {
	var list []apiParameter
	for _, name := range schema.PropertyOrder {
		property := schema.Properties[name]
		list = append(list, apiParameter{
			Name: name, In: "query", Description: property.Description, Schema: property, Required: slices.Contains(schema.Required, name),
		})
	}
	return list
}

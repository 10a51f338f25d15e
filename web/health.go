package web

import (
	"net/http"

	"github.com/axon-mcp/axon-mcp/fault"
)

type healthBody struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

// health says that the process answers.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	s.answer(w, r, http.StatusOK, healthBody{"ok", s.deps.Version})
	return nil
}

// ready says whether work can be done: not while the server stops, nor while the
// data directory cannot be opened. It gives no detail, as anyone may ask.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if s.open.Err() != nil {
		return stopping()
	}
	if s.deps.Ready != nil {
		if err := s.deps.Ready(r.Context()); err != nil {
			s.log.WarnContext(r.Context(), "not ready", "error", err)
			return fault.New(fault.Unavailable, "the data directory cannot be opened; axon-mcp doctor says why")
		}
	}
	s.answer(w, r, http.StatusOK, healthBody{"ready", s.deps.Version})
	return nil
}

package web

import "net/http"

// route is one thing that the listener answers. openapi.go describes those with
// an about.
type route struct {
	pattern string // of http.ServeMux
	gate    gate
	handle  func(http.ResponseWriter, *http.Request) error
	about   string
	in      any // what it takes: query parameters of a GET, the body of a POST
	out     any // what it gives as JSON
}

// routes lists them all. Whatever is not here is 404, and under /api only for
// those who get in.
func (s *Server) routes() []route {
	list := []route{
		{pattern: "GET /healthz", gate: gateProbe, handle: s.health},
		{pattern: "GET /readyz", gate: gateProbe, handle: s.ready},
		{pattern: "GET /ws", gate: gateSocket, handle: s.socket},
		{pattern: "GET /api/session", gate: gatePage, handle: s.getSession, out: sessionBody{}, about: "How this page stands to the server: gate, sign-in, CSRF token, clock."},
		{pattern: "POST /api/session", gate: gatePage, handle: s.postSession, in: signInBody{}, out: sessionBody{}, about: "Signs a page in with AXON_WEB_API_TOKEN and sets the cookie."},
		{pattern: "DELETE /api/session", gate: gateWrite, handle: s.deleteSession, about: "Signs the page out."},
		{pattern: "POST /api/ws-ticket", gate: gateTicket, handle: s.postTicket, out: ticketBody{}, about: "Gives a one-time ticket for /ws, for 30 seconds."},
		{pattern: "/api/", gate: gateRead, handle: notHere},
		{pattern: "/", gate: gatePage, handle: s.page},
	}
	return list
}

func (s *Server) socket(w http.ResponseWriter, r *http.Request) error {
	s.serveSocket(w, r)
	return nil
}

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

	events bool // it answers with server-sent events

	tool  string         // whose fields it takes and gives, in place of in and out
	fixed map[string]any // fields that the address stands for
}

// routes lists them all. Whatever is not here is 404, and under /api only for
// those who get in.
func (s *Server) routes() []route {
	list := []route{
		{pattern: "GET /healthz", gate: gateProbe, handle: s.health},
		{pattern: "GET /readyz", gate: gateProbe, handle: s.ready},
		{pattern: "GET /ws", gate: gateSocket, handle: s.socket},
		{pattern: "GET /ws/shell", gate: gateShell, handle: s.serveShell},
		{pattern: "GET /metrics", gate: gateFile, handle: s.serveMetrics},
		{pattern: "GET /output/{path...}", gate: gateFile, handle: s.output},
		{pattern: "GET /download/{job}/{form...}", gate: gateFile, handle: s.download},
		{pattern: "GET /api/session", gate: gatePage, handle: s.getSession, out: sessionBody{}, about: "How this page stands to the server: gate, sign-in, CSRF token, clock."},
		{pattern: "POST /api/session", gate: gatePage, handle: jsonRoute(s, s.postSession), in: signInBody{}, out: sessionBody{}, about: "Signs a page in with AXON_WEB_API_TOKEN and sets the cookie."},
		{pattern: "DELETE /api/session", gate: gateWrite, handle: s.deleteSession, about: "Signs the page out."},
		{pattern: "POST /api/ws-ticket", gate: gateTicket, handle: jsonRoute(s, s.postTicket), out: ticketBody{}, about: "Gives a one-time ticket for /ws, for 30 seconds."},
		{pattern: "GET /api/openapi.json", gate: gateRead, handle: s.openAPI, about: "This description."},
		{pattern: "GET /api/connect", gate: gateRead, handle: s.connect, out: connectBody{}, about: "How MCP clients are connected; never with the key."},
		{pattern: "GET /api/omnibox/files", gate: gateRead, handle: s.omnibox, in: omniboxQuery{}, out: omniboxList{}, about: "Files of the named roots: lists by q, reads by id."},
		s.reads("/api/query", "query", "Passages that fit a query, the best first."),
		s.reads("/api/sources", "sources", "What is indexed, document by document."),
		s.documents(),
		s.reads("/api/domains", "domains", "What is indexed, by site."),
		s.reads("/api/stats", "stats", "Figures of the index."),
		s.reads("/api/status", "status", "The jobs of this moment."),
		s.reads("/api/doctor", "doctor", "Whether each part works, and what to do where not."),
		s.reads("/api/jobs", "jobs", "Jobs, the newest first."),
		s.reads("/api/jobs/{id}", "jobs", "One job with its events and its result."),
		s.writes("/api/jobs/{id}/retry", "job_control", "Starts a failed or canceled job again.", map[string]any{"action": "retry"}),
		s.writes("/api/jobs/{id}/cancel", "job_control", "Cancels a job.", map[string]any{"action": "cancel"}),
		s.writes("/api/forget", "forget", "Removes documents: a dry run counts and gives the token that confirms.", nil),
		{pattern: "POST /api/ai/copilot", gate: gateWrite, handle: jsonRoute(s, s.copilot), in: copilotBody{}, out: copilotAnswer{}, about: "A short completion by the configured model."},
		{pattern: "POST /api/pulse/chat", gate: gateWrite, handle: s.pulseChat, in: pulseBody{}, events: true, about: "One turn of an agent as server-sent events: the frames of /ws, each under its type."},
		{pattern: "POST /api/pulse/permission", gate: gateWrite, handle: jsonRoute(s, s.pulsePermission), in: pulseAnswer{}, out: pulseAnswered{}, about: "Answers a permission_request of /api/pulse/chat, with the session's resume_secret."},
		{pattern: "/api/", gate: gateRead, handle: notHere},
		{pattern: "/", gate: gatePage, handle: s.page},
	}
	return list
}

func (s *Server) socket(w http.ResponseWriter, r *http.Request) error {
	s.serveSocket(w, r)
	return nil
}

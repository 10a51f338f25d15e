package mcp

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// keepAlive is how often a comment goes out on a response that has nothing
	// to say, so that proxies keep it open.
	keepAlive = 15 * time.Second
	// writeLimit bounds one write to a client that does not read.
	writeLimit = 30 * time.Second
)

// reply is the HTTP response to one request: one JSON body, or, as soon as
// anything is sent before the answer, a stream of server-sent events. It is the
// outlet of an exchange over HTTP.
type reply struct {
	w       http.ResponseWriter
	control *http.ResponseController
	streams bool   // the client takes event streams
	session string // id for the response to initialize

	mu     sync.Mutex
	opened bool // the stream is open
	done   bool
	alive  *time.Timer
}

func newReply(w http.ResponseWriter, r *http.Request) *reply {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	out := &reply{w: w, control: http.NewResponseController(w)}
	out.streams = accept == "" || strings.Contains(accept, "text/event-stream") || strings.Contains(accept, "*/*")
	if out.streams {
		out.mu.Lock() // the timer may run before it is stored
		defer out.mu.Unlock()
		out.alive = time.AfterFunc(keepAlive, out.comment)
	}
	return out
}

func (r *reply) canSend() bool { return r.streams }

// send writes one event. A client that takes no stream misses it: it has said
// so in Accept.
func (r *reply) send(msg []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.done:
		return errAnswered
	case !r.streams:
		return http.ErrNotSupported
	}
	return r.event(msg)
}

// event writes msg as an event, and opens the stream before the first.
func (r *reply) event(msg []byte) error {
	r.open()
	buf := make([]byte, 0, len(msg)+24)
	buf = append(buf, "event: message\ndata: "...)
	buf = append(buf, msg...)
	buf = append(buf, "\n\n"...)
	return r.write(buf)
}

func (r *reply) open() {
	if r.opened {
		return
	}
	r.opened = true
	h := r.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	h.Set("X-Content-Type-Options", "nosniff")
	r.w.WriteHeader(http.StatusOK)
}

// write sends bytes of a stream at once.
func (r *reply) write(buf []byte) error {
	_ = r.control.SetWriteDeadline(time.Now().Add(writeLimit)) // not every writer has deadlines
	if _, err := r.w.Write(buf); err != nil {
		return err
	}
	return r.control.Flush()
}

// comment keeps the response open while the work takes its time.
func (r *reply) comment() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return
	}
	r.open()
	if r.write([]byte(": working\n\n")) == nil {
		r.alive.Reset(keepAlive)
	}
}

// finish writes the answer, and nothing after it. An empty answer ends the
// response without one: 202 where no stream is open. challenge, where it is
// set, is the WWW-Authenticate of a 403.
func (r *reply) finish(answer []byte, status int, challenge string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return
	}
	r.done = true
	if r.alive != nil {
		r.alive.Stop()
	}
	switch {
	case r.opened && answer != nil:
		_ = r.event(answer) // a client that is gone cannot be told
	case r.opened:
	case answer == nil:
		r.w.WriteHeader(http.StatusAccepted)
	default:
		r.body(answer, status, challenge)
	}
	if r.opened {
		_ = r.control.SetWriteDeadline(time.Time{}) // the connection serves the next request
	}
}

func (r *reply) body(answer []byte, status int, challenge string) {
	h := r.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.session != "" {
		h.Set(headerSession, r.session)
	}
	if challenge != "" {
		status = http.StatusForbidden
		h.Set("WWW-Authenticate", challenge)
	}
	r.w.WriteHeader(status)
	_, _ = r.w.Write(answer)
}

// abandon makes sure that nothing is written after the handler has returned.
func (r *reply) abandon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = true
	if r.alive != nil {
		r.alive.Stop()
	}
}

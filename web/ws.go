package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Limits of one connection.
const (
	maxFrame         = 1 << 20
	pingEvery        = 30 * time.Second
	writeTime        = 10 * time.Second
	closeTime        = 5 * time.Second
	executesAMinute  = 120
	readFileAMinute  = 60
	maxExecutions    = 64  // of one connection at once, jobs that it watches included
	maxQueuedFrames  = 512 // that wait for the writer
	maxQueuedBytes   = 4 << 20
	socketsGoingAway = "the server is stopping"
)

// conn is one /ws connection. Its methods are safe for concurrent use.
type conn struct {
	srv  *Server
	ws   *websocket.Conn
	who  security.Identity
	log  *slog.Logger
	out  *outbox
	done context.Context // ends with the connection
	end  context.CancelCauseFunc

	executes, reads window

	work sync.WaitGroup // executions and what the chat starts

	mu    sync.Mutex
	execs map[string]*execution
	jobs  map[string]string // kinds of the jobs that it has started, by id
}

// errSlow ends a connection whose client does not read.
var errSlow = errors.New("web: the client does not read")

// send queues one frame. It never waits: a client that does not read is
// disconnected when its queue is full.
func (c *conn) send(frame any) {
	raw, err := encodeFrame(frame)
	if err != nil {
		c.log.Error("encode a frame", "error", err)
		return
	}
	c.queue(raw)
}

// queue is send of a frame that is encoded.
func (c *conn) queue(raw []byte) {
	if !c.out.put(raw) {
		c.end(errSlow)
	}
}

// offer is queue of a frame that can wait: it waits for room, and disconnects a
// client that makes none.
func (c *conn) offer(ctx context.Context, raw []byte) error {
	err := c.out.offer(ctx, raw)
	if errors.Is(err, errSlow) {
		c.end(err)
	}
	return err
}

// fail answers a frame that could not be done, with the code of a fault or of
// /ws alone.
func (c *conn) fail(code fault.Code, message string) {
	c.send(errorFrame{Type: "error", Code: code, Message: message})
}

// serveSocket is /ws, behind its gate.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	leave, err := s.sockets.enter()
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer leave()
	// Origin and Host are judged already; compression costs memory and leaks
	// what it compresses (W10).
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	ws.SetReadLimit(maxFrame)
	who := security.IdentityFrom(r.Context())
	ctx, end := context.WithCancelCause(security.WithIdentity(s.alive, who))
	c := &conn{
		srv: s, ws: ws, who: who, log: s.log.With("peer", peerOf(r).addr.String()), out: newOutbox(), done: ctx, end: end,
		executes: newWindow(executesAMinute), reads: newWindow(readFileAMinute),
		execs: make(map[string]*execution), jobs: make(map[string]string),
	}
	c.log.Info("socket opened")
	c.run()
	c.log.Info("socket closed", "cause", causeText(context.Cause(ctx)))
}

func causeText(err error) string {
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return closed.Code.String()
	}
	return fmt.Sprint(err)
}

// run reads until the connection ends, and waits for everything that it has
// started.
func (c *conn) run() {
	var helpers sync.WaitGroup
	helpers.Go(func() { c.end(c.write()) })
	helpers.Go(func() { c.end(c.ping()) })
	helpers.Go(func() {
		<-c.done.Done()
		c.close(context.Cause(c.done)) // which ends the reading
	})
	c.end(c.read())
	if c.srv.chat != nil {
		c.srv.chat.gone(c)
	}
	c.work.Wait()
	helpers.Wait()
}

// close tells the client why, where it may still listen.
func (c *conn) close(cause error) {
	if c.srv.alive.Err() != nil && !errors.Is(cause, errSlow) {
		_ = c.ws.Close(websocket.StatusGoingAway, socketsGoingAway)
	}
	_ = c.ws.CloseNow()
}

// read is the one reader.
func (c *conn) read() error {
	for {
		kind, data, err := c.ws.Read(context.Background()) // closing ends it; a context would cut off the goodbye
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			c.fail(codeBadFrame, "frames are JSON text")
			continue
		}
		c.dispatch(data)
	}
}

// write is the one writer.
func (c *conn) write() error {
	for {
		raw, err := c.out.take(c.done)
		if err != nil {
			return err
		}
		ctx, stop := context.WithTimeout(context.Background(), writeTime)
		err = c.ws.Write(ctx, websocket.MessageText, raw)
		stop()
		if err != nil {
			return err
		}
	}
}

// ping finds connections whose other end is gone without a word.
func (c *conn) ping() error {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.done.Done():
			return context.Cause(c.done)
		case <-tick.C:
		}
		ctx, stop := context.WithTimeout(c.done, pingEvery)
		err := c.ws.Ping(ctx)
		stop()
		if err != nil {
			return err
		}
	}
}

// dispatch answers one frame. A frame that cannot be understood costs an error
// and not the connection.
func (c *conn) dispatch(data []byte) {
	defer func() {
		if v := recover(); v != nil {
			c.log.Error("panic in a frame", "panic", v, "stack", string(debug.Stack()))
			c.fail(fault.Internal, "internal error")
		}
	}()
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		c.fail(codeBadFrame, "a frame is one JSON object with a type")
		return
	}
	var err error
	switch head.Type {
	case "execute":
		err = receive(data, c.execute)
	case "cancel":
		err = receive(data, c.cancel)
	case "read_file":
		err = receive(data, c.readFile)
	case "permission_response":
		err = receive(data, c.permission)
	case "acp_resume":
		err = receive(data, c.resume)
	default:
		err = fault.Errorf(codeBadFrame, "there is no frame of type %.40q here; the types are execute, cancel, read_file, permission_response and acp_resume", head.Type)
	}
	if err != nil {
		c.fail(fault.CodeOf(err), fault.MessageOf(err))
	}
}

// permission passes an answer to the chat.
func (c *conn) permission(m permissionResponse) error {
	if c.srv.chat == nil {
		return fault.New(codeNoSuchPermission, "there is no such permission request")
	}
	return c.srv.chat.permission(c, m)
}

// resume passes the wish to go on with a session to the chat, which may send
// much.
func (c *conn) resume(m resumeRequest) error {
	if c.srv.chat == nil {
		return fault.New(fault.NotFound, "there is no such session")
	}
	c.work.Go(func() {
		if err := c.srv.chat.resume(c.done, c, m); err != nil && c.done.Err() == nil {
			c.send(sessionErrorFrame{Type: "error", Code: fault.CodeOf(err), Message: fault.MessageOf(err), SessionID: clip(m.SessionID, maxID)})
		}
	})
	return nil
}

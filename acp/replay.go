package acp

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// What is kept of a session for those who come back.
const (
	keptEvents = 4_096
	keptBytes  = 1 << 20
	maxEvent   = 256 << 10 // bytes; of a longer one the large fields are left out
)

// replay holds the newest events of a session, numbered from 1 without gaps. Its
// session's lock guards it.
type replay struct {
	frames [][]byte // of events first … last
	bytes  int
	last   int64
	grown  chan struct{} // closed at the next event
}

func newReplay() *replay { return &replay{grown: make(chan struct{})} }

// add appends an event: the fields of an update, with ours over them.
func (r *replay) add(session, kind string, fields map[string]json.RawMessage) {
	r.last++
	frame := eventFrame(session, kind, r.last, fields)
	r.frames = append(r.frames, frame)
	r.bytes += len(frame)
	for len(r.frames) > keptEvents || (r.bytes > keptBytes && len(r.frames) > 1) {
		r.bytes -= len(r.frames[0])
		r.frames[0] = nil
		r.frames = r.frames[1:]
	}
	close(r.grown)
	r.grown = make(chan struct{})
}

// first is the number of the oldest event that is kept, or of the next one.
func (r *replay) first() int64 { return r.last - int64(len(r.frames)) + 1 }

// after returns at most n events that follow the given one, and reports whether
// some before them are lost.
func (r *replay) after(event int64, n int) (frames [][]byte, lost bool) {
	from := r.first()
	if event+1 < from {
		return nil, true
	}
	skip := int(event + 1 - from)
	if skip >= len(r.frames) {
		return nil, false
	}
	frames = r.frames[skip:]
	return append([][]byte(nil), frames[:min(n, len(frames))]...), false
}

// eventFrame writes an event. What an agent sends cannot pass for our fields.
func eventFrame(session, kind string, number int64, fields map[string]json.RawMessage) []byte {
	all := make(map[string]json.RawMessage, len(fields)+3)
	size := 0
	for name, value := range fields {
		all[name] = value
		size += len(name) + len(value)
	}
	if size > maxEvent {
		all["cut"] = json.RawMessage(fmt.Sprint(size))
		for name, value := range fields {
			if len(value) > 16<<10 {
				delete(all, name)
			}
		}
	}
	all["type"] = quoted(kind)
	all["session_id"] = quoted(session)
	all["event"] = json.RawMessage(fmt.Sprint(number))
	frame, err := encode(all)
	if err != nil || len(frame) > 2*maxEvent { // not JSON, or a thousand small fields
		frame, _ = encode(map[string]json.RawMessage{"type": all["type"], "session_id": all["session_id"], "event": all["event"], "cut": json.RawMessage(fmt.Sprint(size))})
	}
	return frame
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}

func quoted(text string) json.RawMessage {
	raw, _ := encode(text) // strings always can be
	return raw
}

// eventKind names an update on the browser's socket.
func eventKind(update string) string {
	switch update {
	case "agent_message_chunk":
		return "assistant.text"
	case "agent_thought_chunk":
		return "assistant.thought"
	case "tool_call":
		return "assistant.tool_call"
	case "tool_call_update":
		return "assistant.tool_update"
	case "plan":
		return "assistant.plan"
	case "current_mode_update":
		return "assistant.mode"
	case "usage_update":
		return "assistant.usage"
	}
	return "assistant.other"
}

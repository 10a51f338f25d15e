package acp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// ToolCall is what an agent wants to do, in its own words: as far as a person
// who is asked has to see it.
type ToolCall struct {
	ID        string          `json:"toolCallId"`
	Title     string          `json:"title,omitempty"`
	Kind      string          `json:"kind,omitempty"`
	Input     json.RawMessage `json:"rawInput,omitempty"`
	Content   json.RawMessage `json:"content,omitempty"` // diffs among it
	Locations json.RawMessage `json:"locations,omitempty"`
	Meta      json.RawMessage `json:"_meta,omitempty"`
	tool      string          // its name, where the agent says it in Meta
	cut       int             // bytes that were too many to keep
}

// bounded lets go of what nobody could read anyway.
func (c ToolCall) bounded() ToolCall {
	if size := c.size(); size > 2*maxShown {
		return ToolCall{ID: c.ID, Title: visible(c.Title, 200), Kind: c.Kind, tool: c.tool, cut: size}
	}
	return c
}

// over lays the fields that update has over those of the call. The protocol
// sends only what changed.
func (c ToolCall) over(update ToolCall) ToolCall {
	c.ID = update.ID
	if name := toolOf(update.Meta); name != "" {
		c.tool = name
	}
	if update.Title != "" {
		c.Title = update.Title
	}
	if update.Kind != "" {
		c.Kind = update.Kind
	}
	for _, field := range []struct{ to, from *json.RawMessage }{
		{&c.Input, &update.Input}, {&c.Content, &update.Content}, {&c.Locations, &update.Locations},
	} {
		if len(*field.from) > 0 && !bytes.Equal(*field.from, []byte("null")) {
			*field.to = compacted(*field.from)
		}
	}
	return c
}

func compacted(raw json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return raw
	}
	return out.Bytes()
}

// size is how much of it a person would have to read.
func (c ToolCall) size() int {
	return c.cut + len(c.Title) + len(c.Input) + len(c.Content) + len(c.Locations)
}

// kind is one of the protocol's kinds.
func (c ToolCall) kind() string {
	for _, kind := range toolKinds() {
		if c.Kind == kind {
			return kind
		}
	}
	return "other"
}

// Option is one of the answers that an agent offers.
type Option struct {
	ID   string `json:"optionId"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// The kinds of an option. A kind is the agent's hint, and its id is what counts.
const (
	allowOnce    = "allow_once"
	allowAlways  = "allow_always"
	rejectOnce   = "reject_once"
	rejectAlways = "reject_always"
)

// allows reports whether choosing it may let something happen: whatever is not
// plainly a refusal.
func (o Option) allows() bool { return o.Kind != rejectOnce && o.Kind != rejectAlways }

// The most options that are shown, and the longest id that is one.
const (
	maxOptions  = 32
	maxOptionID = 256
)

// offered drops what nobody may choose: ids that are empty, huge or doubled, and
// those that switch the questions off (A10).
func offered(options []Option, bypass bool) []Option {
	seen := make(map[string]bool)
	var kept []Option
	for _, o := range options {
		if o.ID == "" || len(o.ID) > maxOptionID || seen[o.ID] || len(kept) == maxOptions {
			continue
		}
		if o.allows() && !bypass && (skipsPrompts(o.ID) || strings.EqualFold(o.ID, "auto")) { // Claude's mode auto, offered at the end of a plan
			continue
		}
		seen[o.ID] = true
		kept = append(kept, o)
	}
	return kept
}

// first returns the first option of a kind.
func first(options []Option, kind string) (Option, bool) {
	for _, o := range options {
		if o.Kind == kind {
			return o, true
		}
	}
	return Option{}, false
}

// skipsPrompts reports whether a mode or an option, by its id, makes an agent
// act without asking (A10): Claude's bypassPermissions and acceptEdits, Codex's
// agent-full-access, Gemini's yolo and autoEdit, and their relatives.
func skipsPrompts(id string) bool {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(id))
	for _, word := range []string{"bypass", "fullaccess", "yolo", "dangerous", "acceptedit", "autoedit", "autoapprove", "skippermission", "dontask", "neverask"} {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// digest names exactly what is shown: the call and the options. An answer that
// carries another one was given to something else (R8).
func digest(call ToolCall, options []Option) string {
	shown, err := json.Marshal(struct {
		Call    ToolCall
		Options []Option
	}{call, options})
	if err != nil { // a raw field that is no JSON
		shown = []byte(call.ID + "\x00" + call.Title + "\x00" + string(call.Input) + "\x00" + string(call.Content) + "\x00" + string(call.Locations))
	}
	sum := sha256.Sum256(shown)
	return hex.EncodeToString(sum[:])
}

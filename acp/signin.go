package acp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/coder/acp-go-sdk"

	"github.com/axon-mcp/axon-mcp/fault"
)

// signIn is one way to sign in that an agent offers.
type signIn struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Vars        []struct {
		Name string `json:"name"`
	} `json:"vars"` // of the type env_var
}

// signIns reads the authMethods of an agent; bad items are skipped (A9).
func signIns(items []json.RawMessage) (methods []signIn) {
	for _, item := range items {
		var m signIn
		if json.Unmarshal(item, &m) == nil && m.ID != "" {
			methods = append(methods, m)
		}
	}
	return methods
}

// variables are the settings that a way needs, of those that agents get: the
// ones that it names, or the one that its id spells (gemini-api-key is
// GEMINI_API_KEY; a plain api-key is one of the agent's own keys).
func (m signIn) variables(keys []string) (names []string) {
	if m.ID == "api-key" && len(m.Vars) == 0 {
		return keys
	}
	for _, v := range m.Vars {
		if slices.Contains(passed(), v.Name) {
			names = append(names, v.Name)
		}
	}
	spelled := strings.ToUpper(strings.ReplaceAll(m.ID, "-", "_"))
	if len(m.Vars) == 0 && slices.Contains(secretNames(), spelled) {
		names = append(names, spelled)
	}
	return names
}

// byKey is the first way that needs nothing but variables which are set. All
// others want a person, and on a server none is there.
func byKey(methods []signIn, keys []string, env map[string]string) (signIn, bool) {
	for _, m := range methods {
		names := m.variables(keys)
		if len(names) > 0 && len(names) >= len(m.Vars) && !slices.ContainsFunc(names, func(name string) bool { return env[name] == "" }) {
			return m, true
		}
	}
	return signIn{}, false
}

// authenticated runs what may want a sign-in. Where the agent does and a key for
// it is set, it signs in with that and runs it once more.
func (s *Session) authenticated(ctx context.Context, w *wire, methods []signIn, run func() (opened, error)) (opened, error) {
	o, err := run()
	var refused *requestError
	if !errors.As(err, &refused) || refused.code != codeAuthRequired {
		return o, err
	}
	m, found := byKey(methods, s.agent.keys, s.host.env)
	if !found {
		return o, err
	}
	if _, err := call[json.RawMessage](ctx, w, sdk.AgentMethodAuthenticate, sdk.AuthenticateRequest{MethodId: m.ID}); err != nil {
		return o, err
	}
	return run()
}

// needsSignIn says what a person has to do for an agent that wants a sign-in.
// said are the agent's own words.
func (w *wire) needsSignIn(said string) *fault.Error {
	w.mu.Lock()
	methods := w.signIns
	w.mu.Unlock()
	names := slices.Clone(w.agent.keys)
	var ways []string
	for _, m := range methods {
		way := fmt.Sprintf("%q", visible(orElse(m.Name, m.ID), 60))
		if m.Description != "" {
			way += " (" + visible(m.Description, 160) + ")"
		}
		ways = append(ways, way)
		names = append(names, m.variables(nil)...)
	}
	text := "the agent " + w.agent.name + " wants a sign-in: " + w.agent.signIn + " in a terminal, as the user that axon runs as"
	if slices.Sort(names); len(names) > 0 {
		text += ", or start axon with " + strings.Join(slices.Compact(names), " or ") + " set"
	}
	if len(ways) > 0 {
		text += "; it offers: " + strings.Join(ways, ", ")
	}
	if said != "" {
		text += "; it says: " + visible(w.proc.stderr.clean.clean(said), 200)
	}
	return fault.New(fault.Unavailable, text)
}

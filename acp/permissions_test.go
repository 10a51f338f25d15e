package acp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// browser is the other end of a connection: it keeps every frame.
type browser struct {
	*Permissions
	mu       sync.Mutex
	asked    []PermissionRequest
	resolved []PermissionResolved
	log      lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newBrowser(policy Policy, sessions ...string) *browser {
	b := &browser{}
	b.Permissions = NewPermissions(policy, b.receive, slog.New(slog.NewTextHandler(&b.log, nil)))
	for _, session := range sessions {
		b.Attach(session)
	}
	return b
}

func (b *browser) receive(frame any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch frame := frame.(type) {
	case PermissionRequest:
		b.asked = append(b.asked, frame)
	case PermissionResolved:
		b.resolved = append(b.resolved, frame)
	}
}

// last returns the newest prompt, once there are n of them.
func (b *browser) last(n int) PermissionRequest {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.asked) != n {
		panic(fmt.Sprintf("%d prompts, want %d", len(b.asked), n))
	}
	return b.asked[n-1]
}

func (b *browser) ends() []PermissionResolved {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]PermissionResolved(nil), b.resolved...)
}

// ask starts a request and returns where its decision comes out.
func (b *browser) ask(ctx context.Context, a Ask) chan Decision {
	done := make(chan Decision, 1)
	go func() { done <- b.Ask(ctx, a) }()
	return done
}

func fourOptions() []Option {
	return []Option{{"a1", "Allow", allowOnce}, {"aa", "Allow for the session", allowAlways}, {"r1", "Reject", rejectOnce}, {"ra", "Never", rejectAlways}}
}

func editCall(id string) ToolCall {
	return ToolCall{ID: id, Title: "Edit fetch.go", Kind: "edit", Input: json.RawMessage(`{"path":"fetch.go"}`)}
}

func askFor(session, call string) Ask {
	return Ask{Session: session, Agent: "claude", Call: editCall(call), Options: fourOptions()}
}

func answerTo(frame PermissionRequest, option string) Answer {
	return Answer{SessionID: frame.SessionID, ToolCallID: frame.ToolCallID, PermID: frame.PermID, Digest: frame.Digest, OptionID: option}
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("error %v, want code %s", err, code)
	}
}

// bubble runs a test with a clock of its own. ctx ends with it.
func bubble(t *testing.T, run func(t *testing.T, ctx context.Context)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		run(t, ctx)
	})
}

// An answer is for one request, once: a replayed one reaches nothing.
func TestR1ReplayOfAnOldAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		first := b.ask(ctx, askFor("s", "1"))
		old := answerTo(b.last(1), "a1")
		if err := b.Answer(old); err != nil {
			t.Fatal(err)
		}
		if d := <-first; d.OptionID != "a1" || d.By != byUser {
			t.Errorf("the agent got %+v", d)
		}
		second := b.ask(ctx, askFor("s", "1")) // the same call, asked again
		b.last(2)
		wantCode(t, b.Answer(old), NoSuchPermission)
		select {
		case d := <-second:
			t.Errorf("the old answer reached the new request: %+v", d)
		default:
		}
	})
}

// Two answers at once: one wins, the other is told that nothing is open.
func TestR2DoubleAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		done := b.ask(ctx, askFor("s", "1"))
		frame := b.last(1)
		errs := make(chan error, 2)
		for _, option := range []string{"a1", "r1"} {
			go func() { errs <- b.Answer(answerTo(frame, option)) }()
		}
		one, two := <-errs, <-errs
		if (one == nil) == (two == nil) {
			t.Errorf("errors %v and %v, want exactly one", one, two)
		}
		d, ends := <-done, b.ends()
		if len(ends) != 1 || ends[0].OptionID != d.OptionID || ends[0].By != byUser {
			t.Errorf("the agent got %+v, the browser was told %+v", d, ends)
		}
	})
}

// Silence for 60 s is no consent: the entry goes, the agent gets cancelled, the
// log has the seed's words and both ids, and a late answer changes nothing.
func TestR3LateAnswerAfterTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "session-9")
		begin := time.Now()
		done := b.ask(ctx, askFor("session-9", "call-7"))
		frame := b.last(1)
		if !frame.ExpiresAt.Equal(begin.Add(60 * time.Second)) {
			t.Errorf("expires at %v", frame.ExpiresAt)
		}
		time.Sleep(60*time.Second - 1)
		if synctest.Wait(); b.Open() != 1 {
			t.Error("closed before its time")
		}
		if d := <-done; d.OptionID != "" || time.Since(begin) != 60*time.Second {
			t.Errorf("after %v the agent got %+v", time.Since(begin), d)
		}
		if b.Open() != 0 || len(b.open) != 0 {
			t.Error("the entry is still in the map")
		}
		wantCode(t, b.Answer(answerTo(frame, "a1")), NoSuchPermission)
		for _, want := range []string{"level=WARN", "ACP permission request timed out after 60s", "session_id=session-9", "tool_call_id=call-7"} {
			if !strings.Contains(b.log.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, b.log.String())
			}
		}
		if ends := b.ends(); len(ends) != 1 || ends[0].By != byTimeout || ends[0].Outcome != "cancelled" {
			t.Errorf("the browser was told %+v", ends)
		}
	})
}

func TestShorterTimeoutIsNamedInTheLog(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		a := askFor("s", "1")
		a.Timeout = 3 * time.Second
		<-b.ask(ctx, a)
		if !strings.Contains(b.log.String(), "ACP permission request timed out after 3s") {
			t.Error(b.log.String())
		}
	})
}

// A cancel and an answer at the same moment: one of them, never both, never none.
func TestR4AnswerDuringCancel(t *testing.T) {
	t.Parallel()
	for i := range 300 {
		b := newBrowser(Policy{}, "s")
		ctx, cancel := context.WithCancel(t.Context())
		done := b.ask(ctx, askFor("s", "1"))
		for b.Open() == 0 {
			runtime.Gosched()
		}
		var answered error
		var wg sync.WaitGroup
		wg.Go(func() { answered = b.Answer(Answer{SessionID: "s", ToolCallID: "1", OptionID: "a1"}) })
		wg.Go(func() {
			if i%2 == 0 {
				cancel()
			} else {
				b.CancelSession("s")
			}
		})
		d := <-done
		wg.Wait()
		cancel()
		if (answered == nil) != (d.OptionID == "a1") {
			t.Fatalf("the sender heard %v, the agent got %+v", answered, d)
		}
		if len(b.open) != 0 || len(b.resolved) != 1 {
			t.Fatalf("left open %d, told %d times", len(b.open), len(b.resolved))
		}
	}
}

// A right tool call id of another session, and a right perm id of another
// session, find nothing; the words are those of an id that does not exist.
func TestR5CrossSession(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "mine", "other")
		done := b.ask(ctx, askFor("mine", "1"))
		frame := b.last(1)
		crossed := answerTo(frame, "a1")
		crossed.SessionID = "other"
		err := b.Answer(crossed)
		wantCode(t, err, NoSuchPermission)
		nothing := b.Answer(Answer{SessionID: "other", ToolCallID: "none", OptionID: "a1"})
		if err.Error() != nothing.Error() {
			t.Errorf("%q tells more than %q", err, nothing)
		}
		if len(done) != 0 || b.Open() != 1 {
			t.Error("the other session's answer reached the request")
		}
	})
}

// A session id of another connection is refused, and logged as what it is.
func TestR6ForgedSessionOfAnotherConnection(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		one, two := newBrowser(Policy{}, "s1"), newBrowser(Policy{}, "s2")
		done := one.ask(ctx, askFor("s1", "1"))
		wantCode(t, two.Answer(answerTo(one.last(1), "a1")), NoSuchPermission)
		if !strings.Contains(two.log.String(), "level=WARN") || !strings.Contains(two.log.String(), "session_id=s1") {
			t.Errorf("no warning: %s", two.log.String())
		}
		if len(done) != 0 || one.Open() != 1 {
			t.Error("it was delivered")
		}
	})
}

// An id that was not offered is refused, and the request stays open. This is
// also A4: nothing but an option of that very request reaches the agent.
func TestR7OptionNotOffered(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		done := b.ask(ctx, askFor("s", "1"))
		frame := b.last(1)
		for _, option := range []string{"", "allow", "A1", "a1 ", "bypassPermissions"} {
			wantCode(t, b.Answer(answerTo(frame, option)), fault.Invalid)
		}
		if b.Open() != 1 {
			t.Fatal("the request was closed")
		}
		if err := b.Answer(answerTo(frame, "r1")); err != nil {
			t.Fatal(err)
		}
		if d := <-done; d.OptionID != "r1" {
			t.Errorf("the agent got %+v", d)
		}
	})
}

// Bait and switch: the agent shows ls and runs rm. Whoever allowed ls is asked
// again, with the call as it is now.
func TestR8BaitAndSwitch(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		done := b.ask(ctx, askFor("s", "1"))
		shown := b.last(1)
		b.Changed("s", ToolCall{ID: "1", Input: json.RawMessage(`{ "path": "fetch.go" }`)}) // the same, spaced
		b.last(1)
		b.Changed("s", ToolCall{ID: "1", Input: json.RawMessage(`{"path":"/etc/passwd"}`)})
		now := b.last(2)
		if now.PermID != shown.PermID || now.Digest == shown.Digest || !strings.Contains(string(now.Tool.Input), "passwd") {
			t.Errorf("asked again with %+v", now)
		}
		for i, stale := range []Answer{answerTo(shown, "a1"), {SessionID: "s", ToolCallID: "1", OptionID: "a1"}} {
			if err := b.Answer(stale); err != nil {
				t.Fatal(err)
			}
			if again := b.last(3 + i); again.Digest != now.Digest || len(done) != 0 {
				t.Errorf("answer %d for what was shown before: digest %s, decided %d", i, again.Digest, len(done))
			}
		}
		if err := b.Answer(answerTo(now, "r1")); err != nil {
			t.Fatal(err)
		}
		<-done
	})
}

// An agent that changes the call faster than anybody reads gets a no.
func TestR8EndlessChanges(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		done := b.ask(ctx, askFor("s", "1"))
		b.last(1)
		for i := range 100 {
			b.Changed("s", ToolCall{ID: "1", Title: fmt.Sprint("Edit ", i)})
		}
		if d := <-done; d.OptionID != "r1" {
			t.Errorf("the agent got %+v", d)
		}
		if b.last(1 + maxChanges); len(b.open) != 0 {
			t.Error("still open")
		}
	})
}

// Nothing in an agent's words moves, hides or forges what is ours.
func TestR9DisplaySpoofing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		{"plain", "Edit fetch.go", "Edit fetch.go"},
		{"other scripts stay", "编辑 файл é", "编辑 файл é"},
		{"bidi override", "rm \u202egpj.exe", `rm \u202egpj.exe`},
		{"bidi isolate", "a\u2066b\u2069", `a\u2066b\u2069`},
		{"ansi", "\x1b[2Kok", `\u001b[2Kok`},
		{"line breaks", "a\nb\r\nc\u2028d", `a\u000ab\u000d\u000ac\u2028d`},
		{"zero width", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"tag characters", "a\U000e0041", `a\U000e0041`},
		{"odd spaces", "a\u00a0b\u3000", `a\u00a0b\u3000`},
		{"long", strings.Repeat("x", 50), strings.Repeat("x", 40) + "… (10 characters more)"},
		{"no UTF-8", "a\xffb", "a\ufffdb"},
	} {
		if got := visible(row.text, 40); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// What is too long to read cannot be allowed, only rejected; the rest is whole.
func TestR9TooLongToJudge(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		a := askFor("s", "1")
		a.Call.Input = json.RawMessage(`"` + strings.Repeat("x", maxShown) + `"`)
		done := b.ask(ctx, a)
		frame := b.last(1)
		if !frame.Tool.TooLong || frame.Tool.Input != nil || len(frame.Options) != 2 || frame.Tool.Bytes < maxShown {
			t.Errorf("shown %+v", frame)
		}
		wantCode(t, b.Answer(answerTo(frame, "a1")), fault.Invalid)
		if err := b.Answer(answerTo(frame, "ra")); err != nil || (<-done).OptionID != "ra" {
			t.Error("a rejection was refused", err)
		}
	})
}

// Only who may widen is offered to, and nothing widens by itself.
func TestR10AlwaysIsNotForAll(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{NoAlways: true}, "s")
		b.ask(ctx, askFor("s", "1"))
		frame := b.last(1)
		for _, o := range frame.Options {
			if o.Kind == allowAlways {
				t.Errorf("offered %+v", o)
			}
		}
		wantCode(t, b.Answer(answerTo(frame, "aa")), fault.Invalid)
	})
}

// Requests die with their connection; a new one knows none of their ids.
func TestR11ConnectionGone(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		done := b.ask(ctx, askFor("s", "1"))
		frame := b.last(1)
		begin := time.Now()
		b.Close()
		if d := <-done; d.OptionID != "" || time.Since(begin) != 0 {
			t.Errorf("after %v: %+v", time.Since(begin), d)
		}
		if b.Attach("s") {
			t.Error("a closed connection took a session")
		}
		if d := b.Ask(ctx, askFor("s", "2")); d.OptionID != "" {
			t.Errorf("a closed connection decided %+v", d)
		}
		next := newBrowser(Policy{}, "s")
		wantCode(t, next.Answer(answerTo(frame, "a1")), NoSuchPermission)
	})
}

// A flood is answered with reject_once; what is open stays open, other sessions
// are not touched, and the browser sees no more than the limit.
func TestR12Flood(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s", "quiet")
		for i := range 8 {
			b.ask(ctx, askFor("s", fmt.Sprint(i)))
		}
		b.last(8)
		if d := b.Ask(ctx, askFor("s", "surplus")); d.OptionID != "r1" {
			t.Errorf("the ninth of a second got %+v", d)
		}
		noReject := askFor("s", "surplus")
		noReject.Options = noReject.Options[:1]
		if d := b.Ask(ctx, noReject); d.OptionID != "" {
			t.Errorf("without a reject_once: %+v", d)
		}
		b.ask(ctx, askFor("quiet", "0"))
		b.last(9)
		for i := range 24 {
			time.Sleep(125 * time.Millisecond)
			b.ask(ctx, askFor("s", fmt.Sprint("slow", i)))
		}
		b.last(33)
		time.Sleep(time.Second)
		if d := b.Ask(ctx, askFor("s", "33rd")); d.OptionID != "r1" {
			t.Errorf("the 33rd open one got %+v", d)
		}
	})
}

// A connection that may only watch answers nothing.
func TestR14Observer(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{Observer: true}, "s")
		b.ask(ctx, askFor("s", "1"))
		wantCode(t, b.Answer(answerTo(b.last(1), "a1")), fault.Forbidden)
		if b.Open() != 1 {
			t.Error("it was answered")
		}
	})
}

// The answer is committed before anybody hears of it: a socket that closes right
// behind it takes nothing back.
func TestR15AnswerThenClose(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		done := b.ask(ctx, askFor("s", "1"))
		frame := b.last(1)
		if err := b.Answer(answerTo(frame, "a1")); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if d := <-done; d.OptionID != "a1" {
			t.Errorf("the agent got %+v", d)
		}
		wantCode(t, b.Answer(answerTo(frame, "a1")), NoSuchPermission)
	})
}

// Codex asks several times for one tool call: each has its own perm_id, and the
// pair alone is taken only where it is plain.
func TestSamePairTwice(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{}, "s")
		one := b.ask(ctx, askFor("s", "1"))
		first := b.last(1)
		two := b.ask(ctx, askFor("s", "1"))
		second := b.last(2)
		byPair := Answer{SessionID: "s", ToolCallID: "1", OptionID: "a1"}
		wantCode(t, b.Answer(byPair), AmbiguousPermission)
		if err := b.Answer(answerTo(second, "r1")); err != nil || (<-two).OptionID != "r1" || len(one) != 0 {
			t.Error("the second answer went elsewhere", err)
		}
		if err := b.Answer(byPair); err != nil || (<-one).OptionID != "a1" {
			t.Error("the pair alone is plain now", err)
		}
		if len(first.PermID) != 32 || first.PermID == second.PermID {
			t.Errorf("perm ids %q and %q", first.PermID, second.PermID)
		}
	})
}

// A10: what switches the questions off is neither offered nor chosen, whatever
// the agent calls its kind.
func TestA10OptionsThatSwitchPromptsOff(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		planned := []Option{{"bypassPermissions", "Yes, and bypass", allowAlways}, {"acceptEdits", "Yes, and accept edits", allowOnce}, {"default", "Yes", allowOnce}, {"plan", "No", rejectOnce}}
		b := newBrowser(Policy{}, "s")
		a := askFor("s", "1")
		a.Options = planned
		b.ask(ctx, a)
		frame := b.last(1)
		if len(frame.Options) != 2 || frame.Options[0].ID != "default" || frame.Options[1].ID != "plan" {
			t.Errorf("offered %+v", frame.Options)
		}
		wantCode(t, b.Answer(answerTo(frame, "bypassPermissions")), fault.Invalid)
		for _, policy := range []Policy{{Auto: true}, {Auto: true, Bypass: true}} {
			auto := newBrowser(policy, "s")
			if d := auto.Ask(ctx, a); d.OptionID != "default" {
				t.Errorf("%+v chose %+v", policy, d)
			}
		}
		for _, id := range []string{"bypassPermissions", "agent-full-access", "yolo", "YOLO", "auto_edit", "dangerously-skip-permissions"} {
			if !skipsPrompts(id) {
				t.Errorf("%q is let through", id)
			}
		}
		for _, id := range []string{"allow", "default", "plan", "read-only", "agent", "proceed_once"} {
			if skipsPrompts(id) {
				t.Errorf("%q is taken for a bypass", id)
			}
		}
	})
}

func TestAutoApprove(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		b := newBrowser(Policy{Auto: true, AutoTools: []string{"edit"}}, "s")
		if d := b.Ask(ctx, askFor("s", "1")); d.OptionID != "a1" || d.By != byAuto {
			t.Errorf("decided %+v", d)
		}
		ends := b.ends()
		if len(ends) != 1 || ends[0].By != byAuto || ends[0].Tool.Title != "Edit fetch.go" || ends[0].Tool.Kind != "edit" {
			t.Errorf("the browser was told %+v", ends)
		}
		if !strings.Contains(b.log.String(), "granted without asking") || b.Open() != 0 {
			t.Error(b.log.String())
		}
		other := askFor("s", "2")
		other.Call.Kind = "execute" // not among the listed kinds: a person is asked
		b.ask(ctx, other)
		b.last(1)
		onlyAlways := askFor("s", "3")
		onlyAlways.Options = onlyAlways.Options[1:] // no allow_once: asked
		b.ask(ctx, onlyAlways)
		b.last(2)
	})
}

// TestPermissionStorm is the seed's SEC-7 under load: 100 sessions ask 100 times
// each, all with the same tool call ids; answers come in random order, a tenth
// of them doubled, late, forged or for another session.
func TestPermissionStorm(t *testing.T) {
	t.Parallel()
	const sessions, each = 100, 100
	names := make([]string, sessions)
	for i := range names {
		names[i] = fmt.Sprintf("session-%d", i)
	}
	b := newBrowser(Policy{MaxOpen: each, PerSecond: each}, names...)
	foreign := newBrowser(Policy{}, "elsewhere")
	type outcome struct{ session, call, option string }
	outcomes := make(chan outcome, sessions*each)
	var asking sync.WaitGroup
	for _, session := range names {
		for i := range each {
			asking.Go(func() {
				call := fmt.Sprintf("call-%d", i%10) // ten requests at once under each pair
				a := askFor(session, call)
				// The options tell which request they are of.
				own := fmt.Sprintf("%s/%s/%d", session, call, i)
				a.Options = []Option{{own + "/yes", "Yes", allowOnce}, {own + "/no", "No", rejectOnce}}
				d := b.Ask(t.Context(), a)
				if !strings.HasPrefix(d.OptionID, own+"/") || d.By != byUser {
					t.Errorf("%s got %+v", own, d)
				}
				outcomes <- outcome{session, call, d.OptionID}
			})
		}
	}
	for b.Open() < sessions*each {
		runtime.Gosched()
	}
	b.mu.Lock()
	frames := append([]PermissionRequest(nil), b.asked...)
	b.mu.Unlock()
	rand.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
	var delivered sync.Map
	var answering sync.WaitGroup
	for worker := range 50 {
		answering.Go(func() {
			for i := worker; i < len(frames); i += 50 {
				answerBadly(t, b, foreign, frames[i], i)
				a := answerTo(frames[i], frames[i].Options[i%2].ID)
				if err := b.Answer(a); err != nil {
					t.Errorf("answer %d: %v", i, err)
				}
				if _, twice := delivered.LoadOrStore(a.OptionID, true); twice {
					t.Errorf("%s twice", a.OptionID)
				}
				if i%10 == 0 {
					wantCode(t, b.Answer(a), NoSuchPermission) // doubled, and late
				}
			}
		})
	}
	answering.Wait()
	asking.Wait()
	close(outcomes)
	got := 0
	for o := range outcomes {
		got++
		if _, sent := delivered.LoadAndDelete(o.option); !sent {
			t.Errorf("%s/%s got %s, which nobody sent", o.session, o.call, o.option)
		}
	}
	b.Permissions.mu.Lock()
	defer b.Permissions.mu.Unlock()
	if got != sessions*each || len(b.open) != 0 || len(b.resolved) != sessions*each {
		t.Errorf("%d answered, %d told, %d left in the map", got, len(b.resolved), len(b.open))
	}
	for name, s := range b.sessions {
		if s.open != 0 {
			t.Errorf("%s counts %d open", name, s.open)
		}
	}
}

// answerBadly sends what must not reach the request of a frame, every tenth time.
func answerBadly(t *testing.T, b, foreign *browser, frame PermissionRequest, i int) {
	t.Helper()
	if i%10 != 1 {
		return
	}
	forged := answerTo(frame, frame.Options[0].ID)
	switch i / 10 % 4 {
	case 0: // another session of this connection
		forged.SessionID = fmt.Sprintf("session-%d", (i+1)%100)
		if forged.SessionID == frame.SessionID {
			return
		}
		wantCode(t, b.Answer(forged), NoSuchPermission)
	case 1: // another connection
		wantCode(t, foreign.Answer(forged), NoSuchPermission)
	case 2: // a guessed perm_id
		forged.PermID = randomID()
		wantCode(t, b.Answer(forged), NoSuchPermission)
	case 3: // an option of somebody else
		forged.OptionID = "session-0/call-0/0/yes!"
		wantCode(t, b.Answer(forged), fault.Invalid)
	}
}

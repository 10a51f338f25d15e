package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/index"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

func forgetBench(t *testing.T, now *time.Time) *bench {
	t.Helper()
	b := newBench(t, func(d *Deps) { d.Now = func() time.Time { return *now } })
	for i := range 3 {
		b.index.put(index.Document{URL: fmt.Sprintf("https://a.example/%d", i), Domain: "a.example", Markdown: fmt.Sprint(i)})
	}
	b.index.put(index.Document{URL: "https://b.example/", Domain: "b.example", Markdown: "b"})
	return b
}

// TestNothingGoesWithoutAConfirmation: rule N10.
func TestNothingGoesWithoutAConfirmation(t *testing.T) {
	t.Parallel()
	now := testTime
	b := forgetBench(t, &now)
	dry, text := must[ForgetOutput](t, b, "forget", `{"domain":"a.example"}`)
	if !dry.DryRun || dry.Documents != 3 || dry.Confirm == "" || len(b.index.docs) != 4 || !strings.Contains(text, dry.Confirm) {
		t.Fatalf("dry run: %+v, %d documents left", dry, len(b.index.docs))
	}
	_, err := b.call(t, "forget", `{"domain":"a.example","dry_run":false}`)
	var question *ConfirmError
	if !errors.As(err, &question) || !strings.HasPrefix(question.Question, "Remove the domain a.example") || !strings.Contains(question.Question, "3 documents") {
		t.Fatalf("without a token: %v", err)
	}
	if len(b.index.docs) != 4 {
		t.Fatal("documents went without a confirmation")
	}
	if strings.Contains(b.log.String(), question.Token) || !strings.Contains(b.log.String(), "code=confirm") {
		t.Errorf("log: %s", b.log.String())
	}
	done, _ := must[ForgetOutput](t, b, "forget", `{"domain":"a.example","dry_run":false,"confirm":"`+question.Token+`"}`)
	if done.DryRun || done.Documents != 3 || len(b.index.docs) != 1 {
		t.Errorf("confirmed: %+v, %d documents left", done, len(b.index.docs))
	}
	none, _ := must[ForgetOutput](t, b, "forget", `{"domain":"a.example","dry_run":false}`)
	if none.Documents != 0 {
		t.Errorf("nothing to forget: %+v", none)
	}
}

func TestATokenIsForWhatWasShown(t *testing.T) {
	t.Parallel()
	admin := []string{security.ScopeAdmin}
	for name, c := range map[string]struct {
		change func(b *bench, now *time.Time)
		who    string
		args   string
	}{
		"old": {func(_ *bench, now *time.Time) { *now = now.Add(confirmLife) }, "alice", `"domain":"a.example"`},
		"more there now": {func(b *bench, _ *time.Time) {
			b.index.put(index.Document{URL: "https://a.example/new", Domain: "a.example"})
		}, "alice", `"domain":"a.example"`},
		"another domain":   {nil, "alice", `"domain":"b.example"`},
		"another's":        {nil, "mallory", `"domain":"a.example"`},
		"other collection": {nil, "alice", `"domain":"a.example","collection":"other"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := testTime
			b := forgetBench(t, &now)
			result, err := b.Call(as(t, "alice", admin...), Call{Name: "forget", Args: json.RawMessage(`{"domain":"a.example"}`)})
			if err != nil {
				t.Fatal(err)
			}
			var dry ForgetOutput
			if err := json.Unmarshal(result.Structured.(json.RawMessage), &dry); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(b, &now)
			}
			before := len(b.index.docs)
			_, err = b.Call(as(t, c.who, admin...), Call{Name: "forget", Args: json.RawMessage(`{` + c.args + `,"dry_run":false,"confirm":"` + dry.Confirm + `"}`)})
			var question *ConfirmError
			if !errors.As(err, &question) || len(b.index.docs) != before {
				t.Errorf("%v, %d of %d documents left", err, len(b.index.docs), before)
			}
		})
	}
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	now := testTime
	b := forgetBench(t, &now)
	dry, _ := must[ForgetOutput](t, b, "forget", `{"domain":"a.example"}`)
	for _, token := range []string{"x", "AAAA", strings.ToUpper(dry.Confirm), dry.Confirm[:30], dry.Confirm + "AA", "yes", "!"} {
		_, err := b.call(t, "forget", `{"domain":"a.example","dry_run":false,"confirm":"`+token+`"}`)
		var question *ConfirmError
		if !errors.As(err, &question) || len(b.index.docs) != 4 {
			t.Errorf("token %q: %v", token, err)
		}
	}
	other := newBench(t)
	other.index.docs = b.index.docs
	if _, err := other.call(t, "forget", `{"domain":"a.example","dry_run":false,"confirm":"`+dry.Confirm+`"}`); err == nil {
		t.Error("a token of another process's key was taken")
	}
}

func TestAKeyOfTheDataDirectoryHoldsAcrossProcesses(t *testing.T) {
	t.Parallel()
	key := func(d *Deps) {
		d.ConfirmKey = func() ([]byte, error) { return []byte("the data directory's own key 012"), nil }
	}
	first, second := newBench(t, key), newBench(t, key)
	doc := index.Document{URL: "https://a.example/", Domain: "a.example"}
	first.index.put(doc)
	second.index.put(doc)
	dry, _ := must[ForgetOutput](t, first, "forget", `{"url":"https://a.example/"}`)
	if _, err := second.call(t, "forget", `{"url":"https://a.example/","dry_run":false,"confirm":"`+dry.Confirm+`"}`); err != nil {
		t.Error(err)
	}
}

func TestForgetNeedsOneSelector(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, args := range []string{`{}`, `{"url":"x","domain":"y"}`, `{"collection":"a/b"}`} {
		_, err := b.call(t, "forget", args)
		wantFault(t, err, fault.Invalid, "forget:")
	}
}

// A token in a dry run: who gives one expects that something is removed.
func TestATokenIsNotForADryRun(t *testing.T) {
	t.Parallel()
	now := testTime
	b := forgetBench(t, &now)
	dry, _ := must[ForgetOutput](t, b, "forget", `{"domain":"a.example"}`)
	for name, c := range map[string]struct{ tool, args, says string }{
		"bogus":         {"forget", `{"domain":"a.example","confirm":"xyz"}`, "does not fit"},
		"none there":    {"forget", `{"domain":"none.example","confirm":"xyz"}`, "does not fit"},
		"no duplicates": {"dedupe", `{"near":true,"confirm":"bogus"}`, "does not fit"},
		"another's":     {"forget", `{"url":"https://a.example/","confirm":"` + dry.Confirm + `"}`, "does not fit"},
		"good":          {"forget", `{"domain":"a.example","confirm":"` + dry.Confirm + `"}`, "dry_run=false"},
	} {
		_, err := b.call(t, c.tool, c.args)
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDedupe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for url, text := range map[string]string{"https://a.example/1": "same", "https://a.example/2": "same", "https://a.example/3": "same", "https://a.example/4": "own"} {
		b.index.put(index.Document{URL: url, Markdown: text})
	}
	dry, _ := must[DedupeOutput](t, b, "dedupe", `{}`)
	if dry.Documents != 2 || len(dry.Groups) != 1 || dry.Groups[0].Keep != "https://a.example/1" || len(b.index.docs) != 4 {
		t.Fatalf("dry run: %+v", dry)
	}
	if _, err := b.call(t, "dedupe", `{"near":true,"dry_run":false,"confirm":"`+dry.Confirm+`"}`); err == nil {
		t.Error("a token for exact duplicates was taken for near ones")
	}
	done, _ := must[DedupeOutput](t, b, "dedupe", `{"dry_run":false,"confirm":"`+dry.Confirm+`"}`)
	if done.Documents != 2 || len(b.index.docs) != 2 || b.index.docs["https://a.example/1"].Markdown != "same" {
		t.Errorf("done: %+v, left %v", done, sortedKeys(b.index.docs))
	}
	if none, text := must[DedupeOutput](t, b, "dedupe", `{"dry_run":false}`); none.Documents != 0 || !strings.Contains(text, "no duplicates") {
		t.Errorf("nothing left: %+v", none)
	}
}

package oauthtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/oauth"
)

// Suite holds a store to the rules of oauth.Store. pass lets time go by for it;
// nil where it has the real clock.
func Suite(t *testing.T, st oauth.Store, pass func(time.Duration)) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("put, get, delete", func(t *testing.T) {
		must(st.Put(ctx, oauth.KindGrant, "a", []byte("1"), time.Minute))
		if err := st.Put(ctx, oauth.KindGrant, "a", []byte("2"), time.Minute); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("the second Put: %v, want conflict", err)
		}
		if v, err := st.Get(ctx, oauth.KindGrant, "a"); err != nil || string(v) != "1" {
			t.Errorf("Get: %q, %v", v, err)
		}
		if _, err := st.Get(ctx, oauth.KindCode, "a"); !errors.Is(err, oauth.ErrNone) {
			t.Errorf("another kind's: %v, want none", err)
		}
		if gone, err := st.Delete(ctx, oauth.KindGrant, "a"); !gone || err != nil {
			t.Errorf("Delete: %v, %v", gone, err)
		}
		if gone, err := st.Delete(ctx, oauth.KindGrant, "a"); gone || err != nil {
			t.Errorf("the second Delete: %v, %v", gone, err)
		}
		if _, err := st.Get(ctx, oauth.KindGrant, "a"); !errors.Is(err, oauth.ErrNone) {
			t.Errorf("after Delete: %v, want none", err)
		}
	})
	t.Run("swap", func(t *testing.T) {
		if ok, err := st.Swap(ctx, oauth.KindGrant, "none", []byte("1"), []byte("2"), time.Minute); ok || err != nil {
			t.Errorf("of nothing: %v, %v", ok, err)
		}
		must(st.Put(ctx, oauth.KindGrant, "s", []byte("1"), time.Minute))
		if ok, err := st.Swap(ctx, oauth.KindGrant, "s", []byte("0"), []byte("2"), time.Minute); ok || err != nil {
			t.Errorf("of another value: %v, %v", ok, err)
		}
		if ok, err := st.Swap(ctx, oauth.KindGrant, "s", []byte("1"), []byte("2"), time.Minute); !ok || err != nil {
			t.Errorf("of the value: %v, %v", ok, err)
		}
		if v, _ := st.Get(ctx, oauth.KindGrant, "s"); string(v) != "2" {
			t.Errorf("after Swap: %q", v)
		}
	})
	t.Run("200 swap, one wins (X4)", func(t *testing.T) {
		must(st.Put(ctx, oauth.KindCode, "race", []byte("0"), time.Minute))
		if n := race(t, func(i int) (bool, error) {
			return st.Swap(ctx, oauth.KindCode, "race", []byte("0"), fmt.Append(nil, i+1), time.Minute)
		}); n != 1 {
			t.Errorf("%d have won", n)
		}
	})
	t.Run("200 delete, one is told", func(t *testing.T) {
		must(st.Put(ctx, oauth.KindLogin, "race", []byte("0"), time.Minute))
		if n := race(t, func(int) (bool, error) { return st.Delete(ctx, oauth.KindLogin, "race") }); n != 1 {
			t.Errorf("%d were told", n)
		}
	})
	t.Run("the limit of a kind", func(t *testing.T) { limit(t, st) })
	if pass != nil {
		t.Run("the end of an entry", func(t *testing.T) { expiry(t, st, pass) })
	}
	if err := st.Check(ctx); err != nil {
		t.Errorf("Check: %v", err)
	}
}

func limit(t *testing.T, st oauth.Store) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1_000 {
		must(st.Put(ctx, oauth.KindClient, fmt.Sprint("c", i), []byte("{}"), time.Minute))
	}
	err := st.Put(ctx, oauth.KindClient, "more", []byte("{}"), time.Minute)
	if fault.CodeOf(err) != fault.Busy || fault.RetryAfter(err) == 0 {
		t.Errorf("the 1001st: %v, want busy with a time", err)
	}
	if all, err := st.List(ctx, oauth.KindClient); len(all) != 1_000 || err != nil || string(all["c7"]) != "{}" {
		t.Errorf("List: %d, %v", len(all), err)
	}
	_, err = st.Delete(ctx, oauth.KindClient, "c1")
	must(err)
	must(st.Put(ctx, oauth.KindClient, "more", []byte("{}"), time.Minute))
}

func expiry(t *testing.T, st oauth.Store, pass func(time.Duration)) {
	ctx := t.Context()
	if err := st.Put(ctx, oauth.KindSession, "e", []byte("1"), time.Minute); err != nil {
		t.Fatal(err)
	}
	pass(59 * time.Second)
	if ok, err := st.Swap(ctx, oauth.KindSession, "e", []byte("1"), []byte("2"), time.Minute); !ok || err != nil {
		t.Errorf("Swap in time: %v, %v", ok, err)
	}
	pass(59 * time.Second) // Swap has given it a new life
	if _, err := st.Get(ctx, oauth.KindSession, "e"); err != nil {
		t.Errorf("in time: %v", err)
	}
	pass(2 * time.Second)
	if _, err := st.Get(ctx, oauth.KindSession, "e"); !errors.Is(err, oauth.ErrNone) {
		t.Errorf("too late: %v, want none", err)
	}
	if ok, _ := st.Swap(ctx, oauth.KindSession, "e", []byte("2"), []byte("3"), time.Minute); ok {
		t.Error("swapped too late")
	}
	if ok, _ := st.Delete(ctx, oauth.KindSession, "e"); ok {
		t.Error("deleted too late")
	}
	if all, err := st.List(ctx, oauth.KindSession); len(all) != 0 || err != nil {
		t.Errorf("List: %v, %v", all, err)
	}
	if err := st.Put(ctx, oauth.KindSession, "e", []byte("4"), time.Minute); err != nil {
		t.Errorf("Put again: %v", err)
	}
}

// race calls do 200 times at once and counts who was first.
func race(t *testing.T, do func(i int) (bool, error)) int64 {
	t.Helper()
	var wg sync.WaitGroup
	var won atomic.Int64
	start, stop := context.WithCancel(t.Context())
	for i := range 200 {
		wg.Go(func() {
			<-start.Done()
			ok, err := do(i)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	stop()
	wg.Wait()
	return won.Load()
}

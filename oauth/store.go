package oauth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// Kind is what an entry of the store is.
type Kind string

// The kinds.
const (
	KindClient  Kind = "client"  // by client id: a registered client
	KindLogin   Kind = "login"   // by hash of state: a sign-in that is under way at Google
	KindCode    Kind = "code"    // by hash: an authorization code
	KindGrant   Kind = "grant"   // by hash of the family's name: what a person gave a client
	KindAccess  Kind = "access"  // by hash: an access token
	KindSession Kind = "session" // by hash of the cookie: a browser that is signed in
	KindPin     Kind = "pin"     // by e-mail: the Google account that an address stands for
)

// limit is how many live entries of a kind there may be.
func (k Kind) limit() int {
	if k == KindClient {
		return 1_000
	}
	return 10_000
}

// Store keeps entries for a time. Every method is atomic, across processes too,
// and fails with fault.Unavailable where the store cannot be reached: who asks
// lets nobody in then. An entry whose life is over is not there.
type Store interface {
	// Put adds an entry. It fails with Conflict where the key is taken, and
	// with Busy where the kind is at its limit.
	Put(ctx context.Context, kind Kind, key string, value []byte, life time.Duration) error
	// Get returns an entry, or ErrNone.
	Get(ctx context.Context, kind Kind, key string) ([]byte, error)
	// Swap replaces old by new, with a new life, and reports whether the entry
	// was there and was old. Of many that swap the same old, one succeeds.
	Swap(ctx context.Context, kind Kind, key string, old, new []byte, life time.Duration) (bool, error)
	// Delete removes an entry and reports whether it was there. Of many that
	// delete the same, one is told so.
	Delete(ctx context.Context, kind Kind, key string) (bool, error)
	// List returns the live entries of a kind by key, at most its limit.
	List(ctx context.Context, kind Kind) (map[string][]byte, error)
	// Check proves that the store can be written.
	Check(ctx context.Context) error
}

// ErrNone says that the store has no such entry.
var ErrNone = errors.New("oauth: no such entry")

func errLimit(kind Kind) error {
	return &fault.Error{Code: fault.Busy, Message: fmt.Sprintf("there are %d %s entries already; try again later", kind.limit(), kind), RetryAfter: time.Minute}
}

func errTaken(kind Kind) error {
	return fault.Errorf(fault.Conflict, "this %s entry is there already", kind)
}

// hashOf is the key of what a secret opens. The store never sees the secret.
func hashOf(token string) string {
	sum := security.HashToken(token)
	return hex.EncodeToString(sum[:])
}

// put stores a value as JSON.
func put[T any](ctx context.Context, st Store, kind Kind, key string, value T, life time.Duration) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode a %s: %w", kind, err)
	}
	return st.Put(ctx, kind, key, raw, life)
}

// kept is an entry as it was read, for the swap that follows.
type kept[T any] struct {
	value T
	kind  Kind
	key   string
	raw   []byte
}

// get reads a value. It fails with ErrNone where there is none.
func get[T any](ctx context.Context, st Store, kind Kind, key string) (*kept[T], error) {
	raw, err := st.Get(ctx, kind, key)
	if err != nil {
		return nil, err
	}
	k := &kept[T]{kind: kind, key: key, raw: raw}
	if err := json.Unmarshal(raw, &k.value); err != nil {
		return nil, fmt.Errorf("decode a %s: %w", kind, err)
	}
	return k, nil
}

// swap replaces the entry, if it is still as it was read.
func (k *kept[T]) swap(ctx context.Context, st Store, value T, life time.Duration) (bool, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return false, fmt.Errorf("encode a %s: %w", k.kind, err)
	}
	return st.Swap(ctx, k.kind, k.key, k.raw, raw, life)
}

// list reads all values of a kind by key.
func list[T any](ctx context.Context, st Store, kind Kind) (map[string]T, error) {
	raw, err := st.List(ctx, kind)
	if err != nil {
		return nil, err
	}
	values := make(map[string]T, len(raw))
	for key, one := range raw {
		var value T
		if err := json.Unmarshal(one, &value); err != nil {
			return nil, fmt.Errorf("decode a %s: %w", kind, err)
		}
		values[key] = value
	}
	return values, nil
}

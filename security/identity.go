package security

import (
	"context"
	"slices"
)

// Scopes that a caller can hold. A tool declares the one that it needs.
const (
	ScopeRead  = "axon:read"  // search, read, fetch without storing
	ScopeWrite = "axon:write" // index, own jobs, schedules
	ScopeAdmin = "axon:admin" // delete, clean up, import and export, jobs of others
)

// Identity is who is calling. The zero value is nobody and holds no scope.
type Identity struct {
	// Subject is stable for one caller: "local" (stdio, command line), "key"
	// (the static key), or "<issuer>|<sub>" of a person.
	Subject string
	// Scopes that the caller's credential holds.
	Scopes []string
	// Blocked are tools that this credential does not reach, whatever its
	// scopes.
	Blocked []string
}

// Local is the person at this machine: stdio and the command line.
func Local() Identity {
	return Identity{Subject: "local", Scopes: []string{ScopeRead, ScopeWrite, ScopeAdmin}}
}

// Can reports whether the identity holds scope. A wider scope holds the
// narrower ones: admin ⊇ write ⊇ read.
func (id Identity) Can(scope string) bool {
	switch scope {
	case ScopeRead:
		return len(id.Scopes) > 0 && (slices.Contains(id.Scopes, ScopeRead) || id.Can(ScopeWrite))
	case ScopeWrite:
		return slices.Contains(id.Scopes, ScopeWrite) || id.Can(ScopeAdmin)
	}
	return slices.Contains(id.Scopes, scope)
}

// Lacks reports whether a tool is kept from the identity.
func (id Identity) Lacks(tool string) bool { return slices.Contains(id.Blocked, tool) }

type identityKey struct{}

// WithIdentity returns ctx with the caller in it.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// IdentityFrom returns the caller that a door put into ctx, or nobody.
func IdentityFrom(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

package acp

import (
	"crypto/rand"
	"encoding/hex"
)

// randomID returns 128 random bits: nobody guesses it, and no two are alike.
func randomID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	return hex.EncodeToString(id[:])
}

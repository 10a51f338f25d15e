package security

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

const tokenBytes = 32

// NewToken returns 32 random bytes in 43 characters of base64url, for a secret
// that needs no mark: nonces, tickets, CSRF fields.
func NewToken() string {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// The parts of a marked token: prefix, 43 characters that hold 32 random bytes
// in base 62, 6 that hold the CRC-32 of the rest. A scanner knows such a token
// by its prefix and can tell by the checksum, without asking us, that it is one
// (the form of GitHub's tokens); a mistyped one costs no look-up.
const (
	base62      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	bodyLength  = 43 // 62^43 > 2^256
	checkLength = 6  // 62^6 > 2^32
)

// NewMarkedToken returns prefix, such as "atk_", with 32 random bytes and a
// checksum in base 62.
func NewMarkedToken(prefix string) string {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:])
	body := prefix + encode62(b[:], bodyLength)
	return body + checksum62(body)
}

// IsMarkedToken reports whether token has the form of NewMarkedToken. It says
// nothing about whether it was ever given out.
func IsMarkedToken(token, prefix string) bool {
	if len(token) != len(prefix)+bodyLength+checkLength || !strings.HasPrefix(token, prefix) {
		return false
	}
	body := token[:len(token)-checkLength]
	return checksum62(body) == token[len(body):]
}

func checksum62(body string) string {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return encode62(sum[:], checkLength)
}

// encode62 writes b as a number in base 62, padded to n digits.
func encode62(b []byte, n int) string {
	digits := make([]byte, n)
	number := append([]byte(nil), b...)
	for i := n - 1; i >= 0; i-- {
		rest := 0
		for j, v := range number { // long division by 62
			rest = rest<<8 | int(v)
			number[j], rest = byte(rest/62), rest%62
		}
		digits[i] = base62[rest]
	}
	return string(digits)
}

// HashToken returns what a store keeps of a token instead of the token. Random
// tokens of 32 bytes need no salt and no slow hash.
func HashToken(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// SameToken compares in time that depends on neither. Two empty ones differ: a
// secret that is not set matches nothing.
func SameToken(a, b string) bool {
	x, y := HashToken(a), HashToken(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && a != ""
}

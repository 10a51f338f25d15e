package security

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		for _, token := range []string{NewToken(), NewMarkedToken("atk_")} {
			if seen[token] {
				t.Fatal("a token came twice")
			}
			seen[token] = true
		}
	}
	if n := len(NewToken()); n != 43 {
		t.Errorf("%d characters", n)
	}
}

func TestMarkedToken(t *testing.T) {
	t.Parallel()
	token := NewMarkedToken("atk_")
	if len(token) != 4+43+6 || !IsMarkedToken(token, "atk_") {
		t.Fatalf("%q is not one", token)
	}
	if IsMarkedToken(token, "art_") || IsMarkedToken(token+"0", "atk_") || IsMarkedToken("", "atk_") || IsMarkedToken("atk_", "atk_") {
		t.Error("another thing is one")
	}
	for i := range token { // any one wrong character shows
		wrong := []byte(token)
		if wrong[i]++; IsMarkedToken(string(wrong), "atk_") {
			t.Errorf("a wrong character at %d does not show", i)
		}
	}
	if rest := strings.Trim(token[4:], base62); rest != "" {
		t.Errorf("%q is not base 62", rest)
	}
}

// encode62 against numbers done by hand: 2^32-1 and 62.
func TestBase62(t *testing.T) {
	t.Parallel()
	for want, b := range map[string][]byte{"4gfFC3": {255, 255, 255, 255}, "000010": {0, 0, 0, 62}, "00000z": {61}} {
		if got := encode62(b, 6); got != want {
			t.Errorf("%v: got %s, want %s", b, got, want)
		}
	}
}

func TestSameToken(t *testing.T) {
	t.Parallel()
	if !SameToken("a", "a") || SameToken("a", "b") || SameToken("", "") {
		t.Error("compare")
	}
}

package tools

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

// confirmLife is how long a dry run's token holds.
const confirmLife = 10 * time.Minute

// deletion is one destructive call that has been looked at and not yet done.
type deletion struct {
	tool   string
	params any // the input without dry_run and confirm
	// count is how many things would go, as seen now. The token is bound to it:
	// what was shown is what is done.
	count int64
	// question asks for it in words made from the parameters.
	question string
}

// confirmed decides on a destructive call. It returns go=true when it may be
// done, the token to show where it was a dry run, and a *ConfirmError where the
// caller must be asked.
func (d *Deps) confirmed(ctx context.Context, del deletion, dryRun bool, token string) (do bool, show string, err error) {
	if del.count == 0 && (token == "" || !dryRun) {
		return false, "", nil
	}
	key, err := d.ConfirmKey()
	if err != nil {
		return false, "", fmt.Errorf("sign a confirm token: %w", err)
	}
	fits := token != "" && valid(ctx, key, del, token, d.Now())
	mint := func() string { return mint(ctx, key, del, d.Now().Add(confirmLife)) }
	switch {
	case dryRun && fits: // who gives a token does not want to look only
		return false, "", fault.Errorf(fault.Invalid, "%s: confirm is for dry_run=false, which removes for good; dry_run=true only looks", del.tool)
	case dryRun && token != "":
		return false, "", fault.Errorf(fault.Invalid, "%s: the confirm token does not fit: it is older than 10 minutes, or stands for something else; a dry run without confirm gives a new one", del.tool)
	case dryRun:
		return false, mint(), nil
	case token == "":
		return false, "", &ConfirmError{Question: del.question, Token: mint()}
	case !fits:
		return false, "", &ConfirmError{
			Question: "The confirm token is older than 10 minutes, or what it stands for has changed. " + del.question, Token: mint(),
		}
	}
	return true, "", nil
}

// mint makes a token: its end in seconds since 1970 and an HMAC over who, what
// and how many.
func mint(ctx context.Context, key []byte, del deletion, until time.Time) string {
	token := make([]byte, 8, 8+16)
	binary.BigEndian.PutUint64(token, uint64(until.Unix()))
	mac := hmac.New(sha256.New, key)
	params, _ := json.Marshal(del.params) // our own plain structs
	fmt.Fprintf(mac, "%d\x00%s\x00%s\x00%s\x00%d", until.Unix(), security.IdentityFrom(ctx).Subject, del.tool, params, del.count)
	return base64.RawURLEncoding.EncodeToString(append(token, mac.Sum(nil)[:16]...))
}

func valid(ctx context.Context, key []byte, del deletion, token string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 8+16 {
		return false
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0)
	return now.Before(until) && hmac.Equal([]byte(token), []byte(mint(ctx, key, del, until)))
}

package web

import (
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/security"
)

const (
	ticketLife = 30 * time.Second
	maxTickets = 1_000
)

// tickets are one-time admissions to /ws, so that the page need not put the
// token into a URL. Only their hashes are kept.
type tickets struct {
	now func() time.Time

	mu   sync.Mutex
	live map[hashed]ticket
}

type ticket struct {
	origin string
	until  time.Time
}

// ticketState is what came of using one.
type ticketState int

const (
	ticketUnknown   ticketState = iota // made up, used or too old
	ticketElsewhere                    // a page of another origin asked for it
	ticketGood
)

func newTickets(now func() time.Time) *tickets {
	return &tickets{now: now, live: make(map[hashed]ticket)}
}

// give makes a ticket for a page of origin. It fails with Busy.
func (t *tickets) give(origin string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for key, one := range t.live {
		if !now.Before(one.until) {
			delete(t.live, key)
		}
	}
	if len(t.live) >= maxTickets {
		return "", &fault.Error{Code: fault.Busy, Message: "too many tickets are waiting to be used; try again", RetryAfter: ticketLife}
	}
	token := security.NewToken()
	t.live[security.HashToken(token)] = ticket{origin: origin, until: now.Add(ticketLife)}
	return token, nil
}

// use takes a ticket out, whatever comes of it.
func (t *tickets) use(token, origin string) ticketState {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := hashed(security.HashToken(token))
	one, known := t.live[key]
	delete(t.live, key)
	switch {
	case !known || !t.now().Before(one.until):
		return ticketUnknown
	case one.origin != origin:
		return ticketElsewhere
	}
	return ticketGood
}

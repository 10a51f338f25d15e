package oauth

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Overview is what the operator sees of the store: who may enter with what. It
// holds nothing that opens anything (X12).
type Overview struct {
	Grants   []GrantInfo  `json:"grants"`
	Clients  []ClientInfo `json:"clients"`
	Pins     []PinInfo    `json:"pins"`
	Sessions int          `json:"sessions"`
	Tokens   int          `json:"access_tokens"`
}

// GrantInfo is what a person has given to a client.
type GrantInfo struct {
	ID         string    `json:"id"`
	ClientID   string    `json:"client_id"`
	ClientName string    `json:"client_name"`
	Subject    string    `json:"subject"`
	Email      string    `json:"email"`
	Scopes     []string  `json:"scopes"`
	Created    time.Time `json:"created"`
	Used       time.Time `json:"used"`
}

// ClientInfo is a client that has registered itself.
type ClientInfo struct {
	ID        string    `json:"client_id"`
	Name      string    `json:"client_name"`
	Redirects []string  `json:"redirect_uris"`
	Created   time.Time `json:"created"`
	Used      bool      `json:"used"`
}

// PinInfo is the account that an address stands for.
type PinInfo struct {
	Email   string `json:"email"`
	Subject string `json:"subject"`
}

// Look reads the store.
func Look(ctx context.Context, st Store) (*Overview, error) {
	o := &Overview{Grants: []GrantInfo{}, Clients: []ClientInfo{}, Pins: []PinInfo{}}
	grants, err := list[grant](ctx, st, KindGrant)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		o.Grants = append(o.Grants, GrantInfo{g.ID, g.Client, g.Name, g.Person.key(), g.Person.Email, g.Scopes, g.Created, g.Used})
	}
	clients, err := list[client](ctx, st, KindClient)
	if err != nil {
		return nil, err
	}
	for _, c := range clients {
		o.Clients = append(o.Clients, ClientInfo{c.ID, c.Name, c.Redirects, c.Created, c.Used})
	}
	pins, err := list[string](ctx, st, KindPin)
	if err != nil {
		return nil, err
	}
	for email, subject := range pins {
		o.Pins = append(o.Pins, PinInfo{email, subject})
	}
	for kind, count := range map[Kind]*int{KindSession: &o.Sessions, KindAccess: &o.Tokens} {
		entries, err := st.List(ctx, kind)
		if err != nil {
			return nil, err
		}
		*count = len(entries)
	}
	slices.SortFunc(o.Grants, func(a, b GrantInfo) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(o.Clients, func(a, b ClientInfo) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(o.Pins, func(a, b PinInfo) int { return cmp.Compare(a.Email, b.Email) })
	return o, nil
}

// Selection says what to revoke; the fields that are set add up.
type Selection struct {
	Grant  string // id of one grant
	Client string // client id: its registration and all grants to it
	Person string // e-mail or subject: all grants and sessions of one person
	Pin    string // e-mail: forget which account it stands for
	All    bool   // every grant, session and registered client
}

// Revoked counts what was ended.
type Revoked struct {
	Grants   int `json:"grants"`
	Clients  int `json:"clients"`
	Sessions int `json:"sessions"`
	Pins     int `json:"pins"`
}

// Revoke ends what is selected. Tokens die with their grant. It fails with
// Invalid where nothing is selected, and with NotFound where nothing fits.
func Revoke(ctx context.Context, st Store, sel Selection) (*Revoked, error) {
	if sel == (Selection{}) {
		return nil, fault.New(fault.Invalid, "say what to revoke: a grant's id, --client, --person, --pin or --all")
	}
	var done Revoked
	byPerson := func(p person) bool {
		return sel.All || (sel.Person != "" && (strings.EqualFold(p.Email, sel.Person) || p.key() == sel.Person || p.Subject == sel.Person))
	}
	for _, step := range []func() error{
		func() error {
			return deleteWhere(ctx, st, KindGrant, &done.Grants, func(_ string, g grant) bool {
				return byPerson(g.Person) || (sel.Grant != "" && g.ID == sel.Grant) || (sel.Client != "" && g.Client == sel.Client)
			})
		},
		func() error {
			return deleteWhere(ctx, st, KindSession, &done.Sessions, func(_ string, own session) bool { return byPerson(own.Person) })
		},
		func() error {
			return deleteWhere(ctx, st, KindClient, &done.Clients, func(_ string, c client) bool {
				return sel.All || (sel.Client != "" && c.ID == sel.Client)
			})
		},
		func() error {
			return deleteWhere(ctx, st, KindPin, &done.Pins, func(email string, _ string) bool {
				return sel.Pin != "" && strings.EqualFold(email, sel.Pin)
			})
		},
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if done == (Revoked{}) && !sel.All {
		return nil, fault.New(fault.NotFound, "nothing of that kind is there; axon-mcp auth list shows what is")
	}
	return &done, nil
}

func deleteWhere[T any](ctx context.Context, st Store, kind Kind, count *int, fits func(key string, value T) bool) error {
	entries, err := list[T](ctx, st, kind)
	if err != nil {
		return err
	}
	for key, value := range entries {
		if !fits(key, value) {
			continue
		}
		deleted, err := st.Delete(ctx, kind, key)
		if err != nil {
			return err
		}
		if deleted {
			*count++
		}
	}
	return nil
}

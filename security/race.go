package security

import (
	"context"
	"net"
	"net/netip"
	"time"
)

const (
	// headStart is how long the preferred family is tried alone (RFC 8305, 5:
	// "Connection Attempt Delay"; 300 ms is what package net takes).
	headStart = 300 * time.Millisecond
	// leastTry is the shortest time that one address of many is given.
	leastTry = 2 * time.Second
	// mostAddresses of one name are tried. All of them are judged.
	mostAddresses = 8
)

// dialAny dials the first address that answers. The family of the first address
// gets a head start; a machine without a route in that family does not wait for
// it to time out.
func (g *Guard) dialAny(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	addrs = addrs[:min(len(addrs), mostAddresses)]
	first, second := byFamily(addrs)
	if len(second) == 0 {
		return g.dialInTurn(ctx, first, port)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	firstDone, results := make(chan struct{}), make(chan result, 2)
	go func() {
		conn, err := g.dialInTurn(ctx, first, port)
		if err != nil {
			close(firstDone)
		}
		results <- result{conn, err}
	}()
	go func() {
		wait := time.NewTimer(headStart)
		defer wait.Stop()
		select {
		case <-firstDone:
		case <-wait.C:
		case <-ctx.Done():
			results <- result{nil, ctx.Err()}
			return
		}
		conn, err := g.dialInTurn(ctx, second, port)
		results <- result{conn, err}
	}()
	won := <-results
	if won.err == nil {
		cancel()
	}
	lost := <-results // both have ended when we return
	switch {
	case won.err == nil && lost.err == nil:
		lost.conn.Close()
	case won.err != nil && lost.err == nil:
		won = lost
	}
	return won.conn, won.err
}

// byFamily splits addrs into those of the first one's family and the others.
func byFamily(addrs []netip.Addr) (first, second []netip.Addr) {
	for _, a := range addrs {
		if a.Unmap().Is4() == addrs[0].Unmap().Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	return first, second
}

// dialInTurn dials one address after the other; each gets its share of the time
// that is left. It returns the last error.
func (g *Guard) dialInTurn(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	var last error
	for i, a := range addrs {
		conn, err := g.dialOne(ctx, a, port, len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		last = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// dialOne dials one of n addresses that are left.
func (g *Guard) dialOne(ctx context.Context, a netip.Addr, port uint16, n int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && n > 1 {
		share := max(time.Until(deadline)/time.Duration(n), leastTry)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share)
		defer cancel()
	}
	return g.dial(ctx, "tcp", unmapped(a, port).String())
}

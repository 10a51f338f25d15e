// Package securitytest has a DNS server for tests of what resolves names.
package securitytest

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// DNS answers what a test told it, on a port of loopback, over UDP and TCP.
type DNS struct {
	// Addr is its address:port.
	Addr string

	mu     sync.Mutex
	names  map[string][]string // answers in order; the last one repeats
	others []string            // of every other name; nil: there is none
	asked  map[string]int      // by name and type
}

// NewDNS starts a server that ends with the test. names maps a name to its
// answers: records of one answer are separated by ',', successive answers by
// '>', '-' is an answer without records, name=address a CNAME, and TC an answer
// that is truncated over UDP. A name that is not there does not exist, unless
// there is an answer for "*".
func NewDNS(t testing.TB, names map[string]string) *DNS {
	t.Helper()
	d := &DNS{names: map[string][]string{}, asked: map[string]int{}}
	for name, answers := range names {
		if name == "*" {
			d.others = strings.Split(answers, ">")
			continue
		}
		d.names[dns.CanonicalName(name)] = strings.Split(answers, ">")
	}
	packets, streams := listen(t)
	d.Addr = packets.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: d}, {Listener: streams, Handler: d}} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = server.ActivateAndServe()
		}()
		t.Cleanup(func() {
			_ = server.Shutdown()
			<-done
		})
	}
	return d
}

// listen takes a port that is free for both protocols.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	const tries = 50
	var last error
	for range tries {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		streams, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, streams
		}
		packets.Close()
		last = err
	}
	t.Fatal(last)
	return nil, nil
}

// Asked returns how often name was asked for, of one type (dns.TypeA …).
func (d *DNS) Asked(name string, qtype uint16) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[key(dns.CanonicalName(name), qtype)]
}

func key(name string, qtype uint16) string { return name + dns.TypeToString[qtype] }

// ServeDNS implements dns.Handler.
func (d *DNS) ServeDNS(w dns.ResponseWriter, request *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.RecursionAvailable = true
	if len(request.Question) == 1 {
		question := request.Question[0]
		_, streaming := w.RemoteAddr().(*net.TCPAddr)
		d.answer(reply, dns.CanonicalName(question.Name), question.Qtype, streaming)
	}
	_ = w.WriteMsg(reply)
}

func (d *DNS) answer(reply *dns.Msg, name string, qtype uint16, streaming bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answers, ok := d.names[name]
	if !ok && d.others != nil {
		answers, ok = d.others, true
	}
	if !ok {
		reply.Rcode = dns.RcodeNameError
		return
	}
	n := d.asked[key(name, qtype)]
	records := strings.Split(answers[min(n, len(answers)-1)], ",")
	if records[0] == "TC" {
		if !streaming {
			reply.Truncated = true
			return
		}
		records = records[1:]
	}
	d.asked[key(name, qtype)] = n + 1
	for _, record := range records {
		if target, address, isAlias := strings.Cut(record, "="); isAlias {
			reply.Answer = append(reply.Answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: dns.Fqdn(target)})
			name, record = dns.Fqdn(target), address
		}
		if rr := address(name, qtype, record); rr != nil {
			reply.Answer = append(reply.Answer, rr)
		}
	}
}

// address is a record of the type asked for, or nil.
func address(name string, qtype uint16, text string) dns.RR {
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return nil
	case qtype == dns.TypeA && a.Is4():
		return &dns.A{Hdr: header(name, qtype), A: a.AsSlice()}
	case qtype == dns.TypeAAAA && a.Is6():
		return &dns.AAAA{Hdr: header(name, qtype), AAAA: a.AsSlice()}
	}
	return nil
}

func header(name string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET}
}

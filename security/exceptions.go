package security

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
)

// exceptionList is AXON_ALLOW_HOSTS. It does not change once it is made.
type exceptionList struct {
	hosts map[string]bool // "name" or "name:port"
	nets  []netip.Prefix  // CIDR and bare addresses
	ports map[netip.AddrPort]bool
}

// parseExceptions reads the entries; it tells of the first wrong one.
func parseExceptions(entries []string) (exceptionList, error) {
	l := exceptionList{hosts: map[string]bool{}, ports: map[netip.AddrPort]bool{}}
	for _, entry := range entries {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if entry != "" && !l.add(entry) {
			return l, fault.Errorf(fault.Invalid, "AXON_ALLOW_HOSTS: %q is no host, host:port, address, address:port or CIDR", entry)
		}
	}
	return l, nil
}

func (l *exceptionList) add(entry string) bool {
	if p, err := netip.ParsePrefix(entry); err == nil {
		l.nets = append(l.nets, p.Masked())
		return true
	}
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")); err == nil {
		l.nets = append(l.nets, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		return a.Zone() == ""
	}
	if ap, err := netip.ParseAddrPort(entry); err == nil {
		l.ports[unmapped(ap.Addr(), ap.Port())] = true
		return ap.Port() != 0
	}
	name, port, withPort := strings.Cut(entry, ":")
	name, ok := asciiName(name)
	if withPort {
		if _, valid := parsePort(port); !valid {
			return false
		}
		l.hosts[name+":"+port] = true
		return ok
	}
	l.hosts[name] = true
	return ok
}

// target reports whether the operator named the host, in canonical form.
func (l *exceptionList) target(host string, port uint16) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return l.address(a, port)
	}
	return l.name(host, port)
}

// name reports whether the operator named the name.
func (l *exceptionList) name(host string, port uint16) bool {
	if len(l.hosts) == 0 || isMetadataName(host) {
		return false
	}
	return l.hosts[host] || l.hosts[host+":"+strconv.Itoa(int(port))]
}

// address reports whether the operator named the address.
func (l *exceptionList) address(a netip.Addr, port uint16) bool {
	if a.Zone() != "" || isMetadata(a) {
		return false
	}
	if l.exactly(a, port) {
		return true
	}
	for _, p := range l.nets {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// exactly reports whether the operator named this address with this port.
func (l *exceptionList) exactly(a netip.Addr, port uint16) bool { return l.ports[unmapped(a, port)] }

func unmapped(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Unmap(), port) }

// selfList are our own listeners (C13): a page must not make us call ourselves,
// where we would be a caller from this machine.
type selfList struct {
	mu    sync.RWMutex
	exact map[netip.AddrPort]bool
	ports map[uint16]bool // those that listen on every address of this machine
}

// add takes host:port. A host that is no address, or the unspecified one, means
// every address of this machine; port 0 means nothing yet.
func (s *selfList) add(address string) {
	host, portText, err := net.SplitHostPort(address)
	port, ok := parsePort(portText)
	if err != nil || !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exact == nil {
		s.exact, s.ports = map[netip.AddrPort]bool{}, map[uint16]bool{}
	}
	if a, err := netip.ParseAddr(host); err == nil && !a.IsUnspecified() {
		s.exact[unmapped(a, port)] = true
		return
	}
	s.ports[port] = true
}

// has reports whether we listen there.
func (s *selfList) has(a netip.Addr, port uint16) bool {
	s.mu.RLock()
	exact, everywhere := s.exact[unmapped(a, port)], s.ports[port]
	s.mu.RUnlock()
	return exact || everywhere && isOfThisMachine(a.Unmap())
}

// isOfThisMachine reports whether a is loopback, unspecified or an address of
// an interface. Where the interfaces cannot be read it says yes.
func isOfThisMachine(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, i := range interfaces {
		if p, err := netip.ParsePrefix(i.String()); err == nil && p.Addr().Unmap() == a.WithZone("") {
			return true
		}
	}
	return false
}

package crawl

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/axon-mcp/axon-mcp/fault"
)

// scope says which URLs belong to a crawl: those on a start's host (with
// subdomains, on hosts under it) and, where the start is a folder, under that
// folder. Include globs take the place of the folder, so that they widen as
// well as narrow; exclude globs win over everything.
type scope struct {
	starts           []parts // as typed, or where they redirect to (see land)
	include, exclude []glob
	subdomains       bool
}

// newScope makes the scope of starts, which are keys.
func newScope(starts []string, opts Options) (*scope, error) {
	include, err := parseGlobs("include_paths", opts.IncludePaths)
	if err != nil {
		return nil, err
	}
	exclude, err := parseGlobs("exclude_paths", opts.ExcludePaths)
	if err != nil {
		return nil, err
	}
	s := &scope{include: include, exclude: exclude, subdomains: opts.Subdomains}
	for _, key := range starts {
		p := split(key)
		if matchAny(exclude, p) {
			return nil, fault.Errorf(fault.Invalid, "exclude_paths excludes the start %s itself", key)
		}
		s.starts = append(s.starts, p)
	}
	return s, nil
}

// judge returns "", or the reason why a URL does not belong.
func (s *scope) judge(p parts) string {
	onHost, inFolder := false, false
	for _, start := range s.starts {
		same := p.host == start.host
		if same || s.subdomains && isSubdomain(p.host, start.host) {
			onHost = true
			inFolder = inFolder || !same || under(p.path, start.path)
		}
	}
	switch {
	case !onHost:
		return SkipOffScope
	case matchAny(s.exclude, p):
		return SkipExcluded
	case len(s.include) > 0:
		if !matchAny(s.include, p) {
			return SkipNotIncluded
		}
	case !inFolder:
		return SkipOffScope
	}
	return ""
}

// stores reports whether a page that was read, such as a start, is also kept.
func (s *scope) stores(p parts) bool { return len(s.include) == 0 || matchAny(s.include, p) }

// adopt returns the URL with https where the start of its host has https: a
// site that links to itself by http is not two sites.
func (s *scope) adopt(key string) string {
	rest, ok := strings.CutPrefix(key, "http://")
	if !ok {
		return key
	}
	host := rest[:max(strings.IndexByte(rest, '/'), 0)]
	for _, start := range s.starts {
		if start.host == host && start.scheme == "https" && !strings.Contains(host, ":") {
			return "https://" + rest
		}
	}
	return key
}

// land makes the page where start i redirects to the start, as far as that is
// what the user meant: a folder's missing slash and a changed scheme are taken
// over, and another place on the same site (example.com to www.example.com)
// replaces the start. A redirect within the start's own folder changes nothing,
// and one to a foreign site is none of this crawl.
func (s *scope) land(i int, target parts) {
	start := s.starts[i]
	switch {
	case target.host == start.host && target.path == start.path+"/":
		s.starts[i] = target
	case target.host == start.host && under(target.path, start.path):
		s.starts[i].scheme = target.scheme
	case sameSite(target.host, start.host):
		s.starts[i] = target
	}
}

// near reports whether a host belongs to the sites of the starts, in scope or
// not: links there are worth remembering for a later crawl with a wider scope.
func (s *scope) near(host string) bool {
	for _, start := range s.starts {
		if host == start.host || isSubdomain(host, start.host) {
			return true
		}
	}
	return false
}

// under reports whether path lies under start, if that is a folder. The root
// holds everything, and so does a page: only folders narrow.
func under(path, start string) bool {
	return !strings.HasSuffix(start, "/") || strings.HasPrefix(path, start) || path+"/" == start
}

// isSubdomain reports whether host lies under the domain of start, whose "www."
// does not count, at the same port.
func isSubdomain(host, start string) bool {
	name, port := hostname(host)
	domain, startPort := hostname(start)
	domain = strings.TrimPrefix(domain, "www.")
	if _, err := netip.ParseAddr(domain); err == nil || port != startPort {
		return false
	}
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// sameSite reports whether two hosts are one, or belong to one registrable
// domain (public suffix and one label).
func sameSite(a, b string) bool {
	a, _ = hostname(a)
	b, _ = hostname(b)
	if a == b {
		return true
	}
	siteA, errA := publicsuffix.EffectiveTLDPlusOne(a)
	siteB, errB := publicsuffix.EffectiveTLDPlusOne(b)
	return errA == nil && errB == nil && siteA == siteB
}

// hostname splits host[:port]; brackets of IPv6 are taken off.
func hostname(host string) (name, port string) {
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		host, port = host[:at], host[at+1:]
	}
	return strings.Trim(host, "[]"), port
}

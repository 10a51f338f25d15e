package crawl

import (
	"sync"

	"github.com/axon-mcp/axon-mcp/fault"
)

// downAfter is how many failures in a row mean that a site is down.
const downAfter = 20

// outages knows which sites are down: those of which so many pages in a row
// failed for a reason that may pass that asking for more is of no use.
type outages struct {
	mu    sync.Mutex
	inRow map[string]int
}

func newOutages() *outages { return &outages{inRow: map[string]int{}} }

// note takes in what became of a page of a site.
func (o *outages) note(site string, v *visit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case v.out.Outcome != OutcomeFailed || !passing(v.out.Reason):
		delete(o.inRow, site)
	case o.inRow[site] < downAfter:
		o.inRow[site]++
	}
}

// down reports whether a site is down. It stays so.
func (o *outages) down(site string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.inRow[site] >= downAfter
}

// passing reports whether a page that failed for reason may be had later.
func passing(reason string) bool {
	switch reason {
	case string(fault.Timeout), string(fault.Unavailable), string(fault.Busy),
		"http_408", "http_425", "http_429", "http_500", "http_502", "http_503", "http_504":
		return true
	}
	return false
}

// site is whose outage a URL would tell of: a crawl reads one site, a refresh
// those of its pages.
func (c *crawl) site(key string) string {
	if c.list == nil {
		return ""
	}
	return hostOf(key)
}

// settled counts a URL. A crawl fails with Unavailable when its site is down:
// going on would only burn through the queue. A refresh goes on with the other
// sites.
func (c *crawl) settled(v *visit) error {
	c.meter.settled(v)
	site := c.site(v.entry.Key)
	if c.outages.down(site) {
		return nil
	}
	if c.outages.note(site, v); c.list != nil || !c.outages.down(site) {
		return nil
	}
	return fault.Errorf(fault.Unavailable, "the site stopped answering: the last %d pages failed (%s). "+
		"What was read is kept; start the job again to go on", downAfter, v.out.Reason)
}

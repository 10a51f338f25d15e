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
	sites map[string]outage
}

// outage is the failures in a row of a site, and the reason of the last.
type outage struct {
	inRow  int
	reason string
}

func newOutages() *outages { return &outages{sites: map[string]outage{}} }

// note takes in what became of a page of a site.
func (o *outages) note(site string, v *visit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch at := o.sites[site]; {
	case v.out.Outcome != OutcomeFailed || !passing(v.out.Reason):
		delete(o.sites, site)
	case at.inRow < downAfter:
		o.sites[site] = outage{at.inRow + 1, v.out.Reason}
	}
}

// down reports whether a site is down, and why its last page failed. It stays so.
func (o *outages) down(site string) (reason string, down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.sites[site]
	return at.reason, at.inRow >= downAfter
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
	return split(key).origin()
}

// settled counts a URL. A crawl fails with Unavailable when its site is down:
// going on would only burn through the queue. A refresh goes on with the other
// sites. So does a crawl where only pages fail that are read once more: some had
// failed before, and now come in a row though the site answers.
func (c *crawl) settled(v *visit) error {
	c.meter.settled(v)
	site := c.site(v.entry.Key)
	if _, down := c.outages.down(site); down {
		return nil
	}
	c.outages.note(site, v)
	if reason, down := c.outages.down(site); down && c.list == nil && !v.entry.Again {
		return fault.Errorf(fault.Unavailable, "the site stopped answering: the last %d pages failed (%s). "+
			"What was read is kept; start the job again to go on", downAfter, reason)
	}
	return nil
}

// hopeless reports whether a page is not worth a request, and for what reason the
// site's last page failed: the site is down, and where it is that of a crawl, the
// page has failed before.
func (c *crawl) hopeless(v *visit) (reason string, hopeless bool) {
	reason, down := c.outages.down(c.site(v.entry.Key))
	return reason, down && (c.list != nil || c.retried[v.entry.ID])
}

package crawl

import (
	"context"
	"time"

	"github.com/axon-mcp/axon-mcp/engine/fetch"
)

// agent is our product token, which robots.txt groups and X-Robots-Tag may
// name.
const agent = "axon-mcp"

// robotsAge is how long a robots.txt holds (RFC 9309, 2.4).
const robotsAge = 24 * time.Hour

// maxRobotsHosts is how many hosts' rules are kept.
const maxRobotsHosts = 1000

// robotsCache reads the robots.txt of each host when it is first asked for. It
// is for one goroutine.
type robotsCache struct {
	fetch Fetcher
	now   func() time.Time
	hosts map[string]robotsAnswer // by origin
}

// robotsAnswer is what a host said, and when.
type robotsAnswer struct {
	rules robotsRules
	err   error // why the rules could not be read; everything is denied then
	at    time.Time
}

// newRobotsCache returns an empty cache.
func newRobotsCache(f Fetcher) *robotsCache {
	return &robotsCache{fetch: f, now: time.Now, hosts: map[string]robotsAnswer{}}
}

// of returns the rules for the host of a URL. A host that cannot be reached
// denies everything (RFC 9309, 2.3.1.4), with the error.
func (c *robotsCache) of(ctx context.Context, p parts) (robotsRules, error) {
	origin := p.origin()
	if answer, ok := c.hosts[origin]; ok && c.now().Sub(answer.at) < robotsAge {
		return answer.rules, answer.err
	}
	answer := robotsAnswer{at: c.now()}
	response, err := c.fetch.Fetch(ctx, fetch.Request{URL: origin + "/robots.txt", Accept: "text/plain,*/*;q=0.5", Raw: true})
	if ctx.Err() != nil {
		return robotsRules{denyAll: true}, context.Cause(ctx)
	}
	if err != nil {
		answer.rules, answer.err = robotsRules{denyAll: true}, err
	} else {
		answer.rules = robotsFor(response.Status, response.Body, agent)
	}
	if len(c.hosts) >= maxRobotsHosts {
		clear(c.hosts)
	}
	c.hosts[origin] = answer
	return answer.rules, answer.err
}

package crawl

// Reasons why a URL that was found was not read, or a page that was read was
// not stored: the keys of Stats.Skipped.
const (
	SkipOffScope    = "off_scope"          // another host, or outside the start's folder
	SkipExcluded    = "excluded"           // an exclude glob
	SkipNotIncluded = "not_included"       // no include glob
	SkipBlocked     = "url_blocked"        // the guard refused the URL
	SkipRobots      = "robots"             // robots.txt disallows it
	SkipRobotsDown  = "robots_unreachable" // a robots.txt that cannot be read disallows all
	SkipNoIndex     = "noindex"            // the page asks not to be stored
	SkipNoFollow    = "nofollow"           // links that ask not to be followed
	SkipMedia       = "media"              // by its extension no text: images, archives, programs
	SkipUnsupported = "unsupported"        // a content type that is not read
	SkipDenied      = "denied"             // an action (logout, delete, add-to-cart), not a page
	SkipSession     = "session_id"         // carries a session id: endless names of the same pages
	SkipLength      = "url_length"
	SkipPathDepth   = "path_depth"    // too many path segments
	SkipRepeated    = "repeated_path" // segments that repeat, as from a broken relative link
	SkipCalendar    = "calendar"      // one more page of a calendar without end
	SkipQuery       = "query_permutations"
	SkipSoft404     = "soft_404"  // the same content under five URLs or more
	SkipDuplicate   = "duplicate" // a folder's index page under its second name
	SkipCanonical   = "canonical" // names another page of the host as the canonical one, or only leads on to it
	SkipRedirect    = "redirect"  // led to another page of the crawl
	SkipOffRedirect = "redirect_off_scope"
	SkipLoop        = "redirect_loop" // redirects in a circle, or more than ten in a row
	SkipMaxDepth    = "max_depth"
	SkipMaxPages    = "max_pages" // waiting when the limit was reached; so with the next ones
	SkipMaxBytes    = "max_bytes"
	SkipMaxDuration = "max_minutes"
	SkipQueueFull   = "queue_full"
	SkipSitemap     = "sitemap_failed" // a sitemap that could not be read
)

package artifact

import "time"

// Info describes one artifact.
type Info struct {
	Path      string    `json:"path"` // slash separated, below the root
	Size      int64     `json:"size"`
	MediaType string    `json:"media_type"`
	Modified  time.Time `json:"modified"`
}

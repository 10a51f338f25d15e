package artifact

import "time"

// Info describes one artifact.
type Info struct {
	Path      string    `json:"path"` // slash separated, below the root
	Size      int64     `json:"size"` // bytes
	MediaType string    `json:"media_type"`
	Modified  time.Time `json:"modified"`
}

// Line is a line that Grep found.
type Line struct {
	Number int    `json:"number"` // from 1
	Text   string `json:"text"`
}

// Config is what the operator can set.
type Config struct {
	OutputDir string `env:"AXON_OUTPUT_DIR" about:"folder of artifacts and job files; empty: output in the data directory"`
}

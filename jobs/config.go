package jobs

import "fmt"

// Config is what can be set.
type Config struct {
	Concurrency int `env:"AXON_JOB_CONCURRENCY" default:"2" about:"jobs of one kind that a process runs at once, 1 to 64"`
}

// Validate checks the ranges. Zero is the default.
func (c Config) Validate() error {
	if c.Concurrency < 0 || c.Concurrency > 64 {
		return fmt.Errorf("AXON_JOB_CONCURRENCY: %d is not between 1 and 64", c.Concurrency)
	}
	return nil
}

func (c Config) concurrency() int {
	if c.Concurrency == 0 {
		return 2
	}
	return c.Concurrency
}

//go:build !unix

package index

import "os"

// mapping is a file in memory: a copy, where the system has no mmap that we
// use. On Windows a mapped file could not be removed either.
type mapping struct{ data []byte }

func openMapping(path string) (*mapping, error) {
	data, err := os.ReadFile(path)
	return &mapping{data: data}, err
}

func (m *mapping) close() error {
	m.data = nil
	return nil
}

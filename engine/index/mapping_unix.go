//go:build unix

package index

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// mapping is a file that can be read as memory. The pages belong to the
// system's cache: every process that maps the file shares them.
type mapping struct{ data []byte }

// openMapping maps a file. The file may be removed while it is mapped.
func openMapping(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if info.Size() == 0 {
		return &mapping{}, f.Close()
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(&os.PathError{Op: "mmap", Path: path, Err: err}, f.Close())
	}
	return &mapping{data: data}, f.Close()
}

func (m *mapping) close() error {
	if m.data == nil {
		return nil
	}
	data := m.data
	m.data = nil
	return unix.Munmap(data)
}

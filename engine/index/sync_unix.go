//go:build unix

package index

import (
	"errors"
	"os"
)

// syncDir brings a new name in a folder to the disk.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

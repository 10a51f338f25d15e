//go:build !linux

package acp

// limit does nothing: only Linux lets one process bound another.
func limit(int, int64) error { return nil }

package config

import (
	"errors"
	"os/user"
	"path/filepath"
)

const programName = "axon-mcp"

// dataDir is where the platform keeps a program's data: $XDG_DATA_HOME or
// ~/.local/share on Unix, ~/Library/Application Support on macOS, %LocalAppData%
// on Windows. get reads the environment and home finds the home directory where
// the environment does not tell it.
func dataDir(goos string, get func(string) string, home func() (string, error)) (string, error) {
	if goos == "windows" {
		if dir := get("LocalAppData"); filepath.IsAbs(dir) {
			return filepath.Join(dir, programName), nil
		}
	}
	// The XDG Base Directory Specification says to ignore a relative path.
	if dir := get("XDG_DATA_HOME"); goos != "windows" && goos != "darwin" && filepath.IsAbs(dir) {
		return filepath.Join(dir, programName), nil
	}
	base := get("HOME")
	if goos == "windows" {
		base = get("USERPROFILE")
	}
	if !filepath.IsAbs(base) {
		var err error
		if base, err = home(); err != nil || !filepath.IsAbs(base) {
			return "", errors.New("there is no home directory to keep data in; name a folder of your own here")
		}
	}
	switch goos {
	case "darwin":
		return filepath.Join(base, "Library", "Application Support", programName), nil
	case "windows":
		return filepath.Join(base, "AppData", "Local", programName), nil
	}
	return filepath.Join(base, ".local", "share", programName), nil
}

// passwdHome asks the system's user database.
func passwdHome() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	return u.HomeDir, nil
}

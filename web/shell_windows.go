package web

import "errors"

// openTerminal has no pseudo terminal on Windows.
func openTerminal([]string) (terminal, error) {
	return nil, noShell(errors.New("there is no pseudo terminal on Windows"))
}

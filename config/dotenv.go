package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxEnvFile bounds a settings file, in bytes.
const maxEnvFile = 1 << 20

// readEnvFile reads NAME=value lines. Whoever may write the file decides which
// keys and hosts we trust, so it is refused when somebody else may.
func readEnvFile(path string) (map[string]string, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, err
	}
	values, err := parseEnv(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

// readPrivate reads a regular file that only we (or root) may write.
func readPrivate(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no regular file", path)
	}
	if reason := writableByOthers(info); reason != "" {
		return "", fmt.Errorf("%s is not read, because %s; mend it with chmod 600 and chown", path, reason)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxEnvFile+1))
	if err != nil {
		return "", err
	}
	if len(raw) > maxEnvFile {
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxEnvFile)
	}
	return string(raw), nil
}

// parseEnv reads the common form of .env files: NAME=value, an optional
// "export " before it, # comments, values bare, in single quotes (as they
// stand) or in double quotes (with \n, \t, \" and \\). Nothing is expanded.
func parseEnv(text string) (map[string]string, error) {
	values := make(map[string]string)
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		line = strings.TrimPrefix(line, "export ")
		name, rest, found := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !found || !isName(name) {
			return nil, fmt.Errorf("line %d is not NAME=value", i+1)
		}
		value, err := unquote(strings.TrimSpace(rest))
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", i+1, name, err)
		}
		values[name] = value
	}
	return values, nil
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// unquote returns the value that text stands for. A # after a space begins a
// comment outside of quotes.
func unquote(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	switch quote := text[0]; quote {
	case '\'', '"':
		value, rest, err := quoted(text[1:], quote)
		if err != nil {
			return "", err
		}
		if rest = strings.TrimSpace(rest); rest != "" && rest[0] != '#' {
			return "", errors.New("text follows the closing quote")
		}
		return value, nil
	case '#':
		return "", nil
	}
	if i := strings.Index(text, " #"); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSpace(text), nil
}

// quoted reads up to the closing quote and returns what follows it.
func quoted(text string, quote byte) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote:
			return b.String(), text[i+1:], nil
		case c == '\\' && quote == '"' && i+1 < len(text):
			i++
			b.WriteString(escaped(text[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("the closing quote is missing")
}

func escaped(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '"', '\\':
		return string(c)
	}
	return `\` + string(c)
}

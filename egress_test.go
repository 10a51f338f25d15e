package axon_test

import (
	"go/ast"
	"go/parser"
	"path"
	"strconv"
	"strings"
	"testing"
)

// dialers are the packages and files that may reach out by themselves, and why. fetch and
// security do it for addresses that came from outside, by the guard's judgement.
// The others are clients of services that the operator has configured, and never
// see an address that a user, a model or a page has named (C11).
func dialers() map[string]string {
	return map[string]string{
		"engine/fetch": "its transport dials through security.Guard",
		"security":     "the guard's own dialer, the resolver, the operator's proxy",

		"oauth/google.go": "Google's token and key endpoints, which the operator configures; no redirect is followed",

		"engine/llm": "the model's server, as configured",

		"cmd/axon-mcp/checklist.go": "doctor asks our own listener whether it turns strangers away",
	}
}

// openers are what opens a connection, or makes something that does, by import
// path.
func openers() map[string][]string {
	return map[string][]string{
		"net/http": {
			"Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm", "ProxyFromEnvironment",
		},
		"net": {
			"Dialer", "Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Resolver", "DefaultResolver",
			"LookupHost", "LookupIP", "LookupAddr", "LookupCNAME", "LookupMX", "LookupNS", "LookupSRV", "LookupTXT",
		},
		"crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
	}
}

// TestOnlyTheGuardDials: an address of a user, a model or a page cannot get
// around the guard where nothing else can open a connection. A client of a
// service of our own configuration gets a row in dialers.
func TestOnlyTheGuardDials(t *testing.T) {
	t.Parallel()
	found := 0
	for file, parsed := range goFiles(t, parser.SkipObjectResolution) {
		dir := path.Dir(file)
		if strings.HasSuffix(file, "_test.go") || helper(dir) {
			continue
		}
		names := importNames(parsed.File)
		ast.Inspect(parsed.File, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := selector.X.(*ast.Ident)
			if !ok || names[from.Name] == nil || !names[from.Name][selector.Sel.Name] {
				return true
			}
			found++
			if dialers()[dir] == "" && dialers()[file] == "" {
				t.Errorf("%s uses %s.%s: only what dialers() names may reach out", parsed.fset.Position(n.Pos()), from.Name, selector.Sel.Name)
			}
			return true
		})
	}
	if found < 5 {
		t.Errorf("only %d places looked at", found)
	}
}

// importNames gives, for each name by which a file knows a package of openers,
// what it must not use.
func importNames(file *ast.File) map[string]map[string]bool {
	names := map[string]map[string]bool{}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		list := openers()[imported]
		if list == nil {
			continue
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = map[string]bool{}
		for _, what := range list {
			names[name][what] = true
		}
	}
	return names
}

// starters are the files that may start other programs, and which. None of them
// fetches for us: no git, no yt-dlp, no curl sees an address of a user, a model
// or a page (C12). One that does must have a way through the guard's proxy
// first, its own redirects and settings off.
func starters() map[string]string {
	return map[string]string{
		"engine/fetch/chrome_start.go":   "Chromium, by chromedp, behind the filtering proxy",
		"engine/fetch/chrome_unix.go":    "the account and group that Chromium gets",
		"engine/fetch/chrome_windows.go": "the same, which is nothing there",
		"acp/group_unix.go":              "their process group",
		"acp/group_windows.go":           "the same",
		"acp/process.go":                 "the agents that the operator has configured",
		"web/shell_unix.go":              "the shell of the web page, for its operator, where that is switched on",
	}
}

// TestNoChildFetches: C12. A program that we start could reach out past the
// guard, so each place that can start one has a row that says why it does not.
func TestNoChildFetches(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for file, parsed := range goFiles(t, parser.SkipObjectResolution) {
		if strings.HasSuffix(file, "_test.go") || helper(path.Dir(file)) {
			continue
		}
		for _, spec := range parsed.Imports {
			if imported, _ := strconv.Unquote(spec.Path.Value); imported == "os/exec" {
				found[file] = true
			}
		}
		ast.Inspect(parsed.File, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch from, _ := selector.X.(*ast.Ident); {
			case from == nil:
			case from.Name == "os" && selector.Sel.Name == "StartProcess", (from.Name == "syscall" || from.Name == "unix") &&
				(selector.Sel.Name == "ForkExec" || selector.Sel.Name == "StartProcess" || selector.Sel.Name == "Exec"):
				found[file] = true
			}
			return true
		})
	}
	for file := range found {
		if starters()[file] == "" {
			t.Errorf("%s can start other programs: only what starters() names may", file)
		}
	}
	for file := range starters() {
		if !found[file] {
			t.Errorf("%s starts nothing: its row in starters() is old", file)
		}
	}
}

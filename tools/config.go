package tools

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// The limits of AXON_INLINE_BYTES.
const (
	minInline = 1_024
	maxInline = 100_000_000
)

// Config says how the tools behave. The zero value of a field means its
// default.
type Config struct {
	// Collection is used where a call names none.
	Collection string `env:"AXON_COLLECTION" default:"axon" about:"collection that tools use when a call names none"`
	// InlineBytes bounds the text of a result and, apart from it, its
	// structured value: a client hands its model one of the two.
	InlineBytes int `env:"AXON_INLINE_BYTES" default:"8192" about:"bytes of a result that are given inline, 1024 to 100000000; longer results become an artifact and a link"`
	// FileRoots are NAME=FOLDER pairs.
	FileRoots []string `env:"AXON_FILE_ROOTS" about:"folders that MCP and web callers may embed and import from, as name=/folder, comma separated"`
	// Toolsets are those that MCP clients see.
	Toolsets []string `env:"AXON_MCP_TOOLSETS" default:"web,knowledge,jobs" about:"toolsets that MCP clients see: web, knowledge, jobs, admin or all, comma separated"`
	// ReadOnly hides every tool that stores or deletes from MCP clients.
	ReadOnly bool `env:"AXON_MCP_READ_ONLY" default:"false" about:"true: MCP clients see only the tools that store nothing"`
	// Compact offers MCP clients one tool, axon, in place of all.
	Compact bool `env:"AXON_MCP_COMPACT" default:"false" about:"true: MCP clients see one tool, axon (action, arguments), which spares their context"`
}

// withDefaults fills in what is zero and says everything that is wrong, each
// with its variable's name.
func (c Config) withDefaults() (Config, error) {
	var faults []string
	if c.Collection == "" {
		c.Collection = "axon"
	}
	if !validCollection(c.Collection) {
		faults = append(faults, fmt.Sprintf("AXON_COLLECTION: %q is no collection name (%s)", c.Collection, collectionRule))
	}
	if c.InlineBytes == 0 {
		c.InlineBytes = 8_192
	}
	if c.InlineBytes < minInline || c.InlineBytes > maxInline {
		faults = append(faults, fmt.Sprintf("AXON_INLINE_BYTES: %d is not between %d and %d", c.InlineBytes, minInline, maxInline))
	}
	if len(c.Toolsets) == 0 {
		c.Toolsets = []string{Web, Knowledge, JobTools}
	}
	for _, name := range c.Toolsets {
		if !slices.Contains(allToolsets(), name) {
			faults = append(faults, fmt.Sprintf("AXON_MCP_TOOLSETS: %q is not one of %s", name, strings.Join(allToolsets(), ", ")))
		}
	}
	if _, err := parseRoots(c.FileRoots); err != nil {
		faults = append(faults, err.Error())
	}
	if len(faults) > 0 {
		return c, fault.New(fault.Invalid, strings.Join(faults, "\n"))
	}
	return c, nil
}

// Validate says everything that is wrong, each with its variable's name.
func (c Config) Validate() error {
	_, err := c.withDefaults()
	return err
}

// View is what MCP clients see by this configuration.
func (c Config) View() View {
	return View{Toolsets: c.Toolsets, ReadOnly: c.ReadOnly, Compact: c.Compact}
}

// Roots are the folders of AXON_FILE_ROOTS by name. What is wrong with them is
// Validate's to say.
func (c Config) Roots() map[string]string {
	roots, _ := parseRoots(c.FileRoots)
	return roots
}

// parseRoots reads AXON_FILE_ROOTS into absolute folders by name.
func parseRoots(pairs []string) (map[string]string, error) {
	roots := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, dir, found := strings.Cut(pair, "=")
		if !found || name == "" || name == outputRoot || strings.ContainsAny(name, `/\:`) || !filepath.IsAbs(dir) {
			return nil, fault.Errorf(fault.Invalid, "AXON_FILE_ROOTS: %q is not name=/absolute/folder (the name output is taken)", pair)
		}
		if _, twice := roots[name]; twice {
			return nil, fault.Errorf(fault.Invalid, "AXON_FILE_ROOTS: the name %q is given twice", name)
		}
		roots[name] = filepath.Clean(dir)
	}
	return roots, nil
}

const collectionRule = "1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit"

// validCollection reports whether name can be a collection's name.
func validCollection(name string) bool {
	if name == "" || len(name) > 64 || strings.ContainsRune("-_.", rune(name[0])) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
}

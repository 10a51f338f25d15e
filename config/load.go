package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/axon-mcp/axon-mcp/fault"
)

// Source is where values come from.
type Source struct {
	Environ []string          // NAME=value, as os.Environ gives it
	Flags   map[string]string // values of the command line by variable name; they win
	EnvFile string            // path of --env-file; empty: .env of the data directory
}

// Error is a wrong configuration: every fault found, each with the name of its
// variable.
type Error struct{ Faults []string }

// Error lists the faults, one a line.
func (e *Error) Error() string {
	return "the configuration is wrong:\n  " + strings.Join(e.Faults, "\n  ")
}

// loader collects what is wrong while it reads.
type loader struct {
	layers []map[string]string // the first that has a value wins
	faults []string
}

// Load reads the configuration. It fails with *Error, and then says all that is
// wrong at once.
func Load(src Source) (Config, error) {
	var cfg Config
	l := &loader{layers: []map[string]string{src.Flags, environment(src.Environ)}}
	if src.EnvFile != "" {
		l.addFile(src.EnvFile, true)
	}
	dir := l.dataDir()
	if src.EnvFile == "" && dir != "" {
		path := filepath.Join(dir, ".env")
		l.addFile(path, false)
		if named := l.layers[len(l.layers)-1]["AXON_DATA_DIR"]; named != "" && len(l.layers) > 2 {
			l.fault("AXON_DATA_DIR", "has no place in "+path+", which is read from the data directory itself; put it into the environment")
		}
	}
	for _, f := range fieldsOf(reflect.ValueOf(&cfg).Elem(), "") {
		l.fill(f)
	}
	cfg.Program.DataDir = dir
	cfg.Unknown = l.unknown()
	l.validate(cfg)
	if len(l.faults) > 0 {
		return cfg, &Error{Faults: l.faults}
	}
	return cfg, nil
}

// Default is the configuration when nothing is set. It has no data directory.
func Default() Config {
	var cfg Config
	l := &loader{}
	for _, f := range fieldsOf(reflect.ValueOf(&cfg).Elem(), "") {
		l.fill(f)
	}
	return cfg
}

func environment(environ []string) map[string]string {
	values := make(map[string]string, len(environ))
	for _, pair := range environ {
		if name, value, found := strings.Cut(pair, "="); found {
			values[name] = value
		}
	}
	return values
}

func (l *loader) fault(name, message string) {
	l.faults = append(l.faults, name+": "+message)
}

// addFile appends the layer of a settings file. One that is not there is wrong
// only where it was asked for.
func (l *loader) addFile(path string, needed bool) {
	values, err := readEnvFile(path)
	switch {
	case err == nil:
		l.layers = append(l.layers, values)
	case !needed && errors.Is(err, syscall.ENOTDIR):
		l.fault("AXON_DATA_DIR", filepath.Dir(path)+" cannot be a folder: it, or what it lies in, is a file; name another")
	case needed || !errors.Is(err, fs.ErrNotExist):
		l.fault("--env-file", strings.TrimPrefix(err.Error(), "open "))
	}
}

// get returns the value of the first layer that has one.
func (l *loader) get(name string) string {
	for _, layer := range l.layers {
		if value := layer[name]; value != "" {
			return value
		}
	}
	return ""
}

// dataDir settles the data directory first, since .env lies in it.
func (l *loader) dataDir() string {
	dir := l.get("AXON_DATA_DIR")
	if dir == "" {
		var err error
		if dir, err = dataDir(runtime.GOOS, l.get, passwdHome); err != nil {
			l.fault("AXON_DATA_DIR", err.Error())
			return ""
		}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		l.fault("AXON_DATA_DIR", err.Error())
		return ""
	}
	return abs
}

// fill sets one field from the layers, or from its default.
func (l *loader) fill(f Field) {
	value := f.Default
	for _, layer := range l.layers {
		plain, file := layer[f.Env], ""
		if f.Secret() {
			file = layer[f.Env+"_FILE"]
		}
		if plain == "" && file == "" {
			continue
		}
		value = plain
		if file != "" {
			value = l.secretFile(f.Env, plain, file)
		}
		break
	}
	if value == "" {
		return
	}
	if err := f.set(value); err != nil {
		l.fault(f.Env, err.Error())
	}
}

// secretFile reads the secret that NAME_FILE points to, without the line end
// that editors add.
func (l *loader) secretFile(name, plain, path string) string {
	if plain != "" {
		l.fault(name, "is set, and "+name+"_FILE too; keep one of them")
		return ""
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		l.fault(name+"_FILE", err.Error())
		return ""
	}
	value := strings.TrimRight(string(raw), "\r\n")
	if value == "" {
		l.fault(name+"_FILE", path+" is empty")
	}
	return value
}

// unknown lists the AXON_ names that are set and mean nothing: most likely they
// are misspelt.
func (l *loader) unknown() []string {
	known := make(map[string]bool)
	for _, f := range Fields() {
		known[f.Env] = true
		if f.Secret() {
			known[f.Env+"_FILE"] = true
		}
	}
	var names []string
	for _, layer := range l.layers {
		for name, value := range layer {
			if strings.HasPrefix(name, "AXON_") && value != "" && !known[name] && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// validate asks each section that can judge itself.
func (l *loader) validate(cfg Config) {
	v := reflect.ValueOf(cfg)
	for i := range v.NumField() {
		section, ok := v.Field(i).Interface().(interface{ Validate() error })
		if !ok {
			continue
		}
		l.faults = append(l.faults, faultsOf(section.Validate())...)
	}
}

// faultsOf splits what a section says into its faults, each of which begins
// with the name of its variable.
func faultsOf(err error) []string {
	var wrong *Error
	var f *fault.Error
	var several interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &several): // errors.Join
		var faults []string
		for _, one := range several.Unwrap() {
			faults = append(faults, faultsOf(one)...)
		}
		return faults
	case errors.As(err, &wrong):
		return wrong.Faults
	case errors.As(err, &f):
		return strings.Split(f.Message, "\n")
	}
	return strings.Split(err.Error(), "\n") // settings are the operator's own
}

// Wrong joins what parts say of their settings into one error, or is nil where
// they say nothing.
func Wrong(errs ...error) error {
	var faults []string
	for _, err := range errs {
		faults = append(faults, faultsOf(err)...)
	}
	return join(faults)
}

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
	"testing"
	"time"

	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/secret"
)

// load reads the configuration with a data directory of the test's own.
func load(t *testing.T, src Source) (Config, error) {
	t.Helper()
	src.Environ = append(src.Environ, "AXON_DATA_DIR="+t.TempDir())
	return Load(src)
}

func TestEveryFieldIsComplete(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, f := range Fields() {
		if f.Type == "" {
			t.Errorf("%s: its type %v is not supported", f.Env, f.value.Type())
			continue
		}
		if f.About == "" || f.Section == "" {
			t.Errorf("%s: about %q, section %q: both are needed", f.Env, f.About, f.Section)
		}
		if seen[f.Env] {
			t.Errorf("%s is declared twice", f.Env)
		}
		seen[f.Env] = true
		if f.Default != "" {
			if err := f.set(f.Default); err != nil {
				t.Errorf("%s: its default %v", f.Env, err)
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d settings found", len(seen))
	}
}

// TestFilesMatchTheCode holds what people read to what the code does.
func TestFilesMatchTheCode(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"../.env.example": EnvExample(), "../docs/configuration.md": Markdown()} {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the code says; run: go generate ./config", path)
		}
	}
}

func TestDefaultsLoad(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, Source{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HTTP.Host != "127.0.0.1" || cfg.HTTP.Port != 8001 || cfg.HTTP.APIKey.IsSet() {
		t.Errorf("HTTP = %+v", cfg.HTTP)
	}
}

func TestPlacesInOrder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "settings")
	write(t, file, "AXON_LOG_LEVEL=debug\nAXON_LOG_FORMAT=json\nAXON_MCP_HTTP_PORT=1\n", 0o600)
	cfg, err := load(t, Source{
		EnvFile: file,
		Environ: []string{"AXON_LOG_FORMAT=text", "AXON_MCP_HTTP_PORT=2", "AXON_LOG_LEVEL="},
		Flags:   map[string]string{"AXON_MCP_HTTP_PORT": "3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Program.LogLevel != "debug" || cfg.Program.LogFormat != "text" || cfg.HTTP.Port != 3 {
		t.Errorf("level %q (file), format %q (environment), port %d (flag)", cfg.Program.LogLevel, cfg.Program.LogFormat, cfg.HTTP.Port)
	}
}

func TestEnvFileOfTheDataDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".env"), "AXON_MCP_HTTP_PORT=4242\n", 0o600)
	cfg, err := Load(Source{Flags: map[string]string{"AXON_DATA_DIR": dir}})
	if err != nil || cfg.HTTP.Port != 4242 || cfg.Program.DataDir != dir {
		t.Fatalf("port %d, dir %q, %v", cfg.HTTP.Port, cfg.Program.DataDir, err)
	}
}

// A client may start the program in a checkout whose .env is an attacker's.
func TestWorkingDirectoryIsNotRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".env"), "AXON_MCP_HTTP_PORT=6666\n", 0o600)
	t.Chdir(dir)
	cfg, err := load(t, Source{})
	if err != nil || cfg.HTTP.Port != 8001 {
		t.Fatalf("port %d, %v", cfg.HTTP.Port, err)
	}
}

func TestEnvFileThatOthersMayWrite(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("mode bits say nothing on Windows")
	}
	for _, mode := range []fs.FileMode{0o620, 0o602, 0o666} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, ".env"), "AXON_LOG_LEVEL=debug\n", mode)
		_, err := Load(Source{Environ: []string{"AXON_DATA_DIR=" + dir}})
		if err == nil || !strings.Contains(err.Error(), "others may write") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, Source{
		EnvFile: filepath.Join(t.TempDir(), "missing"),
		Environ: []string{"AXON_MCP_HTTP_PORT=many", "AXON_LOG_LEVEL=loud", "AXON_MCP_READ_ONLY=perhaps", "AXON_MCP_API_KEY_FILE=/nowhere/key"},
	})
	var wrong *Error
	if !errors.As(err, &wrong) {
		t.Fatalf("err = %v", err)
	}
	for _, name := range []string{"AXON_MCP_HTTP_PORT", "AXON_LOG_LEVEL", "AXON_MCP_READ_ONLY", "AXON_MCP_API_KEY_FILE", "--env-file"} {
		if !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not named in\n%v", name, err)
		}
	}
	if len(wrong.Faults) != 5 {
		t.Errorf("%d faults, want 5:\n%v", len(wrong.Faults), err)
	}
}

// The data directory is not what --env-file names.
func TestADataDirectoryThatIsAFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("here the file below is only not there")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		_, err := Load(Source{Environ: []string{"AXON_DATA_DIR=" + dir}})
		if err == nil || !strings.Contains(err.Error(), "AXON_DATA_DIR: "+dir) || strings.Contains(err.Error(), "--env-file") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestWrong(t *testing.T) {
	t.Parallel()
	if err := Wrong(nil, nil); err != nil {
		t.Errorf("nothing wrong: %v", err)
	}
	err := Wrong(
		errors.Join(fault.New(fault.Invalid, "A: one"), fault.Wrap(fault.Invalid, errors.New("cause"), "B: two")),
		fault.New(fault.Invalid, "C: three\nD: four\nA: one"), nil, &Error{Faults: []string{"E: five"}}, errors.New("F: six"),
	)
	want := "the configuration is wrong:\n  A: one\n  B: two\n  C: three\n  D: four\n  E: five\n  F: six"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v", err)
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, "s3cret-of-the-file\r\n", 0o400)
	cfg, err := load(t, Source{Environ: []string{"AXON_MCP_API_KEY_FILE=" + path}})
	if err != nil || !cfg.HTTP.APIKey.Equal("s3cret-of-the-file") {
		t.Fatalf("key equal: %v, %v", cfg.HTTP.APIKey.Equal("s3cret-of-the-file"), err)
	}
	_, err = load(t, Source{Environ: []string{"AXON_MCP_API_KEY_FILE=" + path, "AXON_MCP_API_KEY=s3cret-plain"}})
	if err == nil || !strings.Contains(err.Error(), "AXON_MCP_API_KEY") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("both set: %v", err)
	}
	// The flag wins over the environment's file: they are different places.
	cfg, err = load(t, Source{
		Environ: []string{"AXON_MCP_API_KEY_FILE=" + path},
		Flags:   map[string]string{"AXON_MCP_API_KEY": "s3cret-of-the-flag"},
	})
	if err != nil || !cfg.HTTP.APIKey.Equal("s3cret-of-the-flag") {
		t.Errorf("flag over file: %v", err)
	}
}

func TestUnknownNamesAreReported(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, Source{Environ: []string{"AXON_DATADIR=/x", "PATH=/bin"}})
	if err != nil || !slices.Equal(cfg.Unknown, []string{"AXON_DATADIR"}) {
		t.Errorf("unknown = %q, %v", cfg.Unknown, err)
	}
}

func TestDataDir(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the table is written with slashes")
	}
	none := func() (string, error) { return "", errors.New("no such user") }
	root := func() (string, error) { return "/root", nil }
	for _, row := range []struct {
		goos string
		env  map[string]string
		home func() (string, error)
		want string
	}{
		{"linux", map[string]string{"HOME": "/home/a"}, none, "/home/a/.local/share/axon-mcp"},
		{"linux", map[string]string{"HOME": "/home/a", "XDG_DATA_HOME": "/data"}, none, "/data/axon-mcp"},
		{"linux", map[string]string{"HOME": "/home/a", "XDG_DATA_HOME": "relative"}, none, "/home/a/.local/share/axon-mcp"},
		{"linux", map[string]string{"HOME": ""}, root, "/root/.local/share/axon-mcp"},
		{"linux", nil, none, ""},
		{"darwin", map[string]string{"HOME": "/Users/a"}, none, "/Users/a/Library/Application Support/axon-mcp"},
		{"windows", map[string]string{"LocalAppData": "/c/local"}, none, "/c/local/axon-mcp"},
		{"windows", map[string]string{"USERPROFILE": "/c/users/a"}, none, "/c/users/a/AppData/Local/axon-mcp"},
	} {
		got, err := dataDir(row.goos, func(name string) string { return row.env[name] }, row.home)
		if got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%s %v: %q, %v; want %q", row.goos, row.env, got, err, row.want)
		}
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	var v struct {
		Text   string        `env:"A"`
		Number int           `env:"B"`
		Bytes  int64         `env:"C"`
		Ratio  float64       `env:"D"`
		Flag   bool          `env:"E"`
		Wait   time.Duration `env:"F"`
		List   []string      `env:"G"`
		Key    secret.String `env:"H"`
	}
	texts := map[string]string{"A": "x y", "B": "-3", "C": "9000000000", "D": "0.5", "E": "TRUE", "F": "90s", "G": " a, ,b ", "H": "k"}
	for _, f := range fieldsOf(reflect.ValueOf(&v).Elem(), "s") {
		if err := f.set(texts[f.Env]); err != nil {
			t.Errorf("%s: %v", f.Env, err)
		}
	}
	if v.Text != "x y" || v.Number != -3 || v.Bytes != 9_000_000_000 || v.Ratio != 0.5 || !v.Flag ||
		v.Wait != 90*time.Second || !slices.Equal(v.List, []string{"a", "b"}) || v.Key.Reveal() != "k" {
		t.Errorf("%+v", v)
	}
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

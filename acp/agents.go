package acp

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/axon-mcp/axon-mcp/fault"
)

// agent is a program that speaks the protocol.
type agent struct {
	name     string
	command  string
	args     []string
	variable string   // that names its program
	install  string   // how a person gets it
	signIn   string   // what a person does to sign it in
	keys     []string // variables that do it, too
}

// other is the name of the agent that AXON_ACP_ADAPTER_CMD sets.
const other = "other"

// agents lists what is configured, the one that is used by default first.
func (c Config) agents() []agent {
	list := []agent{
		{"claude", orElse(c.ClaudeCmd, "claude-agent-acp"), splitArgs(c.ClaudeArgs), "AXON_ACP_CLAUDE_ADAPTER_CMD", "npm install -g @agentclientprotocol/claude-agent-acp", "run claude and type /login", []string{"ANTHROPIC_API_KEY"}},
		{"codex", orElse(c.CodexCmd, "codex-acp"), splitArgs(c.CodexArgs), "AXON_ACP_CODEX_ADAPTER_CMD", "npm install -g @agentclientprotocol/codex-acp", "run codex login", []string{"CODEX_API_KEY"}},
		{"gemini", orElse(c.GeminiCmd, "gemini"), splitArgs(orElse(c.GeminiArgs, "--acp")), "AXON_ACP_GEMINI_ADAPTER_CMD", "npm install -g @google/gemini-cli", "run gemini and sign in there", []string{"GEMINI_API_KEY"}},
	}
	if c.Cmd != "" {
		list = slices.Insert(list, 0, agent{other, c.Cmd, splitArgs(c.Args), "AXON_ACP_ADAPTER_CMD", "", "sign in with its own program", nil})
	}
	return list
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// splitArgs splits at |, since arguments hold spaces and commas.
func splitArgs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "|")
}

// find returns the agent of that name; the empty name means the first one that
// is installed.
func (h *Host) find(name string) (agent, string, error) {
	list := h.cfg.agents()
	if name == "" {
		for _, a := range list {
			path, err := h.program(a)
			if err == nil || fault.CodeOf(err) != fault.Unavailable || a.name == other {
				return a, path, err
			}
		}
		return agent{}, "", fault.New(fault.Unavailable, "no agent was found: install claude-agent-acp, codex-acp or gemini, or name any agent that speaks ACP with AXON_ACP_ADAPTER_CMD")
	}
	i := slices.IndexFunc(list, func(a agent) bool { return a.name == name })
	if i < 0 && name == other {
		return agent{}, "", fault.New(fault.Unavailable, "there is no other agent: name its program with AXON_ACP_ADAPTER_CMD")
	}
	if i < 0 {
		return agent{}, "", fault.Errorf(fault.Invalid, "there is no agent %.64q; the agents are claude, codex, gemini and other", name)
	}
	path, err := h.program(list[i])
	return list[i], path, err
}

// program finds an agent's program. It fails with Unavailable where there is
// none, and with Forbidden where it is a shell.
func (h *Host) program(a agent) (string, error) {
	path := h.lookUp(a.command)
	if path == "" {
		hint := ""
		if a.install != "" {
			hint = "install it (" + a.install + "), or "
		}
		return "", fault.Errorf(fault.Unavailable, "the agent %s was not found as %q: %sset %s to the path of its program", a.name, a.command, hint, a.variable)
	}
	if isShell(a.command) || isShell(path) || h.isShellFile(path) {
		return "", fault.Errorf(fault.Forbidden, "%s is a shell (%q), which is never run as an agent: set it to the agent's own program", a.variable, a.command)
	}
	return path, nil
}

// lookUp finds a program by absolute path, or by name in PATH, ~/.local/bin,
// /usr/local/bin and /usr/bin. A path that depends on where the server was
// started is none.
func (h *Host) lookUp(command string) string {
	if strings.ContainsAny(command, `/\`) {
		if filepath.IsAbs(command) {
			return executable(command)
		}
		return ""
	}
	dirs := filepath.SplitList(h.env["PATH"])
	if home := h.env["HOME"]; home != "" {
		dirs = append(dirs, filepath.Join(home, ".local", "bin"))
	}
	for _, dir := range append(dirs, "/usr/local/bin", "/usr/bin") {
		if !filepath.IsAbs(dir) {
			continue
		}
		if path := executable(filepath.Join(dir, command)); path != "" {
			return path
		}
	}
	return ""
}

// executable returns the path of a file that can be run, or nothing.
func executable(path string) string {
	names := []string{path}
	if runtime.GOOS == "windows" {
		names = append(names, path+".exe", path+".cmd", path+".bat")
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err == nil && info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0) {
			return name
		}
	}
	return ""
}

// shells are the programs that run whatever they are told. The last two hold
// one under their own name.
func shells() []string {
	return []string{"sh", "bash", "zsh", "fish", "dash", "ksh", "csh", "tcsh", "cmd", "powershell", "pwsh", "rbash", "ash", "busybox", "toybox"}
}

// isShell judges a path by its last name: any case, with or without .exe.
func isShell(path string) bool {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	name = strings.TrimRight(strings.ToLower(name), ". ")
	return slices.Contains(shells(), strings.TrimSuffix(name, ".exe"))
}

// isShellFile judges what a path really leads to: through links by name, and
// through hard links by being the same file as a shell of this machine.
func (h *Host) isShellFile(path string) bool {
	target, err := filepath.EvalSymlinks(path)
	if err != nil || isShell(target) {
		return true
	}
	info, err := os.Stat(target)
	if err != nil {
		return true
	}
	for _, dir := range append(filepath.SplitList(h.env["PATH"]), "/bin", "/usr/bin", "/usr/local/bin") {
		for _, name := range shells() {
			if shell, err := os.Stat(filepath.Join(dir, name)); err == nil && os.SameFile(info, shell) {
				return true
			}
		}
	}
	return false
}

// environment is what a child process gets: these variables and no other. What
// axon itself is configured with stays here.
func environment(from map[string]string) []string {
	var env []string
	for _, name := range passed() {
		if value, set := from[name]; set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func passed() []string {
	return []string{
		"PATH", "HOME", "USER", "SHELL", "TERM", "LANG", "LC_ALL", "TZ", "TMPDIR",
		"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
		"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS",
		"GEMINI_CLI_HOME", "GEMINI_FORCE_FILE_STORAGE", "CODEX_HOME", "CODEX_API_KEY",
	}
}

// secretNames are the variables whose values never leave in a message.
func secretNames() []string {
	return []string{"ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "CODEX_API_KEY"}
}

// AgentInfo is an agent as the page and doctor show it.
type AgentInfo struct {
	Name  string `json:"name"`
	Found bool   `json:"found"`
	Hint  string `json:"hint,omitempty"` // what to do where it was not found
	path  string
}

// Agents says which agents there are.
func (h *Host) Agents() []AgentInfo {
	var infos []AgentInfo
	for _, a := range h.cfg.agents() {
		path, err := h.program(a)
		infos = append(infos, AgentInfo{Name: a.name, Found: err == nil, Hint: fault.MessageOf(err), path: path})
	}
	return infos
}

// Check tells doctor which agents can be run. It fails where one was named and
// is not there, or is a shell; that none is installed is no failure.
func (h *Host) Check() (string, error) {
	var found []string
	for _, info := range h.Agents() {
		if info.Found {
			found = append(found, info.Name+" ("+info.path+")")
		}
	}
	for _, a := range h.cfg.agents() {
		if _, err := h.program(a); err != nil && (a.name == other || fault.CodeOf(err) == fault.Forbidden) {
			return "", err
		}
	}
	if len(found) == 0 {
		return "none installed; chat needs one, nothing else does", nil
	}
	return strings.Join(found, ", "), nil
}

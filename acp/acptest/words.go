package acptest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// prompt does what its text says: one command a line.
func (a *agent) prompt(m message, stopped <-chan struct{}) {
	var p struct {
		Prompt []struct {
			Text string `json:"text"`
		} `json:"prompt"`
	}
	if json.Unmarshal(m.Params, &p) != nil || len(p.Prompt) == 0 {
		return
	}
	stop := "end_turn"
	text := p.Prompt[0].Text
	if strings.HasPrefix(text, "please ") { // what it does then is in a file of its working folder
		script, err := os.ReadFile("script")
		if err != nil {
			panic(err)
		}
		text = string(script)
	}
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "wait":
			<-stopped
		case "late": // a cancel comes before the prompt that it means, and is lost
			<-stopped
			stopped = a.begin()
		case "stream":
			a.stream(rest, stopped)
		default:
			a.do(word, rest)
		}
		if isClosed(stopped) {
			stop = "cancelled"
			break
		}
	}
	a.answer(m, map[string]any{"stopReason": stop})
}

func (a *agent) do(word, rest string) {
	switch word {
	case "say":
		a.say(rest)
	case "ask":
		a.say("got " + a.ask(rest))
	case "askfor": // askfor TITLE: whether a call of that title may be made
		a.say("got " + outcome(a.request("session/request_permission", question("c", rest), nil)))
	case "storm": // storm N CALL: N requests for one call at once
		count, call, _ := strings.Cut(rest, " ")
		a.atOnce(count, func(int) string { return call })
	case "many": // many N: N requests, each for a call of its own
		a.atOnce(rest, func(i int) string { return fmt.Sprintf("call-%d", i) })
	case "retract": // asks, takes it back with $/cancel_request, and says the answer
		got := a.request("session/request_permission", question(rest, "Edit "+rest), func(id string) {
			a.send(map[string]any{"method": "$/cancel_request", "params": map[string]any{"requestId": json.RawMessage(id)}})
		})
		a.say("retracted " + string(got.Result) + string(got.Error))
	case "call": // call METHOD PARAMS: says what the client answers
		method, params, _ := strings.Cut(rest, " ")
		got := a.request(method, json.RawMessage(params), nil)
		a.say("answered " + string(got.Result) + string(got.Error))
	case "run": // run JSON: a terminal to its end, and what it wrote
		a.say("ran " + a.terminal(json.RawMessage(rest)))
	case "update": // update JSON: any session/update
		var u map[string]any
		if err := json.Unmarshal([]byte(rest), &u); err != nil {
			a.say(err.Error())
			return
		}
		a.update(u)
	case "raw": // raw LINE: anything
		a.raw([]byte(rest + "\n"))
	case "tool": // tool NAME ARGS: calls a tool of axon with the key of this session
		a.say("tool " + a.callAxon(rest))
	default:
		a.tell(word)
		a.page(word, rest)
		a.misbehave(word, rest)
	}
}

func (a *agent) atOnce(count string, call func(i int) string) {
	n, _ := strconv.Atoi(count)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { a.say("got " + a.ask(call(i))) })
	}
	all.Wait()
}

// tell says what it knows of itself.
func (a *agent) tell(word string) {
	switch word {
	case "hello":
		a.say(string(a.hello))
	case "opened":
		a.say(string(a.opened))
	case "choices":
		a.say("mode " + a.mode + ", model " + a.model)
	case "env":
		var names []string
		for _, pair := range os.Environ() {
			name, _, _ := strings.Cut(pair, "=")
			names = append(names, name)
		}
		slices.Sort(names)
		a.say(strings.Join(names, " "))
	case "self":
		command, _ := os.ReadFile("/proc/self/cmdline")
		dir, _ := os.Getwd()
		a.say(fmt.Sprintf("args %q dir %s group %v", command, dir, syscall.Getpid()))
	case "limits":
		limits, _ := os.ReadFile("/proc/self/limits")
		a.say(string(limits))
	case "files": // what it has open
		open, _ := filepath.Glob("/proc/self/fd/*")
		for _, fd := range open {
			if to, err := os.Readlink(fd); err == nil {
				a.say(to)
			}
		}
	}
}

func (a *agent) misbehave(word, rest string) {
	switch word {
	case "crash":
		fmt.Fprintln(os.Stderr, "the agent fell over: "+rest)
		os.Exit(3)
	case "leak": // writes the key of the session to stderr, and dies
		fmt.Fprintln(os.Stderr, "with X"+strings.TrimPrefix(a.axon().header, "Bearer ")+" I fall")
		os.Exit(3)
	case "hang": // and does not hear that it shall stop
		select {}
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		a.say("stubborn")
	case "garbage":
		a.raw([]byte("this is no JSON\n{\"jsonrpc\":\n"))
	case "long":
		a.raw(append([]byte(`{"jsonrpc":"2.0","method":"session/update","params":"`), append(make([]byte, 20<<20), '"', '}', '\n')...))
	case "child": // a process of its own, in the agent's group
		child := exec.Command("sleep", "600")
		if err := child.Start(); err != nil {
			a.say(err.Error())
			return
		}
		a.say("child " + strconv.Itoa(child.Process.Pid))
	case "pause":
		time.Sleep(100 * time.Millisecond) // the agent is slow: what is tested happens meanwhile
	}
}

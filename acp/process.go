package acp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// endGrace is how long a process group may take to end by itself.
const endGrace = 10 * time.Second

// process is an agent's child process with its group.
type process struct {
	cmd    *exec.Cmd
	group  group
	in     io.WriteCloser
	out    io.ReadCloser
	stderr *tail // of an agent

	exited chan struct{} // closed when the child has ended and its group too
	once   sync.Once
	asked  chan struct{} // closed by stop
	read   chan struct{} // closed by who reads out, at its end
	status string        // how it ended, after exited
	waited sync.WaitGroup

	mu     sync.Mutex
	closed bool // nothing more is started: stop waits
}

// run starts something that ends with the process at the latest. It reports
// false once stop waits.
func (p *process) run(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.waited.Go(f)
	}
	return !p.closed
}

// child is what is to be run.
type child struct {
	path   string
	args   []string
	dir    string
	env    []string
	memory int64 // bytes that one of its processes may have; 0: no limit
}

// startProcess starts a program in a process group of its own and within limits,
// with nothing of ours but three pipes (A11).
func startProcess(c child, stderr io.Writer) (*process, error) {
	cmd := exec.Command(c.path, c.args...)
	cmd.Dir, cmd.Env, cmd.Stderr = c.dir, c.env, stderr
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean all of ours
	}
	// A grandchild that keeps stderr open must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	p := &process{cmd: cmd, exited: make(chan struct{}), asked: make(chan struct{}), read: make(chan struct{})}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// Not StdoutPipe: Wait would close it under the reader.
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, p.in.Close())
	}
	cmd.Stdout, p.out = writer, reader
	prepare(cmd)
	err = cmd.Start()
	_ = writer.Close() // the child's end
	if err != nil {
		return nil, errors.Join(err, p.in.Close(), reader.Close())
	}
	p.group = groupOf(cmd)
	if err := limit(cmd.Process.Pid, c.memory); err != nil {
		p.group.kill()
		_ = cmd.Wait() // it was killed
		p.group.close()
		return nil, errors.Join(err, p.in.Close(), reader.Close())
	}
	p.waited.Go(p.watch)
	return p, nil
}

// watch waits for the child's end, or for the wish to end it, and then ends
// whatever is left of its group: TERM, ten seconds, KILL.
func (p *process) watch() {
	var err error
	reaped := make(chan struct{})
	p.waited.Go(func() {
		err = p.cmd.Wait()
		close(reaped)
	})
	select {
	case <-reaped:
	case <-p.asked:
		_ = p.in.Close() // agents end with their input, too
	}
	p.group.terminate()
	if !p.group.gone(endGrace, reaped) {
		p.group.kill()
	}
	<-reaped
	p.status = ending(err)
	_ = p.in.Close()
	select {
	case <-p.read: // all of its output has been read
	case <-time.After(time.Second): // somebody who left the group holds the pipe
	}
	_ = p.out.Close()
	p.group.close()
	close(p.exited)
}

func ending(err error) string {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return "it ended"
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "it ended with " + exit.String()
	}
	return fmt.Sprint(err)
}

// stop tells the whole group to end, kills it after a while, and waits.
func (p *process) stop() {
	p.once.Do(func() { close(p.asked) })
	<-p.exited
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.waited.Wait()
}

// code is the child's exit code or the signal that ended it. Call it after
// exited.
func (p *process) code() (code *int, signal *string) {
	state := p.cmd.ProcessState
	if state == nil {
		return nil, nil
	}
	if n := state.ExitCode(); n >= 0 {
		return &n, nil
	}
	name := signalName(state)
	return nil, &name
}

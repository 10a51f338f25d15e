package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/axon-mcp/axon-mcp/config"
	"github.com/axon-mcp/axon-mcp/fault"
	"github.com/axon-mcp/axon-mcp/jobs"
	"github.com/axon-mcp/axon-mcp/tools"
)

// version is the product's, as in CHANGELOG.md.
const version = "0.1.0"

// Exit codes that scripts rely on.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitConfig   = 78 // EX_CONFIG of sysexits.h
	exitCanceled = 130
)

func main() {
	ctx, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		asked := <-signals
		signal.Stop(signals) // a second signal ends the program at once
		stop(signalCause(asked))
	}()
	os.Exit(run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:], os.Environ()))
}

// signalCause tells the user's Ctrl-C, which takes the work back, from the
// system's request to end, after which the work goes on elsewhere.
func signalCause(s os.Signal) error {
	if s == syscall.SIGTERM {
		return jobs.ErrShutdown
	}
	return jobs.ErrCanceled
}

// streams are the program's standard streams.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, std streams, args, environ []string) int {
	err := execute(ctx, std, args, environ)
	code := exitCode(err)
	if said := (saidError{}); err != nil && !errors.As(err, &said) {
		fmt.Fprintln(std.err, "axon-mcp: "+errorText(err))
		if code == exitUsage && !errors.As(err, new(tools.FileError)) {
			fmt.Fprintln(std.err, "Run \"axon-mcp --help\" for the commands and \"axon-mcp COMMAND --help\" for their flags.")
		}
	}
	return code
}

// usageError is a command line that is wrong: an unknown command or flag, an
// argument too many.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// saidError is an error that the user has been told about already.
type saidError struct{ error }

func (e saidError) Unwrap() error { return e.error }

// exitCode maps an error to the exit code of design table "Errors".
func exitCode(err error) int {
	var usage usageError
	var wrong *config.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &wrong):
		return exitConfig
	}
	switch fault.CodeOf(err) {
	case fault.Invalid:
		return exitUsage
	case fault.Canceled:
		return exitCanceled
	}
	return exitFailed
}

// errorText is what the user reads. At the command line the operator and the
// user are one, so an error that is no fault shows its text.
func errorText(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return string(f.Code) + ": " + strings.TrimPrefix(fault.MessageOf(err), string(f.Code)+": ")
	}
	if errors.Is(err, context.Canceled) {
		return "canceled"
	}
	return err.Error()
}

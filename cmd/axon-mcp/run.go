package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/axon-mcp/axon-mcp/jobs"
)

// part is something that runs until its context ends or it fails.
type part struct {
	name string
	run  func(context.Context) error
	// leads tells that the others have nothing to do when this part ends.
	leads bool
}

// errLed stops a group whose leading part has ended well. It is a shutdown: work
// that is under way goes on elsewhere.
var errLed = fmt.Errorf("the leading part has ended: %w", jobs.ErrShutdown)

// runAll runs the parts until the first one fails, a leading one ends or ctx
// ends, and then waits for all of them. A part that ends because it was told to
// has not failed.
func runAll(ctx context.Context, parts ...part) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	errs := make([]error, len(parts))
	for i, p := range parts {
		wg.Go(func() {
			err := p.run(ctx)
			switch {
			case err != nil && (ctx.Err() == nil || !errors.Is(err, context.Canceled)):
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
				stop(errors.Join(jobs.ErrShutdown, errs[i]))
			case p.leads:
				stop(errLed)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// shuttingDown returns ctx with the cause of its end set to a shutdown: Ctrl-C
// ends a server, and takes no work back that others have given it.
func shuttingDown(ctx context.Context) (context.Context, context.CancelFunc) {
	serving, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() { stop(jobs.ErrShutdown) })
	return serving, func() {
		forget()
		stop(nil)
	}
}

// drain is how long open requests may go on after the end was asked for.
const drain = 25 * time.Second

// listen returns a part that answers on l until ctx ends, and then lets open
// requests finish.
func listen(l net.Listener, srv *http.Server, drain time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		failed := make(chan error, 1)
		go func() { failed <- srv.Serve(l) }()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		left, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		err := srv.Shutdown(left)
		if err != nil {
			err = srv.Close() // what still runs has had its time
		}
		<-failed
		return err
	}
}

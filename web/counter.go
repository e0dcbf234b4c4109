package web

import (
	"context"
	"time"

	"agentsim/ask"
)

// counter lets as many questions be answered at once as it has places. Others
// wait, up to a number; beyond it they are turned away.
type counter struct {
	desk    ask.Desk
	time    time.Duration // that one answer may take
	studies string        // folder; empty = none
	places  chan struct{}
	queue   chan struct{} // those with a place and those who wait
}

// enter waits for a place. leave gives it back; the context ends with that of
// the caller, or when time is up.
func (c *counter) enter(ctx context.Context) (inside context.Context, leave func(), err error) {
	select {
	case c.queue <- struct{}{}:
	default:
		return nil, nil, errBusy
	}
	select {
	case c.places <- struct{}{}:
	case <-ctx.Done():
		<-c.queue
		return nil, nil, ctx.Err()
	}
	inside, cancel := context.WithTimeout(ctx, c.time)
	return inside, func() {
		cancel()
		<-c.places
		<-c.queue
	}, nil
}

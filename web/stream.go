package web

import (
	"context"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"agentsim/ask"
)

// stream adds an operation whose answer takes long. It is a stream of events:
// progress as often as there is some, then one answer or failure. A client that
// goes away ends the work.
func stream[Q, A any](api huma.API, c *counter, name, summary string,
	answer func(context.Context, *Q, ask.Progress) (*A, error)) {
	events := map[string]any{"progress": ask.Step{}, "answer": new(A), "failure": ask.Failure{}}
	sse.Register(api, operation(http.MethodPost, name, summary), events,
		func(ctx context.Context, q *body[Q], send sse.Sender) {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			var mutex sync.Mutex
			tell := func(event any) {
				mutex.Lock()
				defer mutex.Unlock()
				if ctx.Err() == nil && send.Data(event) != nil {
					stop() // nobody listens
				}
			}
			tell(ask.Step{Stage: "waiting"})
			inside, leave, err := c.enter(ctx)
			if err == nil {
				defer leave()
				var a *A
				if a, err = answer(inside, &q.Body, func(s ask.Step) { tell(s) }); err == nil {
					tell(a)
					return
				}
			}
			tell(*ask.FailureOf(err))
		})
}

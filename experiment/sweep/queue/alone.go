package queue

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"agentsim/experiment/sweep"
)

// alone works a study off in this process: its slots take one point after the
// other, and what they give goes to the journal.
type alone struct {
	journal *journal
	earlier []*sweep.Row // that the journal held
	compute func(ctx context.Context, point int) ([]byte, error)
	slots   int
	busy    atomic.Int64
}

func (r *run) openAlone() error {
	a := &alone{slots: r.Workers}
	a.compute = func(ctx context.Context, point int) ([]byte, error) {
		return compute(ctx, r.evaluator, r.Cache, r.Build, point)
	}
	var err error
	a.journal, a.earlier, err = openJournal(filepath.Join(r.Dir, queueFolder, r.id+".jsonl"), r.Clock)
	r.alone = a
	return err
}

// work takes what the journal holds and has the rest computed.
func (a *alone) work(ctx context.Context, r *run) error {
	for _, row := range a.earlier {
		if slices.Contains(r.points, row.Point) {
			r.book(row.Point, row)
		}
	}
	r.before = len(r.rows)
	var missing []int
	for _, point := range r.points {
		if r.rows[point] == nil {
			missing = append(missing, point)
		}
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	arriving := make(chan arrival, len(missing)) // room for all, so that no slot waits for its reader
	worked := make(chan error, 1)
	go func() { worked <- a.serve(working, missing, arriving) }()
	err := r.wait(ctx, arriving, worked)
	if ctx.Err() != nil {
		r.stopping = true
		r.report(context.WithoutCancel(ctx))
	}
	cancel() // points under way are finished
	if failed := <-worked; failed != nil && err == nil {
		err = failed
	}
	for len(arriving) > 0 {
		r.take(<-arriving)
	}
	return err
}

// serve hands points to the slots until all are done, one cannot be stored, or
// the context ends: then no more is begun.
func (a *alone) serve(ctx context.Context, points []int, to chan<- arrival) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var slots sync.WaitGroup
	for range a.slots {
		slots.Go(func() {
			for point := range next {
				if err := a.point(context.WithoutCancel(ctx), point, to); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, point := range points {
		select {
		case next <- point:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	slots.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	<-ctx.Done() // whoever waits for the results ends the work
	return nil
}

func (a *alone) point(ctx context.Context, point int, to chan<- arrival) error {
	a.busy.Add(1)
	defer a.busy.Add(-1)
	data, err := a.compute(ctx, point)
	if err != nil {
		return err
	}
	to <- arrival{point: point, data: data} // which counts, whether or not it can be kept
	return a.journal.add(data)
}

// tidy removes the journal once what it holds is stored in the folder.
func (a *alone) tidy() {
	a.journal.close() // nothing of it is needed any more
	os.RemoveAll(filepath.Dir(a.journal.file.Name()))
}

// compute evaluates a point, or takes what the cache has of it, and returns its
// row as JSON.
func compute(ctx context.Context, e *sweep.Evaluator, c *Cache, build string, point int) ([]byte, error) {
	loaded := e.Load(point)
	row, ok := c.get(loaded, build)
	if !ok {
		var err error
		if row, err = e.Row(ctx, loaded); err != nil {
			return nil, err
		}
		c.put(loaded, build, row)
	}
	data, err := json.Marshal(row)
	if err != nil { // a number that is none
		return json.Marshal(e.Failed(point, err))
	}
	return data, nil
}

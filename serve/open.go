package serve

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"agentsim/models/kvcache"
	"agentsim/sim"
	"agentsim/trace"
)

// openDoors schedules the sessions of a trace at their recorded instants. Each
// arrival schedules the next, so that the queue stays short.
func (c *Cluster) openDoors() error {
	f := c.forest
	if f.pool == nil {
		return errors.New("arrivals by time: no trace; want one whose sessions have times")
	}
	f.coming = slices.Clone(f.pool.Roots())
	for _, i := range f.coming {
		if start, id := f.pool.Start(i); start < 0 {
			return fmt.Errorf("arrivals by time: session %q of the trace has no time; want one for each, or arrivals: %s", id,
				trace.ArrivalsClosed)
		}
	}
	slices.SortStableFunc(f.coming, func(a, b int32) int {
		first, _ := f.pool.Start(a)
		second, _ := f.pool.Start(b)
		return cmp.Compare(first, second)
	})
	if f.pool.Inherits() {
		f.places = slices.Repeat([]int32{-1}, f.pool.Len())
	}
	c.awaitNext()
	return nil
}

// awaitNext schedules the next arrival.
func (c *Cluster) awaitNext() {
	f := c.forest
	if len(f.coming) == 0 {
		return
	}
	start, _ := f.pool.Start(f.coming[0])
	f.arrives.At(sim.Ticks(start), f.coming[0])
	f.coming = f.coming[1:]
	f.trees++ // it counts from now on, so that the doors are not closed before it came
}

// onSession begins a session that arrives.
func (c *Cluster) onSession(session int32) error {
	c.awaitNext()
	id := c.take()
	if err := c.fromPool(id, session); err != nil {
		return err
	}
	c.calls[id].luck, c.calls[id].k = session, 0
	c.settleIn(id, -1, 0, c.sim.Now())
	if f := c.forest; f.places != nil {
		f.places[session] = id
		if from := c.calls[id].session.From; from > 0 {
			f.members[id].from = f.places[from-1]
		}
	}
	c.woken.After(0, id)
	return nil
}

// gravesMax bounds the sessions that caches may hold after their end, and so
// what a cluster remembers of them. Prompts of 10k tokens fill 1.5 TB with so
// many at 10 kB a token.
const gravesMax = 1 << 14

// bury leaves a session that is over to the caches' eviction.
func (c *Cluster) bury(id int32) {
	f, a := c.forest, &c.calls[id]
	c.workers[a.home].ranks[a.rank].homes--
	f.graves.push(id)
	if f.graves.n <= gravesMax {
		return
	}
	oldest := f.graves.pop()
	a = &c.calls[oldest]
	c.workers[a.home].ranks[a.rank].homes++ // forget takes it off
	f.places[a.luck] = -1
	c.forget(oldest)
	f.free = append(f.free, oldest)
}

// inherit tells a request for a first prompt who holds its beginning.
func (c *Cluster) inherit(r *kvcache.Request, id int32) {
	a := &c.calls[id]
	if c.forest == nil || a.turn > 0 || c.forest.members[id].from < 0 {
		return
	}
	r.From = kvcache.SessionID(c.forest.members[id].from)
	r.Inherited = min(int(a.session.Inherited), int(a.current().Input))
}

// Drained reports whether all sessions that arrive by time have come and gone.
func (c *Cluster) Drained() bool { return c.forest != nil && c.forest.trees == 0 }

// Alive is the number of agents that have calls left to make.
func (c *Cluster) Alive() int {
	if c.forest == nil {
		return len(c.calls)
	}
	return c.forest.alive
}

// InFlight is the number of calls issued and not finished.
func (c *Cluster) InFlight() int64 { return c.tally.Issued - c.tally.Finished }

package serve

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"agentsim/sim"
	"agentsim/trace"
)

// open takes sessions from a trace at their recorded instants: open, where all
// calls go out at theirs, or partly open, where agents then walk on as usual.
type open struct {
	trees
	arrives *sim.Kind[int32] // fires when a session of the pool arrives
	coming  []int32          // sessions still to arrive, the next one first

	// Where sessions inherit from others than their parents, caches keep those
	// that are over, and their numbers with them, until others push them out.
	holders []int32 // number of the agent by session of the pool; -1 = none; nil = nobody inherits
	ended   fifo    // numbers of sessions that are over
}

// endedMax bounds the sessions that caches may hold after their end, and so
// what a cluster remembers of them. Prompts of 10k tokens fill 1.5 TB with so
// many at 10 kB a token.
const endedMax = 1 << 14

func newOpen(g *agents) *open {
	o := &open{}
	o.plant(g, o.treeOver)
	o.timed = g.cfg.Arrivals == trace.ArrivalsOpen
	o.arrives = sim.NewKind(g.clock, "session", sim.Arrive, o.onSession)
	return o
}

// begin schedules the first session. Each arrival schedules the next, so that
// the event queue stays short.
func (o *open) begin() error {
	switch pool := o.cfg.Pool; {
	case o.cfg.Agents > 0:
		return fmt.Errorf("agents: %d: want 0, the trace says when sessions begin", o.cfg.Agents)
	case pool == nil:
		return errors.New("arrivals by time: no trace; want one whose sessions have times")
	case pool.Inherits():
		o.holders = slices.Repeat([]int32{-1}, pool.Len())
		o.keepRoots = true
	}
	o.coming = slices.Clone(o.cfg.Pool.Roots())
	for _, i := range o.coming {
		if start, id := o.cfg.Pool.Start(i); start < 0 {
			return fmt.Errorf("arrivals by time: session %q of the trace has no time; want one for each, or arrivals: %s", id,
				trace.ArrivalsClosed)
		}
	}
	slices.SortStableFunc(o.coming, func(a, b int32) int {
		first, _ := o.cfg.Pool.Start(a)
		second, _ := o.cfg.Pool.Start(b)
		return cmp.Compare(first, second)
	})
	o.awaitNext()
	return nil
}

// awaitNext schedules the next arrival.
func (o *open) awaitNext() {
	if len(o.coming) == 0 {
		return
	}
	start, _ := o.cfg.Pool.Start(o.coming[0])
	o.arrives.At(sim.Ticks(start), o.coming[0])
	o.coming = o.coming[1:]
	o.underWay++ // it counts from now on, so that the run does not end before it came
}

// onSession begins a session that arrives.
func (o *open) onSession(session int32) error {
	o.awaitNext()
	id := o.newNumber()
	if err := o.fromPool(id, session); err != nil {
		return err
	}
	a := &o.list[id]
	a.luck, a.k = session, 0
	o.enrol(id, member{parent: -1, root: id, begun: o.clock.Now()})
	if o.holders != nil {
		o.holders[session] = id
		if from := a.session.From; from > 0 {
			a.holder = o.holders[from-1]
		}
	}
	o.callAt(o.clock.Now(), id)
	return nil
}

// treeOver frees the number of a session whose tree is done, or leaves its cache
// to others that inherit from it.
func (o *open) treeOver(id int32) error {
	if o.underWay--; o.underWay == 0 {
		o.clock.Stop() // nobody comes any more
	}
	if o.holders == nil {
		o.free = append(o.free, id)
		return nil
	}
	o.fleet.abandon(id)
	o.ended.push(id)
	if o.ended.n > endedMax {
		oldest := o.ended.pop()
		o.holders[o.list[oldest].luck] = -1
		o.fleet.forget(oldest)
		o.free = append(o.free, oldest)
	}
	return nil
}

package serve

import (
	"fmt"
	"slices"

	"agentsim/fault"
	"agentsim/sim"
)

// Failure takes workers out of service for a time. A worker that holds a broken
// accelerator stops whole: its ranks meet at every exchange. What its caches
// held is lost, and so are the calls that it had; agents send them once more.
type Failure struct {
	At      float64 // seconds of the run; before 0 = the run begins without the workers
	Repair  float64 // seconds until the workers serve again, with empty caches
	Retry   float64 // seconds until a call that was lost is sent again
	Workers []int   // by their place among the workers of all pools
}

// WorkersOn lists the workers that need one of the accelerators from first to
// below end. Units lie one after the other, as many in a rack as fit, and in a
// unit the pools in the order of a call's life.
func (d *DeploymentSpec) WorkersOn(first, end, rack int) (list []int) {
	number, pool := 0, 0 // of the next worker; accelerators of the unit before its pool
	each := d.UnitAccelerators()
	perRack := max(1, rack/max(1, each))
	for _, p := range d.Pools() {
		size := p.Spec.Shape.Accelerators
		for n := range p.Workers {
			unit := n / p.Spec.Workers
			begin := unit*each + pool + n%p.Spec.Workers*size
			if each <= rack {
				begin += unit / perRack * (rack - perRack*each) // what a rack has left over stays empty
			}
			if begin < end && begin+size > first {
				list = append(list, number)
			}
			number++
		}
		pool += p.Spec.Workers * size
	}
	return list
}

// validateFailures reports the first failure that cannot be.
func (c *Config) validateFailures() error {
	workers := 0
	for _, p := range c.Deployment.Pools() {
		workers += p.Workers
	}
	for i, f := range c.Failures {
		at := fmt.Sprintf("failures[%d].", i)
		switch {
		case !(f.Repair > 0):
			return fault.New(at+"repair", "%v s: want a time above 0", f.Repair)
		case !(f.Retry >= 0):
			return fault.New(at+"retry", "%v s: want a time of 0 or more", f.Retry)
		case slices.ContainsFunc(f.Workers, func(w int) bool { return w < 0 || w >= workers }):
			return fault.New(at+"workers", "%v: want workers from 0 to %d", f.Workers, workers-1)
		}
	}
	return nil
}

// outages takes workers of the fleet out of service and brings them back.
type outages struct {
	*fleet
	list    []Failure
	fails   *sim.Kind[int32] // the payload is the failure
	repairs *sim.Kind[int32]
	retries *sim.Kind[int32] // fires when a call that was lost is sent again
	waiting []int32          // calls that find no worker, until one is back
}

// plan schedules the failures. Those that are past take effect at once, before
// anybody has come. Runs without failures have no events of theirs.
func (o *outages) plan(f *fleet, list []Failure) error {
	o.fleet, o.list = f, list
	if len(list) == 0 {
		return nil
	}
	o.fails = sim.NewKind(f.clock, "failure", sim.Complete, o.fail)
	o.repairs = sim.NewKind(f.clock, "repair", sim.Complete, o.repair)
	o.retries = sim.NewKind(f.clock, "retry", sim.Arrive, o.retry)
	for i := range list {
		switch at := list[i].At; {
		case at+list[i].Repair <= 0:
		case at <= 0:
			if err := o.stop(int32(i)); err != nil {
				return err
			}
			o.repairs.At(sim.Ticks(at+list[i].Repair), int32(i))
		default:
			o.fails.At(sim.Ticks(at), int32(i))
		}
	}
	return nil
}

func (o *outages) fail(i int32) error {
	o.repairs.After(sim.Ticks(o.list[i].Repair), i)
	return o.stop(i)
}

// stop takes the workers of a failure out of service.
func (o *outages) stop(i int32) error {
	for _, n := range o.list[i].Workers {
		w := o.workers[n]
		if w.broken++; w.broken > 1 {
			continue // it was down already
		}
		for id := range o.calls {
			if o.calls[id].state != InTool && o.on(int32(id), w) {
				o.lose(int32(id), o.list[i].Retry)
			}
		}
		if err := w.empty(); err != nil {
			return err
		}
		for id := range o.residences {
			s := &o.residences[id]
			if s.home == int32(w.id) {
				s.home, s.rank = -1, -1
			}
			if s.decoder == int32(w.id) {
				s.decoder, s.decoderRank = -1, -1
			}
		}
	}
	o.open()
	return nil
}

// on reports whether a call would be lost with a worker.
func (o *outages) on(id int32, w *worker) bool {
	s := &o.residences[id]
	switch o.calls[id].state {
	case InQueue, InReload, InPrefill, InTransfer:
		return s.home == int32(w.id) && !o.calls[id].lost
	case InSlot:
		return s.decoder == int32(w.id) || s.decoder < 0 && s.home == int32(w.id)
	case InDecode:
		return o.sequences[id].worker == int32(w.id)
	}
	return false
}

// lose takes a call back to where it began: its client sees an error, and sends
// it again after a while.
func (o *outages) lose(id int32, seconds float64) {
	c := &o.calls[id]
	o.enter(id, InQueue)
	o.waiting = slices.DeleteFunc(o.waiting, func(other int32) bool { return other == id })
	c.lost, c.due = true, false
	c.done, c.hit, c.generated = 0, 0, 0
	o.tally.Failed++
	o.retries.After(sim.Ticks(seconds), id)
}

// retry sends a call again that was lost, unless something of it is still on
// its way: then that does.
func (o *outages) retry(id int32) error {
	c := &o.calls[id]
	if c.moving {
		c.due = true
		return nil
	}
	c.lost = false
	return o.place(id)
}

// astray takes what arrives of a call that was lost on its way, and reports
// whether it was.
func (o *outages) astray(id int32) (bool, error) {
	c := &o.calls[id]
	c.moving = false
	if !c.lost {
		return false, nil
	}
	if c.due {
		return true, o.retry(id)
	}
	return true, nil
}

// repair brings the workers of a failure back, and the calls that waited for any.
func (o *outages) repair(i int32) error {
	for _, n := range o.list[i].Workers {
		o.workers[n].broken--
	}
	o.open()
	waiting := slices.Clone(o.waiting)
	o.waiting = o.waiting[:0]
	for _, id := range waiting {
		next := o.place
		if o.calls[id].state == InSlot {
			next = o.handoff.receive
		}
		if err := next(id); err != nil {
			return err
		}
	}
	return nil
}

// open lists the workers that calls may be sent to: those in service, in units
// that can decode.
func (o *outages) open() {
	o.entrance.workers = o.entrance.workers[:0]
	for _, w := range o.workers {
		w.accepts = w.prefills && w.broken == 0 && (w.decodes || o.handoff.fewest(w.unit) != nil)
		if w.accepts {
			o.entrance.workers = append(o.entrance.workers, w)
		}
	}
	o.entrance.open()
}

// empty takes everything off a worker: its step under way, its calls and its
// caches.
func (w *worker) empty() error {
	if w.busy {
		w.bookLeg()
		w.timer.Cancel()
		w.busy = false
	}
	w.batch = batch{replica: &w.replica}
	w.hold, w.chunks, w.emerged, w.leg = hold{}, w.chunks[:0], fifo{}, leg{}
	for i := range w.ranks {
		r := rank{tiers: w.ranks[i].tiers, out: w.ranks[i].out}
		if err := r.build(w.cache, w.contents); err != nil {
			return err
		}
		w.ranks[i] = r
	}
	return nil
}

// waits puts a call aside that no worker can take now.
func (o *outages) waits(id int32, state State) {
	o.enter(id, state)
	o.waiting = append(o.waiting, id)
}

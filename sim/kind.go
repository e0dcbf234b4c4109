package sim

import "fmt"

// Phase orders the events of one instant.
type Phase uint8

// The phases, in the order in which they run.
const (
	Complete Phase = iota // work ends and frees what it held
	Transfer              // data has arrived where it was sent
	Arrive                // new work enters
	Decide                // someone chooses what to do next
	Observe               // someone looks, and changes nothing
	phases
)

// String is the phase's name.
func (p Phase) String() string {
	switch p {
	case Complete:
		return "complete"
	case Transfer:
		return "transfer"
	case Arrive:
		return "arrive"
	case Decide:
		return "decide"
	case Observe:
		return "observe"
	}
	return fmt.Sprintf("phase %d", uint8(p))
}

// Kind is a kind of event: a name, a phase, and a handler for payloads of type
// P. Payloads wait in a slab that is reused, so scheduling does not allocate
// once the slab has grown to the number of pending events. A slot keeps its
// last payload until it is reused: let payloads be small values, such as ids.
type Kind[P any] struct {
	slots
	payloads []P
	handle   func(P) error
}

// NewKind declares a kind of event. The name identifies the kind in the
// fingerprint, in errors and to a Recorder; it must be unique within s. An
// error from handle stops the run. A bad name or phase panics.
func NewKind[P any](s *Simulation, name string, phase Phase, handle func(P) error) *Kind[P] {
	k := &Kind[P]{handle: handle}
	k.slots = slots{
		sim:   s,
		name:  name,
		phase: phase,
		salt:  hashName(name),
		run:   k,
	}
	s.declare(&k.slots)
	return k
}

// At schedules p at instant t. It panics if t has passed, or if t is the
// current instant and the kind's phase has.
func (k *Kind[P]) At(t Time, p P) Timer {
	s := k.sim
	s.forbidRecorder("At")
	if t < s.now || t == s.now && k.phase < s.phase {
		panic(fmt.Sprintf("sim: %s (%v) scheduled for %v, but the clock is at %v (%v)",
			k.name, k.phase, t, s.now, s.phase))
	}
	slot := k.take()
	if int(slot) == len(k.payloads) {
		k.payloads = append(k.payloads, p)
	} else {
		k.payloads[slot] = p
	}
	key := s.schedule(t, &k.slots, slot)
	return Timer{kind: &k.slots, key: key, slot: slot}
}

// After schedules p a span d from now. It panics if d is negative.
func (k *Kind[P]) After(d Time, p P) Timer { return k.At(k.sim.now+d, p) }

// Payload returns what e carries if e is of this kind. It works only while the
// Recorder that was given e is at work; afterwards the payload is gone.
func (k *Kind[P]) Payload(e Event) (P, bool) {
	if e.kind != &k.slots || k.owners[e.slot] != e.key {
		var none P
		return none, false
	}
	return k.payloads[e.slot], true
}

func (k *Kind[P]) fire(slot uint32) error {
	p := k.payloads[slot]
	k.release(slot)
	return k.handle(p)
}

func (k *Kind[P]) text(slot uint32) string { return fmt.Sprint(k.payloads[slot]) }

// runner is what the loop needs of a Kind whatever its payload.
type runner interface {
	fire(slot uint32) error
	text(slot uint32) string
}

// slots is the part of a Kind that does not depend on its payload: who it is,
// and which queue entry owns which slot.
type slots struct {
	sim    *Simulation
	run    runner
	name   string
	salt   uint64 // the name's part in the fingerprint
	id     uint32 // index into sim.kinds
	phase  Phase
	owners []uint64 // by slot: key of the entry that will fire it; 0 = none
	free   []uint32
}

// take returns a slot that no queue entry refers to.
func (k *slots) take() uint32 {
	if n := len(k.free); n > 0 {
		slot := k.free[n-1]
		k.free = k.free[:n-1]
		return slot
	}
	k.owners = append(k.owners, 0)
	return uint32(len(k.owners) - 1)
}

// release frees a slot whose entry has left the queue.
func (k *slots) release(slot uint32) {
	k.owners[slot] = 0
	k.free = append(k.free, slot)
}

// Timer refers to one scheduled event. It is a small value to be kept and
// copied freely; the zero Timer refers to nothing. It names its event by the
// entry's unique key, so it never mistakes a later event in the same slot for
// its own.
type Timer struct {
	kind *slots
	key  uint64
	slot uint32
}

// Pending reports whether the event has neither run nor been cancelled.
func (t Timer) Pending() bool {
	return t.kind != nil && t.kind.owners[t.slot] == t.key
}

// Cancel keeps the event from running and reports whether it was pending. The
// entry stays in the queue until it reaches the top; it never moves the clock.
func (t Timer) Cancel() bool {
	if !t.Pending() {
		return false
	}
	t.kind.sim.forbidRecorder("Cancel")
	t.kind.owners[t.slot] = 0
	t.kind.sim.cancelled()
	return true
}

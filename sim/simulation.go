package sim

import (
	"errors"
	"fmt"
)

// ErrLivelock is returned when events at one instant beget each other without
// end, so that the clock cannot move on.
var ErrLivelock = errors.New("too many events at one instant")

// eventsPerInstant is the default of Options.EventsPerInstantMax.
const eventsPerInstant = 1 << 22

// compactAt is the number of cancelled entries below which the queue is left
// alone: sweeping a short queue saves nothing.
const compactAt = 64

// Options configure a Simulation. The zero value is ready to use.
type Options struct {
	Seed                uint64   // of all random streams
	EventsPerInstantMax int      // more is ErrLivelock; 0 = about four million
	Recorder            Recorder // sees every event; nil = none
}

// Simulation is a clock and the events that are still to happen.
type Simulation struct {
	now   Time
	phase Phase // of the latest event at now
	queue queue
	dead  int // cancelled entries that are still in the queue
	kinds []*slots

	sequence    uint64
	events      uint64
	atInstant   int // events run at now
	fingerprint uint64

	options   Options
	running   bool
	stopped   bool
	recording bool
}

// New returns a Simulation at time zero with nothing scheduled.
func New(opts Options) *Simulation {
	if opts.EventsPerInstantMax <= 0 {
		opts.EventsPerInstantMax = eventsPerInstant
	}
	return &Simulation{options: opts, fingerprint: mix(0, opts.Seed)}
}

// Now is the current instant.
func (s *Simulation) Now() Time { return s.now }

// Pending is the number of events that are still to run.
func (s *Simulation) Pending() int { return len(s.queue) - s.dead }

// Events is the number of events that have run.
func (s *Simulation) Events() uint64 { return s.events }

// Fingerprint is a hash of the seed, of the time and kind of every event that
// has run, in order, and of what handlers mixed in. It does not depend on
// recorders, nor on events that were cancelled.
func (s *Simulation) Fingerprint() uint64 { return s.fingerprint }

// Mix adds a value to the fingerprint: what an event was about, or a result.
func (s *Simulation) Mix(v uint64) {
	s.forbidRecorder("Mix")
	s.fingerprint = mix(s.fingerprint, v)
}

// Stop ends Run after the current handler; a later Run goes on from there.
func (s *Simulation) Stop() {
	s.forbidRecorder("Stop")
	s.stopped = true
}

// Run executes all events up to and including until, and leaves the clock
// there. If nothing is left to run before Forever, or Stop was called, the
// clock stays at the last event. A handler's error ends the run and comes back
// wrapped with the event's time and kind.
func (s *Simulation) Run(until Time) error {
	if until < s.now {
		return fmt.Errorf("sim: cannot run until %v: the clock is already at %v", until, s.now)
	}
	s.enter()
	defer s.leave()
	for !s.stopped {
		e, ok := s.next()
		if !ok || e.at > until {
			break
		}
		if err := s.execute(e); err != nil {
			return err
		}
	}
	if !s.stopped && until != Forever {
		s.advance(until)
	}
	return nil
}

// Step executes one event and reports whether there was one.
func (s *Simulation) Step() (bool, error) {
	s.enter()
	defer s.leave()
	e, ok := s.next()
	if !ok {
		return false, nil
	}
	return true, s.execute(e)
}

func (s *Simulation) enter() {
	if s.running {
		panic("sim: Run or Step called from within a handler or recorder")
	}
	s.running, s.stopped = true, false
}

func (s *Simulation) leave() { s.running = false }

// next is the earliest live entry. Cancelled entries above it are dropped here,
// before the clock could move to them.
func (s *Simulation) next() (entry, bool) {
	for len(s.queue) > 0 {
		e := s.queue[0]
		if s.live(e) {
			return e, true
		}
		s.queue.pop()
		s.bury(e)
	}
	return entry{}, false
}

func (s *Simulation) execute(e entry) error {
	k := s.kinds[e.kind]
	s.advance(e.at)
	if s.atInstant++; s.atInstant > s.options.EventsPerInstantMax {
		return fmt.Errorf("sim: %s at %v: %w (limit %d)", k.name, s.now, ErrLivelock, s.options.EventsPerInstantMax)
	}
	s.queue.pop()
	s.phase = e.phase()
	s.events++
	s.fingerprint = mix(mix(s.fingerprint, uint64(e.at)), k.salt)
	if s.options.Recorder != nil {
		s.record(e, k)
	}
	if err := k.run.fire(e.slot); err != nil {
		return fmt.Errorf("sim: %s at %v: %w", k.name, s.now, err)
	}
	return nil
}

// advance moves the clock; a new instant begins with its first phase.
func (s *Simulation) advance(t Time) {
	if t == s.now {
		return
	}
	s.now, s.phase, s.atInstant = t, Complete, 0
}

// declare enters a kind into the table that queue entries index.
func (s *Simulation) declare(k *slots) {
	if k.name == "" || k.phase >= phases {
		panic(fmt.Sprintf("sim: kind %q (%v) needs a name and one of the %d phases", k.name, k.phase, phases))
	}
	for _, other := range s.kinds {
		if other.name == k.name {
			panic(fmt.Sprintf("sim: kind %q is declared twice", k.name))
		}
	}
	k.id = uint32(len(s.kinds))
	s.kinds = append(s.kinds, k)
}

// schedule queues the event in slot, makes its entry the slot's owner and
// returns the entry's key, which is never 0.
func (s *Simulation) schedule(t Time, k *slots, slot uint32) uint64 {
	s.sequence++
	key := uint64(k.phase)<<phaseShift | s.sequence
	k.owners[slot] = key
	s.queue.push(entry{at: t, key: key, kind: k.id, slot: slot})
	return key
}

func (s *Simulation) live(e entry) bool { return s.kinds[e.kind].owners[e.slot] == e.key }

// bury frees the slot of a cancelled entry that has left the queue.
func (s *Simulation) bury(e entry) {
	s.kinds[e.kind].release(e.slot)
	s.dead--
}

// cancelled notes that one more entry is dead, and sweeps the queue when the
// dead outnumber the living.
func (s *Simulation) cancelled() {
	s.dead++
	if s.dead < compactAt || 2*s.dead <= len(s.queue) {
		return
	}
	kept := s.queue[:0]
	for _, e := range s.queue {
		if s.live(e) {
			kept = append(kept, e)
		} else {
			s.bury(e)
		}
	}
	s.queue = kept
	s.queue.heapify()
}

func (s *Simulation) record(e entry, k *slots) {
	s.recording = true
	s.options.Recorder.Record(Event{
		At:    e.at,
		Phase: k.phase,
		Kind:  k.name,
		kind:  k,
		key:   e.key,
		slot:  e.slot,
	})
	s.recording = false
}

func (s *Simulation) forbidRecorder(call string) {
	if s.recording {
		panic("sim: " + call + " called by a recorder; recorders only look")
	}
}

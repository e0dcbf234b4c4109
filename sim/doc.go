// Package sim is a discrete-event simulation kernel: a clock, an event queue,
// typed kinds of events, cancellable timers, random streams and a fingerprint.
// It knows nothing of what is being simulated.
//
// A component declares its kinds of events once, when it is wired up, and then
// schedules payloads; the kernel calls the kind's handler when the clock gets
// there. One Simulation has one queue, one clock and runs on one goroutine;
// simulations share nothing, so any number may run side by side.
//
// # Order
//
// Events run by (time, phase, order of scheduling). The phases of one instant
// are Complete, Transfer, Arrive, Decide, Observe: everything that frees or
// delivers something at time t happens before anything decides at t. A handler
// cannot undo that order: scheduling in the past, or in an earlier phase of the
// current instant, panics, for no input should ever lead there. Within its own
// phase or a later one a handler may still schedule at the current instant; a
// limit on events per instant turns an endless chain into ErrLivelock.
//
// If no simulated time passes, call a function; schedule only when time passes
// or when the phase order is the point.
//
// # Repeatability
//
// There is no wall clock, global random source, map iteration or goroutine in
// here. Every run has a Fingerprint, a hash over all its events in order and
// over what handlers Mix in. Random numbers come from streams keyed by (seed,
// name, entity), so that an entity draws the same numbers in every design it
// is tried in.
//
// # Reading order
//
// simulation.go (the loop), kind.go (scheduling and timers), queue.go (the
// heap), time.go, stream.go, recorder.go.
package sim

package hardware

import (
	"agentsim/portable"
	"agentsim/units"
)

// voltageFloor is the share of the full clock below which the voltage falls no
// further, so that an operation costs the same energy at every clock below it.
// With the exponent of the presets that leaves 0.42 of the energy of computing:
// locked clocks saved up to 32 % of the energy of decoding on an H200 (arXiv
// 2605.11999) and 42 % at 180 of 2,842 MHz on an RTX PRO 6000 (arXiv 2501.08219).
const voltageFloor = 0.6

// Cap returns the power the accelerator may draw: its limit, or its TDP.
func (p AcceleratorPower) Cap() units.Watts {
	if p.Limit > 0 {
		return min(p.Limit, p.TDP)
	}
	return p.TDP
}

// Static returns the watts of an accelerator with a kernel resident, before
// any work is counted: idle + active. No clock changes them.
func (p AcceleratorPower) Static() units.Watts { return p.Idle + p.Active }

// Burst is a stretch of work on one accelerator at full clock.
type Burst struct {
	Seconds float64
	Clocked float64 // of the seconds, those that grow as 1/clock: compute-bound ones
	Joules  float64 // dynamic: on top of static power
	Moved   float64 // of the joules, those of memory and links, whose clocks are their own
}

// Hold returns what a burst takes, in seconds and dynamic joules, where its
// mean power may not pass the cap. At the clock f (1 = full) it takes
//
//	T(f) = Seconds + Clocked·(1/f - 1)
//	E(f) = Moved + (Joules - Moved)·max(f, voltageFloor)^(k-1)
//
// since power goes as f^k and work per second as f (modelling.md 6.2): the
// clock slows until Static + E/T is the cap. Where the lowest voltage does not
// suffice, work waits, memory traffic included, until its energy fits: no work
// is ever done for less than E. The cap must lie above static power.
func (p AcceleratorPower) Hold(b Burst) (seconds, joules float64) {
	room := float64(p.Cap() - p.Static()) // watts
	if b.Joules <= room*b.Seconds {
		return b.Seconds, b.Joules
	}
	computing, power := b.Joules-b.Moved, p.ClockExponent
	lowest := b.Moved + computing*portable.Pow(voltageFloor, power-1)
	unclocked := b.Seconds - b.Clocked
	if lowest > room*(unclocked+b.Clocked/voltageFloor) {
		return lowest / room, lowest
	}
	// The root of f·(E(f) - room·T(f)), a convex function of f that is positive
	// at 1 and not above the root's slope before it: Newton's steps fall to it.
	const most, close = 60, 1e-13
	f := 1.0
	for range most {
		core := computing * portable.Pow(f, power-1)
		over := f*(core+b.Moved-room*unclocked) - room*b.Clocked
		next := f - over/(power*core+b.Moved-room*unclocked)
		if !(next < f-close) {
			break
		}
		f = max(next, voltageFloor)
	}
	joules = b.Moved + computing*portable.Pow(f, power-1)
	return joules / room, joules
}

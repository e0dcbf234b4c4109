package hardware

import (
	"math"

	"agentsim/units"
)

// minClock is the slowest clock a power limit may force, as a fraction of the
// full one: the lowest graphics clock H100 and H200 drivers offer is 210 MHz
// (345 MHz on some boards) of 1980 MHz (nvidia-smi -q -d SUPPORTED_CLOCKS).
const minClock = 0.1

// Cap returns the power the accelerator may draw: its limit, or its TDP.
func (p AcceleratorPower) Cap() units.Watts {
	if p.Limit > 0 {
		return min(p.Limit, p.TDP)
	}
	return p.TDP
}

// Static returns the watts of an accelerator with a kernel resident, before
// any work is counted: idle + active.
func (p AcceleratorPower) Static() units.Watts { return p.Idle + p.Active }

// Clock returns the frequency factor 0 < f <= 1 at which the accelerator keeps
// its cap: static + dynamic·f^k = cap (modelling.md 6.2). staticWatts is what
// no clock changes (Idle), dynamicWatts the rest at full clock. The caller
// multiplies compute-bound time by 1/f; memory and network time stay.
func (p AcceleratorPower) Clock(staticWatts, dynamicWatts float64) float64 {
	room := float64(p.Cap()) - staticWatts
	if dynamicWatts <= room || dynamicWatts <= 0 {
		return 1
	}
	if room <= 0 {
		return minClock
	}
	return max(minClock, math.Pow(room/dynamicWatts, 1/p.ClockExponent))
}

// Draw returns the mean watts over a busy stretch of the given length in which
// dynamicJoules of work were done: idle + active + energy/time, held at the
// cap. A stretch without length draws the static power.
func (p AcceleratorPower) Draw(dynamicJoules, seconds float64) units.Watts {
	watts := p.Static()
	if seconds > 0 {
		watts += units.Watts(dynamicJoules / seconds)
	}
	return min(watts, p.Cap())
}

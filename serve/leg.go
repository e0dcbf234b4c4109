package serve

import (
	"math"

	"agentsim/models/step"
	"agentsim/sim"
)

// leg is a single step, or a run of decode steps that is one event. During a run
// no sequence comes or goes and every context grows by the same amount a step,
// so that step k (from 0) takes first + slope·k seconds (modelling.md eq. 14).
type leg struct {
	begun  sim.Time
	count  int // steps
	decode int // of these, steps that decode: all or none
	first  float64
	slope  float64
	joules float64 // dynamic energy of the first step
	rise   float64 // its growth per step
	drain  float64 // seconds after the end until its last prompts leave a pipeline

	bookedTime   sim.Time // of its time, already in the tally
	bookedJoules float64
}

// newLeg describes count steps of which the first and the last cost what is given.
func newLeg(begun sim.Time, count, decode int, first, last step.Cost) leg {
	l := leg{
		begun:  begun,
		count:  count,
		decode: decode,
		first:  first.Seconds,
		joules: first.Joules,
		drain:  first.Drain,
	}
	if count > 1 {
		l.slope = (last.Seconds - first.Seconds) / float64(count-1)
		l.rise = (last.Joules - first.Joules) / float64(count-1)
	}
	return l
}

func (l *leg) single() bool { return l.count == 1 }

// after is the time from the beginning to the end of n steps.
func (l *leg) after(n int) float64 { return series(l.first, l.slope, n) }

// energy is the dynamic energy of all steps.
func (l *leg) energy() float64 { return series(l.joules, l.rise, l.count) }

// book returns the time and the dynamic energy since it was last called. The
// energy of a run spreads evenly over its time.
func (l *leg) book(now sim.Time) (sim.Time, float64) {
	span := l.end() - l.begun
	passed := now - l.begun
	joules := l.energy() * (float64(passed) / float64(span))
	busy, more := passed-l.bookedTime, joules-l.bookedJoules
	l.bookedTime, l.bookedJoules = passed, joules
	return busy, more
}

// series is the sum of n terms that begin at first and grow by slope.
func series(first, slope float64, n int) float64 {
	k := float64(n)
	return k*first + slope*k*(k-1)/2
}

func (l *leg) at(n int) sim.Time { return l.begun + sim.Ticks(l.after(n)) }

func (l *leg) end() sim.Time { return l.at(l.count) }

// nextBoundary is the first end of a step strictly after now, as a number of
// steps and an instant.
func (l *leg) nextBoundary(now sim.Time) (int, sim.Time) {
	n := l.stepsIn((now - l.begun).Seconds())
	for n > 1 && l.at(n-1) > now {
		n--
	}
	for l.at(n) <= now && n < l.count {
		n++
	}
	return n, l.at(n)
}

// stepsIn is about how many steps fit in the given time, plus one: the inverse
// of after.
func (l *leg) stepsIn(seconds float64) int {
	n := seconds / l.first
	if l.slope != 0 {
		// slope/2·n² + (first - slope/2)·n - seconds = 0
		b := l.first - l.slope/2
		if d := b*b + 2*l.slope*seconds; d >= 0 {
			n = 2 * seconds / (b + math.Sqrt(d))
		}
	}
	return max(1, min(l.count, int(n)+1))
}

// cut ends the run after n steps.
func (l *leg) cut(n int) {
	l.count = n
	if l.decode > 0 {
		l.decode = n
	}
}

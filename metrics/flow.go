package metrics

import (
	"fmt"
	"math"
)

// Flow counts calls through a system and the time they spend there, so that
// their conservation and Little's law can be checked on any run: the mean
// number running equals the rate of calls times their mean stay.
type Flow struct {
	start    float64
	issued   int64
	finished int64
	carried  int64   // running at the start of the window
	entered  float64 // sum over running calls of when they came, from the start
	stayed   float64 // sum over finished calls of their stay within the window
	running  TimeMean
}

// NewFlow starts counting at a time with nothing running.
func NewFlow(start float64) Flow {
	return Flow{start: start, running: NewTimeMean(start)}
}

// Issue counts a call that starts now.
func (f *Flow) Issue(now float64) {
	f.issued++
	f.entered += now - f.start
	f.running.Set(now, float64(f.Running()))
}

// Finish counts the end of a call that was issued at a time, or at the start
// of the window if that was later.
func (f *Flow) Finish(now, issued float64) {
	f.finished++
	came := max(issued-f.start, 0)
	f.entered -= came
	f.stayed += now - f.start - came
	f.running.Set(now, float64(f.Running()))
}

// Issued counts the calls issued since the window opened.
func (f *Flow) Issued() int64 { return f.issued }

// Finished counts the calls finished since the window opened.
func (f *Flow) Finished() int64 { return f.finished }

// Running counts the calls under way.
func (f *Flow) Running() int64 { return f.carried + f.issued - f.finished }

// Restart opens a new window: the calls under way are carried over, and only
// their stay from now on counts.
func (f *Flow) Restart(now float64) {
	*f = Flow{start: now, carried: f.Running(), running: NewTimeMean(now)}
	f.running.Set(now, float64(f.carried))
}

// Little is the two sides of Little's law over a window.
type Little struct {
	Number     float64 // mean number running, from its integral
	Throughput float64 // finished calls a second
	Stay       float64 // seconds spent by all calls per finished call
}

// Little closes the window at a time without ending it.
func (f *Flow) Little(now float64) Little {
	span := now - f.start
	if span <= 0 || f.finished == 0 {
		return Little{}
	}
	stayed := f.stayed + float64(f.Running())*span - f.entered
	return Little{
		Number:     f.running.Mean(now),
		Throughput: float64(f.finished) / span,
		Stay:       stayed / float64(f.finished),
	}
}

// lawTolerance allows for rounding in sums.
const lawTolerance = 1e-9

// Check reports a broken law: more finished than came, ends that do not belong
// to the calls that came, or N other than X·C.
func (f *Flow) Check(now float64) error {
	if f.Running() < 0 {
		return fmt.Errorf("calls: %d finished of %d carried and %d issued", f.finished, f.carried, f.issued)
	}
	span := now - f.start
	slack := lawTolerance * max(span*float64(f.issued+f.carried), 1)
	if f.entered < -slack || f.entered > span*float64(f.Running())+slack {
		return fmt.Errorf("calls: %d running came %g s into the window in all, which lasts %g s",
			f.Running(), f.entered, span)
	}
	l := f.Little(now)
	if product := l.Throughput * l.Stay; math.Abs(l.Number-product) > lawTolerance*max(l.Number, 1) {
		return fmt.Errorf("little's law: %g running, %g/s · %g s = %g", l.Number, l.Throughput, l.Stay, product)
	}
	return nil
}

// TimeMean averages a piecewise constant value over time.
type TimeMean struct {
	start, since float64
	value, area  float64
}

// NewTimeMean starts at a time with the value 0.
func NewTimeMean(start float64) TimeMean { return TimeMean{start: start, since: start} }

// Set changes the value from now on.
func (m *TimeMean) Set(now, value float64) {
	m.area += m.value * (now - m.since)
	m.since, m.value = now, value
}

// Integral is the area under the value up to now.
func (m *TimeMean) Integral(now float64) float64 { return m.area + m.value*(now-m.since) }

// Mean is the average up to now; the value itself when no time has passed.
func (m *TimeMean) Mean(now float64) float64 {
	if now <= m.start {
		return m.value
	}
	return m.Integral(now) / (now - m.start)
}

package metrics

import (
	"fmt"
	"math"
)

// Energy integrates the power of named components, piecewise constant, and
// adds energy that comes by work. A second account of the whole lets it check
// itself.
type Energy struct {
	names  []string
	parts  []TimeMean // watts
	worked []float64  // joules booked by Work, by component
	whole  TimeMean   // watts of all
	work   float64    // joules of all Work
}

// NewEnergy starts at a time with all components at 0 W. Components are then
// addressed by their index in names.
func NewEnergy(start float64, names ...string) *Energy {
	e := &Energy{names: names, worked: make([]float64, len(names)), parts: make([]TimeMean, len(names))}
	e.Restart(start)
	return e
}

// Restart opens a new window: energy so far is forgotten, power stays.
func (e *Energy) Restart(now float64) {
	watts := e.whole.value
	e.whole, e.work = NewTimeMean(now), 0
	e.whole.Set(now, watts)
	for i := range e.parts {
		watts := e.parts[i].value
		e.parts[i], e.worked[i] = NewTimeMean(now), 0
		e.parts[i].Set(now, watts)
	}
}

// SetWatts changes the power of a component from now on.
func (e *Energy) SetWatts(now float64, component int, watts float64) {
	e.whole.Set(now, e.whole.value+watts-e.parts[component].value)
	e.parts[component].Set(now, watts)
}

// Work adds joules that a component spent on a piece of work.
func (e *Energy) Work(component int, joules float64) {
	e.worked[component] += joules
	e.work += joules
}

// Components lists the names, by index.
func (e *Energy) Components() []string { return e.names }

// Joules is what a component has taken since the window opened.
func (e *Energy) Joules(now float64, component int) float64 {
	return e.parts[component].Integral(now) + e.worked[component]
}

// Total is what all have taken since the window opened, in joules.
func (e *Energy) Total(now float64) float64 { return e.whole.Integral(now) + e.work }

// Check reports whether the parts do not add up to the whole.
func (e *Energy) Check(now float64) error {
	sum := 0.0
	for i := range e.parts {
		sum += e.Joules(now, i)
	}
	if whole := e.Total(now); math.Abs(sum-whole) > lawTolerance*max(math.Abs(whole), 1) {
		return fmt.Errorf("energy: components take %g J in all, the whole %g J", sum, whole)
	}
	return nil
}

package configs

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/units"
)

// DaySpec is what changes over a day: how many agents there are, and what fails.
type DaySpec struct {
	Length units.Seconds `yaml:"length,omitempty"` // of the day; 0 = 24h
	Every  units.Seconds `yaml:"every,omitempty"`  // one window is simulated in each such span; 0 = 1h
	Window units.Seconds `yaml:"window,omitempty"` // measured in each span; 0 = 1min

	// Agents is the curve of the number of agents: at instants, as shares of the
	// most there are, straight in between; empty = all of them all the time.
	Agents []DayPoint `yaml:"agents,omitempty"`
	// Trace is a trace whose sessions' times give the curve instead: those that
	// begin in each span of the day, over the most in any.
	Trace string `yaml:"trace,omitempty"`

	Failures []DayFailure `yaml:"failures,omitempty"`
}

// DayPoint is a point of the curve of agents.
type DayPoint struct {
	At    units.Seconds `yaml:"at"`    // since the day began
	Share float64       `yaml:"share"` // of the most agents, 0 to 1
}

// DayFailure is something that fails on one day and is repaired.
type DayFailure struct {
	Of     string        `yaml:"of"`               // accelerator | node | rack
	Number int           `yaml:"number,omitempty"` // which one, from 0
	At     units.Seconds `yaml:"at"`               // since the day began
	Repair units.Seconds `yaml:"repair"`           // until it serves again, weights loaded
	// Retry is how long the client of a call that was lost waits before it sends it
	// again; 0 = 10 s.
	Retry units.Seconds `yaml:"retry,omitempty"`
}

// What can fail.
const (
	FailsAccelerator = "accelerator"
	FailsNode        = "node"
	FailsRack        = "rack"
)

// Hours of a day that says nothing else.
const (
	dayLength = 24 * 3600
	dayEvery  = 3600
	dayWindow = 60
	dayRetry  = 10
)

// Full is the day with what it leaves open.
func (d DaySpec) Full() DaySpec {
	fill := func(v *units.Seconds, seconds units.Seconds) {
		if *v == 0 {
			*v = seconds
		}
	}
	fill(&d.Length, dayLength)
	fill(&d.Every, min(d.Length, dayEvery))
	fill(&d.Window, min(d.Every, dayWindow))
	d.Failures = slices.Clone(d.Failures)
	for i := range d.Failures {
		fill(&d.Failures[i].Retry, dayRetry)
	}
	return d
}

// Share is how many of the most agents there are at an instant.
func (d *DaySpec) Share(at float64) float64 {
	points := d.Agents
	i := slices.IndexFunc(points, func(p DayPoint) bool { return float64(p.At) > at })
	switch {
	case len(points) == 0:
		return 1
	case i < 0:
		return points[len(points)-1].Share
	case i == 0:
		return points[0].Share
	}
	a, b := points[i-1], points[i]
	along := (at - float64(a.At)) / float64(b.At-a.At)
	return a.Share + along*(b.Share-a.Share)
}

// Validate reports every field that cannot be.
func (d *DaySpec) Validate() error {
	var faults fault.List
	full := d.Full()
	long := func(v units.Seconds) bool { return v >= 0 && !math.IsInf(float64(v), 0) }
	faults.Check(long(d.Length), "length", d.Length, "0s (24h) or more")
	faults.Check(long(d.Every) && full.Every <= full.Length, "every", d.Every, "0s (1h) up to the length of the day")
	faults.Check(long(d.Window) && full.Window <= full.Every, "window", d.Window, "0s (1min) up to day.every")
	const spansMost = 1000
	faults.Check(full.Length <= spansMost*full.Every, "every", d.Every, "a thousandth of the day or more")
	faults.Check(d.Trace == "" || len(d.Agents) == 0, "trace", d.Trace, "a trace or day.agents, one of them")
	for i, p := range d.Agents {
		at := fmt.Sprintf("agents[%d].", i)
		faults.Check(p.Share >= 0 && p.Share <= 1, at+"share", p.Share, "a share of the most agents, 0 to 1")
		faults.Check(p.At >= 0 && p.At <= full.Length, at+"at", p.At,
			fmt.Sprintf("0s to %v, the length of the day", full.Length))
		if i > 0 {
			faults.Check(p.At > d.Agents[i-1].At, at+"at", p.At,
				fmt.Sprintf("later than %v, the point before", d.Agents[i-1].At))
		}
	}
	kinds := []string{FailsAccelerator, FailsNode, FailsRack}
	for i, f := range d.Failures {
		at := fmt.Sprintf("failures[%d].", i)
		faults.Check(slices.Contains(kinds, f.Of), at+"of", f.Of, strings.Join(kinds, ", "))
		faults.Check(f.Number >= 0, at+"number", f.Number, "a number from 0")
		faults.Check(f.At >= 0 && f.At < full.Length, at+"at", f.At,
			fmt.Sprintf("a time of the day, 0s to below %v: nothing fails before the start or after the end", full.Length))
		faults.Check(f.Repair > 0 && long(f.Repair), at+"repair", f.Repair, "a time above 0, such as 2h")
		faults.Check(long(f.Retry), at+"retry", f.Retry, "0s (10s) or more")
	}
	return faults.Err()
}

package calibrate

import (
	"fmt"
	"maps"
	"slices"

	"agentsim/models/hardware"
)

// sample is one measured kernel run beside the work that it did.
type sample struct {
	group   string  // the constants that price it
	seconds float64 // measured

	// What of these is set depends on the family.
	work     hardware.RooflineWork
	features hardware.Features
	experts  hardware.ExpertWork
	shape    hardware.AttentionShape
	tp       int // tensor-parallel degree of the measured model
	heads    int // of the measured model, over all ranks
	hidden   int
	longFrom int     // of modules; see there
	bytes    float64 // per rank, over the link
	kernel   string  // as the table names it
	dtype    string  // of experts, as the table names it
	routing  string  // of experts: how pairs are dealt out, as the table names it
	version  string  // of the engine
	moved    bool    // from an older version, see advance
}

// load is where the sample lies in the domain of its operator.
func (s *sample) load() hardware.Load {
	switch {
	case s.experts.Rows > 0:
		return hardware.Load{Rows: s.experts.Rows}
	case s.features.Tokens > 0:
		return hardware.Load{Rows: s.features.Tokens, Context: s.features.Context}
	case s.bytes > 0:
		return hardware.Load{Bytes: s.bytes}
	}
	return hardware.Load{Rows: s.work.Rows}
}

// domainOf is what samples span.
func domainOf(samples []sample) *hardware.Domain {
	var d hardware.Domain
	for i := range samples {
		d.Include(samples[i].load())
	}
	if d == (hardware.Domain{}) {
		return nil
	}
	return &d
}

// batch is what a table gives one family.
type batch struct {
	samples   []sample
	excluded  tally
	hostBound map[string]bool
}

// keep takes a sample, unless its time was not measured.
func (b *batch) keep(s sample) {
	if s.seconds <= 0 {
		b.drop("not measured: latency is 0 or less")
		return
	}
	b.samples = append(b.samples, s)
}

func (b *batch) drop(reason string) { b.excluded.add(reason, 1) }

// tally counts rows by the reason why they were left out.
type tally map[string]int

func (t *tally) add(reason string, rows int) {
	if *t == nil {
		*t = tally{}
	}
	(*t)[reason] += rows
}

// groups splits samples by group, in the order of their names.
func groups(samples []sample) ([]string, map[string][]sample) {
	by := map[string][]sample{}
	for _, s := range samples {
		by[s.group] = append(by[s.group], s)
	}
	return slices.Sorted(maps.Keys(by)), by
}

// Limits of what a latency column in milliseconds can hold: no kernel beats
// the peak rates by this much, and none is this far above them and above the
// slowest launch.
const (
	tooFast       = 0.2
	tooSlow       = 300
	slowestLaunch = 1e-3 // seconds; eager Python around one module, see hostBound
)

// checkUnits finds a latency column that is in other units: bound is the time
// of each sample at peak rates. Medians decide, as single rows may be odd.
func (b *batch) checkUnits(t *table, bound func(*sample) float64) error {
	if len(b.samples) == 0 {
		return nil
	}
	fast, slow := 0, 0
	for i := range b.samples {
		s := &b.samples[i]
		least := bound(s)
		if s.seconds < tooFast*least {
			fast++
		}
		if s.seconds > tooSlow*(least+slowestLaunch/tooSlow) {
			slow++
		}
	}
	switch half := len(b.samples) / 2; {
	case fast > half:
		return fmt.Errorf("kernel table %s: column \"latency\": most rows are faster than the hardware can be; "+
			"it must be in milliseconds", t.Path)
	case slow > half:
		return fmt.Errorf("kernel table %s: column \"latency\": most rows are over %d times slower than at peak rates; "+
			"it must be in milliseconds", t.Path, tooSlow)
	}
	return nil
}

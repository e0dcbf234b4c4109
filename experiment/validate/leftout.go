package validate

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"agentsim/configs"
)

// leftOut counts, by load and metric, what of figures lies between the P10 and
// P90 that others give.
type leftOut map[[2]string]*counted

// counted is the figures of one metric: without their stack, without their run.
type counted struct {
	inside [2]int
	widths [2][]float64
	widest float64
}

// leaveEachOut counts the figures of a hierarchy. Width is that of stacks without
// runs, in standard deviations.
func (f *fitted) leaveEachOut(out leftOut, width float64) {
	for _, stack := range f.stacks() {
		root := f.leaveOut(stack)
		if root == nil {
			continue
		}
		for i := range f.samples {
			if s := &f.samples[i]; ownStack(s.path) == stack {
				centre, deviation := root.predict(s.path, &f.spreads)
				out.count(s, 0, centre, width*deviation, false)
			}
		}
	}
	seen := f.width(f.seen())
	for i := range f.samples {
		s := &f.samples[i]
		root := without(f.clipped, &f.spreads, func(k int) bool { return k == i })
		if root == nil {
			continue
		}
		if _, _, _, depth := root.place(s.path, &f.spreads); depth < ownLevels {
			continue
		}
		centre, deviation := root.predict(s.path, &f.spreads)
		others := f.runsOf(ownStack(s.path)) - 1
		half := seen * deviation
		if others >= configs.RunsKnown {
			half = min(half, configs.WidestHalf())
		}
		out.count(s, 1, centre, half, others >= configs.RunsKnown)
	}
}

// runsOf counts the runs of a stack.
func (f *fitted) runsOf(stack string) (n int) {
	for i := range f.samples {
		if ownStack(f.samples[i].path) == stack {
			n++
		}
	}
	return n
}

// count takes the figures of a run, whose errors are to lie within half a width
// of a centre.
func (o leftOut) count(s *sample, by int, centre, half float64, known bool) {
	for _, c := range s.told {
		load, _, _ := strings.Cut(quantity(c), ".")
		key := [2]string{load, c.Metric}
		if o[key] == nil {
			o[key] = &counted{}
		}
		at := o[key]
		if math.Abs(c.off()-centre) <= half {
			at.inside[by]++
		}
		wide := 2 * half
		if !c.share() {
			wide = math.Exp(wide)
		}
		at.widths[by] = append(at.widths[by], wide)
		if known {
			at.widest = max(at.widest, wide)
		}
	}
}

// list is what was counted, by load and then in the order of the metrics.
func (o leftOut) list() []LeftOut {
	list := []LeftOut{}
	for _, m := range Metrics() {
		for _, load := range []string{fixedLoad, draftLoad, agentsLoad} {
			at := o[[2]string{load, m.String()}]
			if at == nil {
				continue
			}
			list = append(list, LeftOut{
				Load:   load,
				Metric: m.String(),
				Stack:  at.coverage(0),
				Run:    at.coverage(1),
				Widest: at.widest,
			})
		}
	}
	slices.SortStableFunc(list, func(a, b LeftOut) int { return cmp.Compare(a.Load, b.Load) })
	return list
}

func (c *counted) coverage(by int) Coverage {
	n := len(c.widths[by])
	if n == 0 {
		return Coverage{}
	}
	slices.Sort(c.widths[by])
	return Coverage{N: n, Inside: float64(c.inside[by]) / float64(n), Width: middle(c.widths[by])}
}

package uncertainty

import (
	"cmp"
	"context"
	"math"
	"slices"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/portable"
)

// Factors are looked for at a distance from 1 that doubles from step to step, up
// to about forty times and a fortieth.
const (
	firstStep = 0.03 // of the logarithm
	steps     = 7
)

// inputsAsked is how many inputs are tried, those that move the answer most:
// any other would need an absurd value to reach the goal.
const inputsAsked = 16

// target compares the draws with a goal, and finds for each input that moves
// the answer which value of it alone would reach the goal.
func (s *study) target(ctx context.Context, g Goal, u *metrics.Uncertainty) (metrics.Target, error) {
	t := metrics.Target{Metric: g.Metric, Value: g.Value, Predicted: g.of(s.central)}
	values := make([]float64, len(u.Sample))
	for i, a := range u.Sample {
		values[i] = g.of(a)
	}
	t.Below = share(u.Sample, func(a metrics.Answer) bool { return g.of(a) < g.Value })
	slices.Sort(values)
	t.Inside = metrics.Quantile(values, lowEnd) <= g.Value && g.Value <= metrics.Quantile(values, 1-lowEnd)
	t.Needs = make([]metrics.Need, 0, len(u.Tornado))
	var candidates []int
	for _, w := range u.Tornado[:min(inputsAsked, len(u.Tornado))] {
		j := slices.IndexFunc(s.inputs, func(in configs.Input) bool { return in.Name == w.Input })
		if j >= 0 && g.of(w.Low.Answer) != g.of(w.High.Answer) {
			candidates = append(candidates, j)
		}
	}
	needs := make([]metrics.Need, len(candidates))
	err := forEach(len(candidates), func(k int) (err error) {
		needs[k], err = s.need(ctx, candidates[k], g)
		return err
	})
	t.Needs = append(t.Needs, needs...)
	slices.SortStableFunc(t.Needs, func(a, b metrics.Need) int { return likelier(&a, &b, g.Value) })
	return t, err
}

// likelier sorts inputs that reach the goal first, those that need a value near
// the middle of their distribution before others; then inputs that do not reach
// it, by how near they come.
func likelier(a, b *metrics.Need, goal float64) int {
	const median = 50
	switch {
	case a.Reached != b.Reached && a.Reached:
		return -1
	case a.Reached != b.Reached:
		return 1
	case a.Reached:
		return cmp.Or(cmp.Compare(math.Abs(a.Percentile-median), math.Abs(b.Percentile-median)),
			cmp.Compare(math.Abs(portable.Log(a.Factor)), math.Abs(portable.Log(b.Factor))), cmp.Compare(a.Input, b.Input))
	}
	return cmp.Or(cmp.Compare(logRatio(a.Gives, goal), logRatio(b.Gives, goal)), cmp.Compare(a.Input, b.Input))
}

// need looks for the factor nearest to 1 at which one input alone gives the
// goal, outwards on both sides at once.
func (s *study) need(ctx context.Context, j int, g Goal) (metrics.Need, error) {
	in := &s.inputs[j]
	h := hunt{
		study:   s,
		ctx:     ctx,
		j:       j,
		goal:    g,
		above:   g.of(s.central) > g.Value,
		nearest: point{1, g.of(s.central)},
	}
	found, ok, err := h.run()
	if err != nil {
		return metrics.Need{}, err
	}
	draw := found.factor * in.Neutral()
	return metrics.Need{
		Input:      in.Name,
		Reached:    ok,
		Factor:     found.factor,
		Value:      in.Text(draw),
		Percentile: 100 * spreadOf(in).cdf(draw),
		Inside:     in.Low <= draw && draw <= in.High,
		Gives:      found.gives,
		Low:        factor(in, in.Low),
		High:       factor(in, in.High),
	}, nil
}

// point is a factor on an input with the answer that it gives.
type point struct{ factor, gives float64 }

// hunt is the search for a crossing of the goal along one input.
type hunt struct {
	study   *study
	ctx     context.Context
	j       int
	goal    Goal
	above   bool // the answer as it is lies above the goal
	nearest point
}

func (h *hunt) run() (point, bool, error) {
	if h.study.inputs[h.j].Neutral() == 0 {
		return h.nearest, false, nil // no factor changes it
	}
	open := [2]bool{true, true} // sides that still lead somewhere
	last := [2]point{h.nearest, h.nearest}
	for k := 1; k <= steps; k++ {
		for i, sign := range []float64{1, -1} {
			if !open[i] {
				continue
			}
			p, ok, err := h.at(portable.Exp(sign * firstStep * float64(int(1)<<k-1)))
			if err == nil && !ok {
				open[i] = false
				p, ok, err = h.edge(last[i], p)
			}
			if err != nil {
				return p, false, err
			}
			if ok && h.crossed(p) {
				p, err = h.bisect(last[i], p)
				return p, true, err
			}
			last[i] = p
		}
	}
	return h.nearest, false, nil
}

// edge looks for a crossing between a scenario that serves somebody and one
// that cannot be or serves nobody.
func (h *hunt) edge(good, bad point) (point, bool, error) {
	for math.Abs(portable.Log(bad.factor/good.factor)) > enough {
		mid, ok, err := h.at(math.Sqrt(good.factor * bad.factor))
		switch {
		case err != nil || ok && h.crossed(mid):
			return mid, ok, err
		case ok:
			good = mid
		default:
			bad = mid
		}
	}
	return good, false, nil
}

// enough is how closely a factor is found, of the logarithm.
const enough = 1e-3

// at is the answer with a factor. False is a scenario that cannot be or serves
// nobody: beyond it there is nothing to look for.
func (h *hunt) at(factor float64) (point, bool, error) {
	setting, err := h.study.setting(h.ctx, h.j, factor*h.study.inputs[h.j].Neutral())
	if isImpossible(err) {
		return point{factor: factor}, false, nil
	}
	p := point{factor, h.goal.of(setting.Answer)}
	if err == nil && p.gives > 0 && logRatio(p.gives, h.goal.Value) < logRatio(h.nearest.gives, h.goal.Value) {
		h.nearest = p
	}
	return p, p.gives > 0, err
}

func (h *hunt) crossed(p point) bool { return (p.gives > h.goal.Value) != h.above }

// bisect narrows two points on either side of the goal. Agents are whole, so
// the answer may jump over it.
func (h *hunt) bisect(from, to point) (point, error) {
	for math.Abs(portable.Log(to.factor/from.factor)) > enough {
		mid, _, err := h.at(math.Sqrt(from.factor * to.factor))
		if err != nil {
			return mid, err
		}
		if h.crossed(mid) {
			to = mid
		} else {
			from = mid
		}
	}
	return to, nil
}

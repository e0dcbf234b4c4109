package uncertainty

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/portable"
)

const (
	tried     = 8   // draws of which some are rehearsed
	rehearsed = 3   // of these: between the extremes
	slightly  = 0.1 // a move of an answer, in its logarithm, that says nothing of steepness
)

// check rehearses some draws, and the scenario as it is, and says how far the
// ratios of mean flows are from those; nil where too few serve anybody.
func check(ctx context.Context, s *Scenario, inputs []configs.Input, flows model, solver *analytic.Solver,
) (*metrics.Checked, error) {
	const seed = 1 // the same for every scenario
	rows := sample(inputs, tried, seed)
	estimated := make([]float64, len(rows))
	err := forEach(len(rows), func(i int) error {
		a, err := possible(flows(ctx, rows[i]))
		estimated[i] = a.Agents
		return err
	})
	if err != nil {
		return nil, err
	}
	var order []int
	for i := range rows {
		if estimated[i] > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(estimated[a], estimated[b]) })
	chosen := [][]float64{neutral(inputs)}
	for i := range rehearsed {
		if at := (2*i + 1) * len(order) / (2 * rehearsed); at < len(order) {
			chosen = append(chosen, rows[order[at]])
		}
	}
	first, second := make([]float64, len(chosen)), make([]float64, len(chosen))
	short := byRehearsal(s, inputs, solver)
	err = forEach(len(chosen), func(i int) error {
		a, failed := possible(flows(ctx, chosen[i]))
		b, err := possible(short(ctx, chosen[i]))
		first[i], second[i] = a.Agents, b.Agents
		return errors.Join(failed, err)
	})
	if err != nil || first[0] == 0 || second[0] == 0 {
		return nil, err
	}
	for i := len(first) - 1; i >= 0; i-- {
		first[i], second[i] = first[i]/first[0], second[i]/second[0]
	}
	c := metrics.NewChecked(first[1:], second[1:])
	if c != nil {
		c.Steepness = steepness(first[1:], second[1:])
	}
	return c, nil
}

// possible takes draws that cannot be for ones that serve nobody.
func possible(a metrics.Answer, err error) (metrics.Answer, error) {
	if isImpossible(err) {
		return metrics.Answer{}, nil
	}
	return a, err
}

// steepness is the power of estimated ratios that comes nearest to simulated
// ones, by least squares of their logarithms; 1 where answers hardly move.
func steepness(estimated, simulated []float64) float64 {
	xx, xy := 0.0, 0.0
	for i := range estimated {
		if estimated[i] > 0 && simulated[i] > 0 {
			x := portable.Log(estimated[i])
			xx, xy = xx+x*x, xy+x*portable.Log(simulated[i])
		}
	}
	if xx < slightly*slightly {
		return 1
	}
	return xy / xx
}

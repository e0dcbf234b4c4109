package uncertainty

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/portable"
)

// swings moves every input alone to its own 10th and 90th percentile.
func (s *study) swings(ctx context.Context) ([]metrics.Swing, error) {
	swings := make([]metrics.Swing, len(s.inputs))
	err := forEach(len(s.inputs), func(j int) error {
		in := &s.inputs[j]
		spread := spreadOf(in)
		swings[j] = metrics.Swing{Input: in.Name, Basis: in.Basis, Source: in.Source, Fields: len(in.Fields)}
		var err error
		if swings[j].Low, err = s.setting(ctx, j, spread.quantile(lowEnd)); err != nil {
			return err
		}
		swings[j].High, err = s.setting(ctx, j, spread.quantile(1-lowEnd))
		return err
	})
	return swings, err
}

// setting is the answer with one input at a draw and all others as they are.
func (s *study) setting(ctx context.Context, j int, draw float64) (metrics.Setting, error) {
	row := neutral(s.inputs)
	row[j] = draw
	a, err := s.estimate(ctx, row)
	in := &s.inputs[j]
	return metrics.Setting{Factor: factor(in, draw), Value: in.Text(draw), Answer: a}, err
}

// factor is a draw over the value in use; 0 where that is 0.
func factor(in *configs.Input, draw float64) float64 {
	if in.Neutral() == 0 {
		return 0
	}
	return draw / in.Neutral()
}

// moves reports whether any figure depends on the input.
func (s *study) moves(w *metrics.Swing) bool {
	return w.Low.Answer != s.central || w.High.Answer != s.central
}

// rank sets the correlations of an input with all answers.
func rank(w *metrics.Swing, draws []float64, answers []metrics.Answer) {
	perAccelerator, perMW := make([]float64, len(answers)), make([]float64, len(answers))
	for i, a := range answers {
		perAccelerator[i], perMW[i] = a.PerAccelerator, a.PerMW.AcceleratorMeasured
	}
	w.RankPerAccelerator, w.RankPerMW = spearman(draws, perAccelerator), spearman(draws, perMW)
}

// spearman is the correlation of ranks; 0 where one side does not vary.
func spearman(x, y []float64) float64 {
	r := stat.Correlation(ranks(x), ranks(y), nil)
	if math.IsNaN(r) {
		return 0
	}
	return r
}

// ranks are the places of values in their order; equal values share the mean
// of theirs.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}

// sortSwings puts the input first that moves agents per accelerator or per
// megawatt by the largest factor.
func sortSwings(swings []metrics.Swing) {
	slices.SortStableFunc(swings, func(a, b metrics.Swing) int {
		return cmp.Or(cmp.Compare(span(&b), span(&a)), cmp.Compare(a.Input, b.Input))
	})
}

func span(w *metrics.Swing) float64 {
	return max(logRatio(w.High.PerAccelerator, w.Low.PerAccelerator),
		logRatio(w.High.PerMW.AcceleratorMeasured, w.Low.PerMW.AcceleratorMeasured))
}

// logRatio is how far apart two answers are; infinitely, if one is no agent.
func logRatio(a, b float64) float64 {
	if a == b {
		return 0
	}
	return math.Abs(portable.Log(a / b))
}

package experiment

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/portable"
	"agentsim/serve"
)

// Rest says what the step times of an explanation of a scenario rest on; p is its
// provenance. Every constant of the scenario's hardware, kernels and engine is
// raised by one per cent, one at a time; its weight is by how many per cent the
// steps of all pools change. Numbers that may not be raised, or that no step
// depends on, have no weight.
func Rest(e *metrics.Explanation, s *configs.Scenario, p *configs.Provenance) error {
	var tables moe.Tables // hold for all constants but seed and shape
	base, err := stepSeconds(s, e.Workload, &tables)
	if err != nil {
		return err
	}
	weights := map[string][]metrics.Weight{}
	numbers := map[string]int{}
	for _, f := range p.Fields() {
		numbers[f.Basis]++
		const raised = 1.01
		if !isConstant(f.Path) {
			continue
		}
		changed, err := s.Scaled(p, f, raised)
		if err != nil {
			continue // it is at the edge of what is possible
		}
		seconds, err := stepSeconds(changed, e.Workload, &tables)
		if err != nil {
			continue
		}
		if w := change(base, seconds) / portable.Log(raised); w > 0 {
			weights[f.Basis] = append(weights[f.Basis], metrics.Weight{Path: f.Path, Weight: w})
		}
	}
	e.Basis = shares(numbers, weights)
	return nil
}

// isConstant tells constants of hardware, kernels and engine from choices (the
// deployment, the workload), from the model's dimensions, and from the shapes
// that kernels were measured at.
func isConstant(path string) bool {
	if !strings.HasPrefix(path, "system.") && !strings.HasPrefix(path, "kernels.") && !strings.HasPrefix(path, "engine.") {
		return false
	}
	last := path[strings.LastIndexByte(path, '.')+1:]
	name, _, _ := strings.Cut(last, "[")
	shapes := []string{"hidden", "inner", "experts", "top_k", "tp", "ep", "heads", "tokens", "context", "graphs"}
	return !slices.Contains(shapes, name)
}

// stepSeconds prices the typical step of every pool.
func stepSeconds(s *configs.Scenario, w metrics.Typical, tables *moe.Tables) ([]float64, error) {
	cfg := serve.Config{
		Deployment: s.Deployment,
		System:     s.System,
		LLM:        s.Model,
		Kernels:    s.Kernels,
		Engine:     s.Engine,
		Seed:       s.Seed,
		Tabulate:   tables.Tabulate,
	}
	if err := cfg.PrepareSteps(); err != nil {
		return nil, err
	}
	var seconds []float64
	for i, pool := range s.Deployment.Pools() {
		m := cfg.Models()[i]
		if pool.Prefills() {
			seconds = append(seconds, m.Step(prefillStep(m, w)).Seconds)
		}
		if pool.Decodes() {
			seconds = append(seconds, m.Step(decodeStep(m, w)).Seconds)
		}
	}
	return seconds, nil
}

// change is how much the logarithms of step times differ, summed.
func change(before, after []float64) float64 {
	sum := 0.0
	for i := range before {
		sum += math.Abs(portable.Log(after[i] / before[i]))
	}
	return sum
}

// shares divides the weights by what the numbers rest on.
func shares(numbers map[string]int, weights map[string][]metrics.Weight) []metrics.Basis {
	total := 0.0
	var list []metrics.Basis
	for _, basis := range slices.Sorted(maps.Keys(numbers)) { // in order, as sums of floats depend on it
		b := metrics.Basis{Basis: basis, Numbers: numbers[basis], Top: weights[basis]}
		slices.SortStableFunc(b.Top, func(x, y metrics.Weight) int { return cmp.Compare(y.Weight, x.Weight) })
		for _, w := range b.Top {
			b.Share += w.Weight
		}
		total += b.Share
		const most = 3
		b.Top = b.Top[:min(most, len(b.Top))]
		list = append(list, b)
	}
	for i := range list {
		list[i].Share /= max(total, math.SmallestNonzeroFloat64)
	}
	slices.SortFunc(list, func(a, b metrics.Basis) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Basis, b.Basis))
	})
	return list
}

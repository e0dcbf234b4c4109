package deploy

import (
	"errors"
	"slices"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/serve"
)

// roles of a pool, with the names that pools have in a scenario.
const (
	prefill    = serve.PrefillPool
	decode     = serve.DecodePool
	aggregated = serve.Aggregated
)

// option is one kind of worker for a role, its batch limit left open.
type option struct {
	pool  serve.PoolSpec
	curve analytic.Curve
}

// tokenBudgets are those of published recipes (modelling.md section 5).
func tokenBudgets(role string) []int {
	switch role {
	case decode:
		return []int{0}
	case prefill:
		return []int{16384}
	}
	return []int{8192, 16384}
}

// drafts are the speculative depths worth trying: none, and those at which
// more tokens are accepted than at any lower one.
func drafts(s *configs.Scenario, role string) []int {
	depths := []int{0}
	if role == prefill || s.Model.MTP == nil {
		return depths
	}
	most := 1.0
	for i, mean := range s.Model.Acceptance {
		if mean > most {
			most = mean
			depths = append(depths, i+1)
		}
	}
	return depths
}

// paths are the kernel paths of the experts: the engine's own, and those that
// the scenario names anywhere and that are others.
func paths(s *configs.Scenario) []string {
	d := &s.Deployment
	list := []string{""}
	own := s.Kernels.ExpertsPath[d.Precision.Experts]
	for _, p := range []*serve.PoolSpec{d.Aggregated, d.Prefill, d.Decode} {
		if p != nil && p.ExpertsPath != own && !slices.Contains(list, p.ExpertsPath) {
			list = append(list, p.ExpertsPath)
		}
	}
	return list
}

// options lists the workers that may fill a role, and books why others may not.
// Workers leave a scale-up domain only where none fits inside one.
func (f *Finder) options(role string) []option {
	all := shapes(f.scenario, f.scenario.Deployment.Budget)
	variants, errs := make([][]option, len(all)), make([]error, len(all))
	forEach(len(all), func(i int) { variants[i], errs[i] = f.variants(role, all[i]) })
	var list []option
	for i, shape := range all {
		if shape.Accelerators > f.scenario.System.Domain && len(list) > 0 &&
			list[0].pool.Accelerators <= f.scenario.System.Domain {
			break
		}
		f.choice.Workers++
		list = append(list, variants[i]...)
		switch {
		case len(variants[i]) > 0:
		case errors.Is(errs[i], metrics.ErrInfeasible):
			f.choice.Unfit.Add(errs[i])
		case errs[i] != nil:
			f.choice.Illegal.Add(errs[i])
		}
	}
	return list
}

// variants are the workers of one shape, or why there are none.
func (f *Finder) variants(role string, shape step.Shape) (list []option, err error) {
	for _, budget := range tokenBudgets(role) {
		for _, path := range paths(f.scenario) {
			for _, depth := range drafts(f.scenario, role) {
				p := serve.PoolSpec{Workers: 1, Shape: shape, ExpertsPath: path}
				p.TokenBudget, p.DraftTokens = budget, depth
				if role != prefill {
					p.MaxBatchPerRank = f.limits[len(f.limits)-1]
				}
				curve, failed := f.curve(role, &p)
				if failed != nil {
					err = failed
					continue
				}
				list = append(list, option{pool: p, curve: curve})
			}
		}
	}
	return list, err
}

// curve prices the steps that the workers of a role must be good at.
func (f *Finder) curve(role string, p *serve.PoolSpec) (analytic.Curve, error) {
	d := f.base()
	d.Mode = serve.Disaggregated
	if role == aggregated {
		role = decode
	}
	return f.estimator.Curve(&d, serve.NamedPool{Name: role, Spec: p, Workers: 1})
}

// Package deploy finds the deployment that holds the most agents per megawatt
// on a given number of accelerators: it lists the legal ones, ranks them with
// the analytic model, and lets the simulator decide among the best.
package deploy

import (
	"slices"

	"agentsim/configs"
	"agentsim/models/step"
	"agentsim/serve"
)

// What is tried of each dimension. Engines are run at powers of two; batch
// limits and budgets are those of published recipes (modelling.md section 5).
func widths() []int       { return []int{1, 2, 4, 8, 16, 32, 64} }
func batchLimits() []int  { return []int{16, 64, 128, 256, 512} }
func tokenBudgets() []int { return []int{8192, 16384} }

// decodeShares are the parts of the accelerators that a disaggregated
// deployment gives to decode.
func decodeShares() []float64 { return []float64{1. / 9, 1. / 6, 1. / 4, 1. / 3, 1. / 2, 2. / 3} }

// Candidates lists deployments of at most the scenario's number of
// accelerators. Not all of them fit in memory.
func Candidates(s *configs.Scenario) []serve.DeploymentSpec {
	var list []serve.DeploymentSpec
	for _, shape := range shapes(s) {
		list = append(list, aggregated(s, shape)...)
	}
	for _, prefill := range shapes(s) {
		for _, decode := range shapes(s) {
			list = append(list, disaggregated(s, prefill, decode)...)
		}
	}
	return slices.DeleteFunc(list, func(d serve.DeploymentSpec) bool {
		return float64(d.Accelerators()) < leastUsed*float64(s.Deployment.Budget)
	})
}

// leastUsed is the part of the accelerators that a deployment must use: what
// stands idle was paid for.
const leastUsed = 0.85

// shapes are the legal ways to spread one worker, inside a scale-up domain:
// tensor-parallel or data-parallel attention, experts spread or split.
func shapes(s *configs.Scenario) []step.Shape {
	var list []step.Shape
	limit := min(s.Deployment.Budget, s.System.Domain)
	for _, n := range widths() {
		if n > limit {
			break
		}
		if n == 1 {
			list = append(list, step.Shape{Accelerators: 1})
			continue
		}
		const headsLeast = 8 // query heads a rank keeps under tensor parallelism: fewer are padded
		if s.Model.Blocks[0].Attention.Heads/n >= headsLeast && n <= s.System.AcceleratorsPer {
			list = append(list, step.Shape{Accelerators: n, TP: n})
			if s.Model.Experts != nil {
				list = append(list, step.Shape{Accelerators: n, TP: n, EP: n})
			}
		}
		if s.Model.Experts != nil && s.Model.Experts.Routed >= n {
			list = append(list, step.Shape{Accelerators: n, DPAttention: true, EP: n})
		}
	}
	return list
}

func aggregated(s *configs.Scenario, shape step.Shape) []serve.DeploymentSpec {
	var list []serve.DeploymentSpec
	for _, budget := range tokenBudgets() {
		for _, batch := range batchLimits() {
			for _, draft := range drafts(s) {
				d := s.Deployment
				d.Mode, d.Prefill, d.Decode = serve.Aggregated, nil, nil
				pool := serve.PoolSpec{Workers: d.Budget / shape.Accelerators, Shape: shape}
				pool.TokenBudget, pool.MaxBatchPerRank, pool.DraftTokens = budget, batch, draft
				d.Aggregated = &pool
				if pool.Workers > 0 {
					list = append(list, d)
				}
			}
		}
	}
	return list
}

// disaggregated pairs two shapes at several ratios. Workers wider than their
// share, or alone in a pool that leaves accelerators idle, are left out.
func disaggregated(s *configs.Scenario, prefill, decode step.Shape) []serve.DeploymentSpec {
	var list []serve.DeploymentSpec
	tried := map[int]bool{}
	total := s.Deployment.Budget
	for _, share := range decodeShares() {
		decoders := int(share*float64(total)/float64(decode.Accelerators) + half)
		if decoders < 1 || tried[decoders] {
			continue
		}
		tried[decoders] = true
		fillers := (total - decoders*decode.Accelerators) / prefill.Accelerators
		if fillers < 1 {
			continue
		}
		for _, batch := range batchLimits() {
			for _, draft := range drafts(s) {
				d := s.Deployment
				d.Mode, d.Aggregated = serve.Disaggregated, nil
				p := serve.PoolSpec{Workers: fillers, Shape: prefill}
				p.TokenBudget = tokenBudgets()[1]
				q := serve.PoolSpec{Workers: decoders, Shape: decode}
				q.MaxBatchPerRank, q.DraftTokens = batch, draft
				d.Prefill, d.Decode = &p, &q
				list = append(list, d)
			}
		}
	}
	return list
}

const half = 0.5

// drafts are the speculative depths worth trying: none, and two of those that
// the model's draft layer is known at.
func drafts(s *configs.Scenario) []int {
	if s.Model.MTP == nil || len(s.Model.Acceptance) == 0 {
		return []int{0}
	}
	const deep = 3
	return []int{0, min(deep, len(s.Model.Acceptance))}
}

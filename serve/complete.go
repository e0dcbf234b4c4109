package serve

import "agentsim/models/step"

// Completed is the deployment with what it leaves open taken from the engine's
// schedule.
func (d *DeploymentSpec) Completed(e *step.EngineSpec) DeploymentSpec {
	s := &e.Schedule
	out := *d
	if out.Batching == "" && !s.Mixes() {
		out.Batching = PrefillPriority
	}
	if out.Hold.Poll == 0 {
		out.Hold.Poll = s.Poll
	}
	if out.Cache.ReserveTokens == 0 {
		out.Cache.ReserveTokens = s.Admit.Reserve
	}
	for _, p := range []**PoolSpec{&out.Aggregated, &out.Prefill, &out.Decode} {
		if *p != nil {
			*p = (*p).completed(s, p != &out.Decode, p != &out.Prefill)
		}
	}
	return out
}

// completed is a pool with the limits of the schedule where it has none.
func (p *PoolSpec) completed(s *step.Schedule, prefills, decodes bool) *PoolSpec {
	out := *p
	shape := out.Shape.Normalised()
	ranks := 1
	if shape.PP > 0 && shape.TP > 0 {
		ranks = shape.Ranks()
	}
	budget, slots := s.Limits(ranks)
	if out.TokenBudget == 0 && prefills {
		out.TokenBudget = budget
	}
	if out.MaxBatchPerRank == 0 && decodes {
		out.MaxBatchPerRank = slots
	}
	if out.TwoBatchFrom == 0 && ranks > 1 && shape.EP > 1 {
		out.TwoBatchFrom = s.Split
	}
	return &out
}

// gathering is how the deployment's workers wait for more prompts: as its hold
// says, or else the engine's schedule.
func (d *DeploymentSpec) gathering(s *step.Schedule) step.Gathering {
	if d.Hold.Balance > 0 {
		return step.Gathering{AllRanks: true, Timeout: d.Hold.Balance}
	}
	return s.Gather
}

// Speculation is the pool's drafts; draft_tokens is the short form.
func (p *PoolSpec) Speculation() step.DraftSpec {
	if p.Draft != nil {
		return *p.Draft
	}
	return step.DraftSpec{Depth: p.DraftTokens}
}

// Depth is how many tokens the pool drafts a sequence and step.
func (p *PoolSpec) Depth() int {
	d := p.Speculation()
	if !d.Drafts() {
		return 0
	}
	return d.Depth
}

// SetDepth changes the depth of the pool's drafts and leaves the rest of them.
func (p *PoolSpec) SetDepth(depth int) {
	if p.Draft == nil {
		p.DraftTokens = depth
		return
	}
	d := *p.Draft
	d.Depth, d.ByBatch = depth, nil
	p.Draft = &d
}

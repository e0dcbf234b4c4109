package experiment

import (
	"fmt"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/hardware"
	"agentsim/models/moe"
	"agentsim/models/step"
)

// ExplainExperts says for each pool where its experts lie, how uneven the
// ranks are, what a token moves and what replicas cost, without simulating.
func ExplainExperts(s *configs.Scenario) (*metrics.ExpertsExplanation, error) {
	cfg, err := prepare(s)
	if err != nil {
		return nil, err
	}
	var tables []*moe.Table // one a pool, as the step models ask for them
	cfg.Tabulate = func(spec moe.Spec) (*moe.Table, error) {
		t, err := moe.Tabulate(spec)
		tables = append(tables, t)
		return t, err
	}
	if err := cfg.Prepare(); err != nil {
		return nil, err
	}
	e := &metrics.ExpertsExplanation{Scenario: s.Name, Pools: []metrics.ExpertPool{}}
	if s.Model.Experts == nil {
		return e, nil
	}
	for i, pool := range s.Deployment.Pools() {
		p, err := expertPool(cfg.Models()[i], tables[i])
		if err != nil {
			return nil, fmt.Errorf("deployment.%s: %w", pool.Name, err)
		}
		p.Pool = pool.Name
		e.Pools = append(e.Pools, *p)
	}
	return e, nil
}

func expertPool(m *step.Model, t *moe.Table) (*metrics.ExpertPool, error) {
	spec := t.Spec()
	layer, err := moe.SampleLayer(spec, 0)
	if err != nil {
		return nil, err
	}
	w := expertWeights(m)
	p := &metrics.ExpertPool{
		Popularity:   orElse(spec.Popularity.Kind, moe.Uniform),
		Placement:    orElse(spec.Placement.Kind, moe.Contiguous),
		Experts:      spec.Experts,
		TopK:         spec.TopK,
		Layers:       w.Layers,
		Ranks:        spec.Ranks,
		Domains:      spec.Domains,
		SlotsPerRank: t.SlotsPerRank(),
		Redundant:    spec.Placement.Redundant,
		Exchange:     exchange(m),
		RankLoad:     layer.RankLoad,
	}
	for _, tokens := range []float64{1, 16, 256, 4096, 65536} {
		l := t.At(tokens)
		p.Loads = append(p.Loads, metrics.ExpertLoad{Tokens: tokens, Distinct: l.Distinct, DistinctMax: l.DistinctMax,
			Straggler: l.Straggler})
	}
	if p.Exchange == allToAll {
		p.Traffic = expertTraffic(m, t)
	}
	shape := m.Config().Shape
	accelerators := float64(shape.Accelerators/shape.PP) / float64(spec.Ranks) // of one rank
	p.Memory = metrics.ExpertMemory{Bytes: t.HBMBytes(w) / accelerators, Redundant: t.RedundantBytes(w) / accelerators}
	link := m.Config().System.Accelerator.ScaleUp
	if spec.Domains > 1 {
		link = m.Config().System.Accelerator.ScaleOut
	}
	r := t.Rebalance(w, moe.MovedShare, float64(link)*accelerators)
	p.Rebalance = metrics.ExpertRebalance{MovedShare: moe.MovedShare, Slots: r.Slots, Bytes: r.Bytes, Seconds: r.Seconds}
	return p, nil
}

func orElse(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// expertWeights counts one expert as served, and the layers of the fullest
// pipeline stage that have some.
func expertWeights(m *step.Model) moe.ExpertWeights {
	cfg := m.Config()
	stages := cfg.Shape.PP
	w := moe.ExpertWeights{Layers: (cfg.LLM.ExpertLayers() + stages - 1) / stages,
		ExpertBytes: cfg.LLM.ExpertParams() * hardware.BytesPerWeight(cfg.Precision.Experts)}
	if cfg.Shape.DraftTokens > 0 && cfg.LLM.MTP.HasExperts() {
		w.Layers++
	}
	return w
}

// How tokens reach the experts of other ranks.
const (
	allToAll = "all-to-all" // a copy to every rank that serves a choice
	gather   = "gather"     // every rank gets all tokens, experts are split
	none     = "none"       // tensor-parallel attention left all accelerators all tokens
)

func exchange(m *step.Model) string {
	shape := m.Config().Shape
	switch {
	case shape.Ranks() == 1:
		return none
	case shape.EP == 1:
		return gather
	}
	return allToAll
}

func expertTraffic(m *step.Model, t *moe.Table) *metrics.ExpertTraffic {
	cfg := m.Config()
	remote, x := t.Remote(), cfg.Engine.Exchange
	way := func(bytesPerElement float64) metrics.ExpertTransfer {
		b := t.Traffic(1, float64(cfg.LLM.Hidden)*bytesPerElement)
		return metrics.ExpertTransfer{Inside: b.NVLink, Across: b.ScaleOut, InsideDedup: b.NVLinkDedup,
			AcrossDedup: b.ScaleOutDedup}
	}
	return &metrics.ExpertTraffic{
		RanksPerToken:   remote.RanksPerToken,
		DomainsPerToken: remote.DomainsPerToken,
		LocalShare:      remote.LocalShare,
		BusiestDomain:   remote.BusiestDomain,
		Deduplicate:     x.Deduplicate,
		Dispatch:        way(m.DispatchBytes()),
		Combine:         way(x.CombineBytes),
	}
}

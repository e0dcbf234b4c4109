package step

import (
	"maps"
	"math"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// routed books the routed experts of count layers with what moves tokens to
// them: nothing more where one attention rank has all tokens (the all-reduce
// sums), all-to-all between several with expert parallelism, gather and scatter
// without it.
func (m *Model) routed(l *ledger, count float64, t tally) {
	e := m.grouped(count, t)
	if m.shape.Ranks() > 1 {
		e.link = m.exchange(l, count, t, &e)
	}
	l.add(e)
}

// grouped is the compute of the routed experts of count layers.
func (m *Model) grouped(count float64, t tally) entry {
	w := m.expertWork(t.tokens)
	seconds := math.Inf(1)
	for _, kernel := range m.expertPaths {
		seconds = min(seconds, kernel.Seconds(w, m.accelerator))
	}
	flops, bytes := m.expert.Work(w)
	n := float64(m.shape.Accelerators)
	x := m.cfg.LLM.Experts
	mean := t.tokens * float64(x.TopK) / float64(m.shape.EP) / w.Rows // mean rank over busiest
	e := entry{operator: Experts, kind: m.expertPath, count: count, seconds: seconds,
		ideal:  flops / float64(m.accelerator.Peak(m.expert.Compute)),
		moving: bytes / float64(m.accelerator.HBM.Bandwidth),
		flops:  flops * n * mean, perFLOP: m.joulesExpert, bytes: bytes * n, busy: m.watts.experts}
	if watts := float64(m.expert.DynamicPower); watts > 0 { // drawn as long as the kernel runs, whatever it achieves
		e.bytes, e.busy, e.extra = 0, 0, watts*seconds*n
	}
	return e
}

// expertWork is one layer's load of the busiest expert-parallel rank.
func (m *Model) expertWork(tokens float64) hardware.ExpertWork {
	x := m.cfg.LLM.Experts
	load := m.experts.At(tokens)
	mean := tokens * float64(x.TopK) / float64(m.shape.EP)
	return hardware.ExpertWork{GroupTokens: tokens, Rows: mean * load.Straggler, Distinct: load.DistinctMax,
		Hidden: m.cfg.LLM.Hidden, Inner: x.Inner, Experts: x.Routed, TopK: x.TopK,
		TP: m.shape.Accelerators / m.shape.EP, EP: m.shape.EP}
}

// exchange books the traffic between attention ranks and expert ranks that
// the expert kernel does not contain, and hides part of it behind the experts
// as eq. (7) says. It returns the bytes a fused kernel moves itself.
func (m *Model) exchange(l *ledger, count float64, t tally, experts *entry) float64 {
	x := m.cfg.Engine.Exchange
	hidden := float64(m.cfg.LLM.Hidden)
	n := float64(m.shape.Accelerators)
	if m.shape.EP == 1 {
		ranks := float64(m.shape.Ranks())
		bytes := (ranks - 1) / ranks * t.tokens * hidden * elementBytes
		link := m.link(m.shape.Accelerators)
		seconds := m.cfg.Kernels.AllGather.Seconds(bytes, link)
		const both = 2 // gather before, scatter after
		l.add(entry{operator: Gather, count: both * count, seconds: seconds, moving: bytes / float64(link), link: bytes * n})
		return 0
	}
	dispatch, combine := m.directions(t)
	share := m.meanRank(t)
	if m.expert.Fused && m.domains == 1 {
		return (dispatch.bytes + combine.bytes) * n * share
	}
	visible := 1 - x.Overlap*min(1, experts.seconds/max(dispatch.seconds+combine.seconds, 1e-12))
	m.move(l, Dispatch, count, dispatch.shown(dispatch.seconds*visible), share)
	m.move(l, Combine, count, combine.shown(combine.seconds*visible), share)
	return 0
}

// directions are dispatch and combine of the busiest rank, in one layer.
func (m *Model) directions(t tally) (dispatch, combine traffic) {
	x := m.cfg.Engine.Exchange
	hidden := float64(m.cfg.LLM.Hidden)
	tokens := t.tokensMax / float64(m.shape.TP) // the accelerators of a rank share its tokens
	dispatch = m.allToAll(tokens, hidden*x.DispatchBytes, m.cfg.Kernels.Dispatch, m.cfg.Kernels.RemoteDispatch)
	combine = m.allToAll(tokens, hidden*x.CombineBytes, m.cfg.Kernels.Combine, m.cfg.Kernels.RemoteCombine)
	if x.InSitu > 0 {
		dispatch.seconds *= x.InSitu
		combine.seconds *= x.InSitu
	}
	return dispatch, combine
}

// meanRank is what the mean rank sends over what the busiest does.
func (m *Model) meanRank(t tally) float64 {
	return t.tokens / max(1, t.tokensMax*float64(m.shape.Ranks()))
}

// move books one direction of count exchanges.
func (m *Model) move(l *ledger, operator Operator, count float64, t traffic, share float64) {
	l.add(entry{operator: operator, count: count, seconds: t.seconds, moving: t.seconds,
		link: t.bytes * float64(m.shape.Accelerators) * share})
}

type traffic struct{ seconds, bytes float64 }

// shown is the traffic with only so many of its seconds not hidden.
func (t traffic) shown(seconds float64) traffic { return traffic{seconds, t.bytes} }

// allToAll is one direction of expert-parallel exchange for the busiest rank,
// modelling.md eq. (6) inside a domain and section 2.5 across domains.
func (m *Model) allToAll(tokens, tokenBytes float64, near, far hardware.Collective) traffic {
	k := float64(m.cfg.LLM.Experts.TopK)
	g := float64(m.shape.EP)
	if m.cfg.Engine.Exchange.PerRank {
		k = g * (1 - math.Pow(1-1/g, k)) // ranks that a token's experts lie on, evenly routed: eq. (9)
	}
	bytes := tokens * k * (1 - 1/g) * tokenBytes
	t := traffic{seconds: near.Seconds(bytes, m.accelerator.ScaleUp), bytes: bytes}
	if m.domains > 1 {
		remote := m.experts.Remote()
		copies := remote.CopiesPerToken
		if m.cfg.Engine.Exchange.Deduplicate {
			copies = remote.DomainsPerToken
		}
		crossing := tokens * copies * tokenBytes
		inside := max(0, bytes-tokens*remote.CopiesPerToken*tokenBytes) + crossing
		t.seconds = max(near.Seconds(inside, m.accelerator.ScaleUp), far.Seconds(crossing, m.accelerator.ScaleOut))
		t.bytes = inside + crossing
	}
	return t
}

func pathNames(paths map[string]hardware.ExpertKernel) string {
	return strings.Join(slices.Sorted(maps.Keys(paths)), ", ")
}

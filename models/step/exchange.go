package step

import (
	"agentsim/models/hardware"
	"agentsim/models/moe"
)

// exchange is the traffic between attention ranks and expert ranks.
type exchange struct {
	worker *worker
	table  *moe.Table
	fused  bool            // the expert kernel moves the tokens itself
	format hardware.Format // in which experts compute
}

// dispatchBytes are those of a hidden element on its way to an expert.
func (x exchange) dispatchBytes() float64 {
	e := x.worker.cfg.Engine.Exchange
	return e.DispatchedAs(x.format)
}

// book books the traffic between attention ranks and expert ranks that
// the expert kernel does not contain, and hides part of it behind the experts
// as eq. (7) says. It returns the bytes a fused kernel moves itself.
func (x exchange) book(l *ledger, count float64, t tally, experts *entry) float64 {
	w := x.worker
	hidden := float64(w.cfg.LLM.Experts.Width(w.cfg.LLM.Hidden))
	n := float64(w.shape.Accelerators)
	if w.shape.EP == 1 {
		ranks := float64(w.shape.Groups())
		bytes := (ranks - 1) / ranks * t.tokens * hidden * elementBytes
		link := w.link(w.shape.Accelerators)
		seconds := w.cfg.Kernels.AllGather.Seconds(bytes, link)
		const both = 2 // gather before, scatter after
		l.add(&entry{
			operator: Gather,
			count:    both * count,
			seconds:  seconds,
			moving:   bytes / float64(link),
			link:     bytes * n,
		})
		return 0
	}
	dispatch, combine := x.directions(t, l.prompts)
	share := t.meanRank(w)
	if x.fused {
		return (dispatch.bytes + combine.bytes) * n * share
	}
	visible := 1 - w.cfg.Engine.Exchange.Overlap*min(1, experts.seconds/max(dispatch.seconds+combine.seconds, 1e-12))
	x.move(l, Dispatch, count, dispatch.shown(dispatch.seconds*visible), share)
	x.move(l, Combine, count, combine.shown(combine.seconds*visible), share)
	return 0
}

// directions are dispatch and combine of the busiest rank, in one layer. Steps
// that hold prompts leave the domain in the mode for many tokens, if the engine
// and its kernels have one: what ranks wait for each other then shows beside its latency, not
// beside the milliseconds in which it fills the link.
func (x exchange) directions(t tally, prompts bool) (dispatch, combine traffic) {
	w := x.worker
	engine := w.cfg.Engine.Exchange
	hidden := float64(w.cfg.LLM.Experts.Width(w.cfg.LLM.Hidden))
	tokens := t.tokensMax / float64(w.shape.TP) // the accelerators of a rank share its tokens
	if k := &w.cfg.Kernels; prompts && engine.Bulk && w.domains > 1 && k.RemoteBulkDispatch.Efficiency > 0 {
		dispatch = x.bulk(tokens, hidden*x.dispatchBytes(), k.Dispatch, k.RemoteBulkDispatch)
		combine = x.bulk(tokens, hidden*engine.CombineBytes, k.Combine, k.RemoteBulkCombine)
		dispatch.constants, combine.constants = "remote_bulk_dispatch", "remote_bulk_combine"
		return dispatch, combine
	}
	dispatch = x.allToAll(tokens, hidden*x.dispatchBytes(), w.cfg.Kernels.Dispatch, w.cfg.Kernels.RemoteDispatch)
	combine = x.allToAll(tokens, hidden*engine.CombineBytes, w.cfg.Kernels.Combine, w.cfg.Kernels.RemoteCombine)
	dispatch.constants, combine.constants = "dispatch", "combine"
	if w.domains > 1 {
		dispatch.constants, combine.constants = "remote_dispatch", "remote_combine"
	}
	if engine.InSitu > 0 {
		dispatch.seconds *= engine.InSitu
		combine.seconds *= engine.InSitu
	}
	return dispatch, combine
}

// move books one direction of count exchanges.
func (x exchange) move(l *ledger, operator Operator, count float64, t traffic, share float64) {
	l.add(&entry{
		operator:  operator,
		count:     count,
		seconds:   t.seconds,
		moving:    t.seconds,
		link:      t.bytes * float64(x.worker.shape.Accelerators) * share,
		constants: t.constants,
		load:      hardware.Load{Bytes: t.paced},
	})
}

// traffic is one direction of an exchange of the busiest rank.
type traffic struct {
	seconds, bytes float64
	constants      string  // of the kernel that sets the pace
	paced          float64 // bytes that it moves
}

// shown is the traffic with only so many of its seconds not hidden.
func (t traffic) shown(seconds float64) traffic {
	t.seconds = seconds
	return t
}

// beyond is what shows of traffic beside so many seconds of compute.
func (t traffic) beyond(seconds float64) traffic { return t.shown(max(0, t.seconds-seconds)) }

// bulk is one direction between domains in the mode for many tokens. The link
// between domains sets the pace of the forwarding inside, which is no faster than
// the same exchange in one domain.
func (x exchange) bulk(tokens, tokenBytes float64, near, far hardware.Collective) traffic {
	w := x.worker
	remote := x.table.Remote()
	crossing := tokens * remote.DomainsPerToken * tokenBytes
	g, k := float64(w.shape.EP), float64(w.cfg.LLM.Experts.TopK)
	inside := tokens * g * hardware.SentShare(g, k) * (1 - 1/g) * tokenBytes
	seconds := far.Seconds(crossing, w.accelerator.ScaleOut)
	copies, in := k, max(1, w.cfg.Engine.Exchange.InSitu)
	if w.cfg.Engine.Exchange.PerRank {
		copies = g * hardware.SentShare(g, k)
	}
	seconds += (in - 1) * float64(far.Floor)
	seconds = max(seconds, in*near.Seconds(tokens*copies*(1-1/g)*tokenBytes, w.accelerator.ScaleUp))
	return traffic{seconds: seconds, bytes: inside + crossing, paced: crossing}
}

// allToAll is one direction of expert-parallel exchange for the busiest rank,
// modelling.md eq. (6) inside a domain and section 2.5 across domains.
func (x exchange) allToAll(tokens, tokenBytes float64, near, far hardware.Collective) traffic {
	w := x.worker
	k := float64(w.cfg.LLM.Experts.TopK)
	g := float64(w.shape.EP)
	if w.cfg.Engine.Exchange.PerRank {
		k = g * hardware.SentShare(g, k) // ranks that a token's experts lie on
	}
	bytes := tokens * k * (1 - 1/g) * tokenBytes
	t := traffic{seconds: near.Seconds(bytes, w.accelerator.ScaleUp), bytes: bytes, paced: bytes}
	if w.domains > 1 {
		remote := x.table.Remote()
		copies := remote.CopiesPerToken
		if w.cfg.Engine.Exchange.Deduplicate {
			copies = remote.DomainsPerToken
		}
		crossing := tokens * copies * tokenBytes
		inside := max(0, bytes-tokens*remote.CopiesPerToken*tokenBytes) + crossing
		t.seconds = max(near.Seconds(inside, w.accelerator.ScaleUp), far.Seconds(crossing, w.accelerator.ScaleOut))
		t.bytes, t.paced = inside+crossing, crossing
	}
	return t
}

package analytic

import (
	"math"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/step"
	"agentsim/serve"
)

// network is the closed network of one scenario.
type network struct {
	scenario   *configs.Scenario // all of it but the deployment, which is the field below
	deployment *serve.DeploymentSpec
	criteria   []metrics.Criterion
	estimator  *Estimator
	work       *workload
	caching    caching
	entry      pool // takes new calls
	finish     pool // decodes; the same pool as entry in an aggregated deployment
	mixed      bool // aggregated: entry and finish are the same pool
	tokens     tokens
	steps      float64 // mean decode steps of a call
	ingress    float64 // seconds
	transfer   step.Transfer

	entryMemory memory
	near        float64 // decoding sequences of a worker around which a solution is sought first; 0 = anywhere
	prices      *prices // of the entry pool, for the share of cache hits that was asked for last
	pricesLevel float64
}

// pool is a number of equal workers.
type pool struct {
	name    string
	spec    *serve.PoolSpec
	key     workerKey
	model   *step.Model
	workers float64
	ranks   float64 // attention ranks of a worker
	slots   float64 // sequences that a worker decodes at once, as batch limits and memory allow
	prices  *prices
}

// flow is a state of the network in which as much flows into every station as
// out of it.
type flow struct {
	agents    float64
	turns     float64 // per second, over the deployment
	sequences float64 // decoding per worker
	kept      float64 // share of calls that find the cache of their session

	prompts  []length // of the calls
	entry    filling
	ingress  float64 // seconds, with the wait for the front end
	transfer float64 // seconds
	slot     delay   // until a place in the decode batch is free
	decode   float64 // seconds of a call
	pace     pace
	busy     float64 // share of time that decode workers compute
	watts    float64 // of one decode worker, on top of idle and active power
	before   delay   // time to first token, less the prefill of the call's own prompt
}

// at solves the network for a number of agents. False means that prefill
// cannot keep up with any number of decoding sequences that would hold them.
func (n *network) at(agents float64) (flow, bool) {
	prices := n.pricesFor(n.level(agents))
	missing := func(b float64) float64 {
		f, ok := n.flowing(prices, b)
		if !ok {
			return math.Inf(-1)
		}
		return agents - f.agents
	}
	low, high := 0.0, n.finish.slots
	if n.near > 0 {
		const beside = 1 / 64.0
		margin := n.near * (beside + 2/agents)
		if l, h := max(0, n.near-margin), min(high, n.near+margin); missing(l) >= 0 && (h == high || missing(h) < 0) {
			low, high = l, h
		}
	}
	b := root(low, high, coarse, missing)
	f, ok := n.flowing(prices, b)
	n.queue(&f, agents)
	f.kept = n.kept(agents)
	return f, ok
}

// flowing is the state of the network in which a given number of sequences decodes per worker.
func (n *network) flowing(t *prices, sequences float64) (flow, bool) {
	f := flow{sequences: sequences, prompts: t.prompts.lengths}
	all := sequences * n.finish.workers
	ok := true
	if n.mixed {
		f.turns, f.entry, ok = n.besideDecode(t, sequences)
		f.pace.step, f.pace.jolts = f.entry.step, f.entry.jolts
		f.busy, f.watts = f.entry.busy, f.entry.watts
	} else {
		p := n.finish.prices.at(max(1, sequences), 0)
		f.pace.step = p.seconds
		f.busy = 1 - math.Exp(-sequences)
		f.watts = p.joules / p.seconds * f.busy
		f.turns = all / (n.steps * p.seconds)
		f.entry, ok = t.alone(load{calls: f.turns / n.entry.workers})
		f.transfer = n.transferSeconds(f.entry.fill)
		f.slot = delay{f.busy * p.seconds / 2, p.seconds * p.seconds / 12} // the end of the step under way
	}
	f.decode = n.steps * f.pace.step
	host := &n.scenario.Engine.Host
	f.ingress = n.ingress + host.WaitSeconds(f.turns, n.work.mean.input, n.meanOutput(), int(n.entry.workers))
	if !ok || math.IsInf(f.ingress, 1) {
		return f, false
	}
	elsewhere := n.work.mean.gap + f.ingress + f.entry.wait.mean + f.entry.fill + f.transfer + f.slot.mean + f.decode
	backlog, ok := t.backlog(load{calls: f.turns / n.entry.workers, sequences: sequences}, elsewhere)
	f.entry.wait = f.entry.wait.plus(backlog)
	f.settle(n)
	return f, ok
}

// meanOutput is the mean answer in tokens.
func (n *network) meanOutput() float64 {
	sum := 0.0
	for _, o := range n.work.outputs {
		sum += o.share * o.tokens
	}
	return sum
}

// besideDecode finds the rate of calls at which so many sequences decode
// beside the prefill that the rate brings.
func (n *network) besideDecode(t *prices, sequences float64) (float64, filling, bool) {
	l := load{sequences: sequences, priority: n.deployment.Batching == serve.PrefillPriority}
	all := sequences * n.finish.workers
	mix := func(turns float64) (mixture, bool) {
		l.calls = turns / n.entry.workers
		return t.mix(l)
	}
	most := all / (n.steps * t.at(max(1, sequences), 0).seconds)
	turns := root(0, most, coarse, func(turns float64) float64 {
		m, ok := mix(turns)
		if !ok {
			return math.Inf(-1)
		}
		return all - turns*n.steps*m.step()
	})
	m, ok := mix(turns)
	if !ok {
		return turns, filling{}, false
	}
	return turns, t.beside(&m), true
}

// settle works out what follows from the stations' delays.
func (f *flow) settle(n *network) {
	f.pace.tokens, f.pace.outputs = n.tokens, n.work.outputs
	f.pace.minOutput = float64(n.scenario.SLO.MinOutput())
	f.before = f.entry.wait.plus(f.slot)
	f.before.mean += f.ingress + f.transfer
	decoding := f.sequences * n.finish.workers
	f.agents = f.turns*(n.work.mean.gap+f.before.mean+f.entry.fill) + decoding
	f.pace.slow = n.unrest(f)
}

// unrest is the relative deviation of the step time that comes from the number
// of sequences: of the agents each decodes or not, independently.
func (n *network) unrest(f *flow) float64 {
	decoding := f.sequences * n.finish.workers
	if f.agents <= 0 || f.sequences < 1 || n.mixed {
		return 0
	}
	deviation := math.Sqrt(max(0, 1-decoding/f.agents) * f.sequences)
	most := float64(n.finish.spec.MaxBatchPerRank) * n.finish.ranks
	return (n.finish.prices.at(min(f.sequences+deviation, most), 0).seconds - f.pace.step) / f.pace.step
}

// queue finds a place for the agents that no station holds: they wait for what
// is full, a decode slot or prefill. Their waiting time varies because the
// number of agents in tool gaps and elsewhere varies.
func (n *network) queue(f *flow, agents float64) {
	if f.agents >= agents || f.turns <= 0 {
		return
	}
	elsewhere := f.agents - f.sequences*n.finish.workers
	more := delay{(agents - f.agents) / f.turns, elsewhere / (f.turns * f.turns)}
	if f.sequences >= n.finish.slots*(1-coarse) {
		f.slot = f.slot.plus(more)
	} else {
		f.entry.wait = f.entry.wait.plus(more)
	}
	f.settle(n)
}

// ttftBelow is the share of calls whose first token comes within a limit.
func (f *flow) ttftBelow(limit float64) float64 {
	met := 0.0
	for i := range f.prompts {
		if own := f.entry.own.seconds(&f.prompts[i]); own < limit {
			met += f.prompts[i].share * f.before.below(limit-own)
		}
	}
	return met
}

// ttft is the time to first token that a share of the calls does not exceed.
func (f *flow) ttft(share float64) float64 {
	high := f.before.mean + f.entry.fill + tiny
	for f.ttftBelow(high) < share {
		high *= 2
	}
	return root(0, high, coarse, func(limit float64) float64 { return share - f.ttftBelow(limit) })
}

// transferSeconds is the part of a cache transfer that prefill does not hide.
func (n *network) transferSeconds(prefill float64) float64 {
	return n.transfer.Seconds(n.transfer.Bytes(int(n.work.mean.input), 0), prefill)
}

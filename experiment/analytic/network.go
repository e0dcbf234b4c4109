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
	perSequence float64 // agents for each of them, about; 0 = not known
	nearChunks  float64 // the same of chunks in a step of the entry pool
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
	queued   delay   // of the slot delay, what calls wait because none is free
	decode   float64 // seconds of a call
	pace     pace
	busy     float64 // share of time that decode workers compute
	watts    float64 // of one decode worker, on top of idle and active power
	fixed    float64 // seconds before the first token that all calls spend alike
	idle     float64 // share of calls that wait for nothing
	wait     delay   // of all, but for the prefill of the call's own prompt
	before   delay   // fixed and wait together, of all calls
	line     delay   // wait of the calls for a place in the batch, where their rank is given
	free     float64 // share of calls that find one
}

// at solves the network for a number of agents. False means that prefill
// cannot keep up with any number of decoding sequences that would hold them.
func (n *network) at(agents float64) (flow, bool) {
	prices := n.pricesFor(n.level(agents))
	var f flow
	ok := false
	missing := func(b float64) float64 {
		one, can := n.flowing(prices, b)
		if !can {
			return math.Inf(-1)
		}
		if one.agents <= agents {
			f, ok = one, true
		}
		return agents - one.agents
	}
	b := rootNear(likely{n.near, 2 / max(agents, 64)}, 0, n.finish.slots, coarse, missing)
	if !ok || f.sequences != b {
		f, ok = n.flowing(prices, b)
	}
	n.queue(&f, agents)
	f.kept = n.kept(agents)
	return f, ok
}

// flowing is the state of the network in which a given number of sequences
// decodes per worker. What an agent meets is what the others do (the arrival
// theorem of closed networks): how many they are is guessed, from the state that was
// solved last or from the flow itself, then known.
func (n *network) flowing(t *prices, sequences float64) (flow, bool) {
	guess := sequences * n.perSequence
	f, ok := n.among(t, sequences, guess)
	ranks := n.entry.workers * n.entry.ranks
	switch {
	case !ok, guess == 0 && f.agents > crowd*ranks:
		return f, ok
	case guess == 0 || math.Abs(others(f.agents/ranks)-others(guess/ranks)) > coarse:
		f, ok = n.among(t, sequences, f.agents)
	}
	if ok && sequences > 0 {
		n.perSequence = f.agents / sequences
	}
	return f, ok
}

// crowd is a number of agents of a rank in which one more or less is nothing.
const crowd = 200

// among is flowing among so many agents; 0 = a guess of them.
func (n *network) among(t *prices, sequences, agents float64) (flow, bool) {
	f := flow{sequences: sequences, prompts: t.prompts.lengths}
	all := sequences * n.finish.workers
	ok := true
	var l load
	if n.mixed {
		f.turns, l, f.entry, ok = n.besideDecode(t, sequences, agents)
		f.pace.step, f.pace.plain, f.pace.jolts = f.entry.step, f.entry.plain, f.entry.jolts
		f.busy, f.watts = f.entry.busy, f.entry.watts
	} else {
		l = load{agents: max(all, agents) / n.finish.workers}
		p := n.finish.prices.at(min(n.finish.slots, 1+sequences*others(max(all, agents))), 0)
		f.pace.step, f.pace.plain = p.seconds, p.seconds
		f.busy = l.some(sequences)
		f.watts = p.joules / p.seconds * f.busy
		f.turns = all / (n.steps * p.seconds)
		l = n.asked(t, f.turns, sequences, agents)
		f.entry, ok = t.alone(l, n.nearChunks)
		f.transfer = n.transferSeconds(f.entry.fill)
		f.slot = delay{f.busy * p.seconds / 2, p.seconds * p.seconds / 12} // the end of the step under way
	}
	n.nearChunks = f.entry.chunks
	f.decode = n.steps * f.pace.step
	host := &n.scenario.Engine.Host
	f.ingress = n.ingress + host.WaitSeconds(f.turns, n.work.mean.input, n.meanOutput(), n.deployment.Accelerators())
	if !ok || math.IsInf(f.ingress, 1) {
		return f, false
	}
	elsewhere := n.work.mean.gap + f.ingress + f.entry.wait.mean + f.entry.fill + f.transfer + f.slot.mean + f.decode
	backlog, ok := t.backlog(l, &f.entry.own, elsewhere)
	f.entry.wait = f.entry.wait.plus(backlog)
	if n.mixed {
		f.standInLine(n, l)
	}
	f.settle(n)
	return f, ok
}

// others is the share of the agents that one of them meets.
func others(agents float64) float64 { return max(0, agents-1) / max(agents, 1) }

// asked is what is asked of a worker of the entry pool at so many turns a
// second; without a number of agents they are those in tools, prefill and decode.
func (n *network) asked(t *prices, turns, sequences, agents float64) load {
	if agents == 0 {
		step := t.at(0, 1).seconds
		agents = turns*(n.work.mean.gap+n.ingress+t.prompts.perCall*step) + sequences*n.finish.workers
	}
	each := agents / n.entry.workers
	return load{
		calls:     turns / n.entry.workers,
		sequences: sequences,
		agents:    each,
		peers:     others(each),
		rankPeers: others(each / n.entry.ranks),
	}
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
func (n *network) besideDecode(t *prices, sequences, agents float64) (turns float64, l load, f filling, ok bool) {
	all := sequences * n.finish.workers
	guesses := 1
	if turns = all / (n.steps * t.at(1+sequences, 0).seconds); agents == 0 {
		guesses = 2 // of the agents, by the turns: what one meets depends on them a little
	}
	var m mixture
	for range guesses {
		l = n.asked(t, turns, sequences, agents)
		l.priority = n.deployment.Batching == serve.PrefillPriority
		if m, ok = t.mix(l, n.steps, n.nearChunks); !ok {
			return 0, l, filling{}, false
		}
		turns = m.calls * n.entry.workers
	}
	return turns, m.load, t.beside(&m), true
}

// settle works out what follows from the stations' delays.
func (f *flow) settle(n *network) {
	f.pace.tokens, f.pace.outputs = n.tokens, n.work.outputs
	f.pace.minOutput = float64(n.scenario.SLO.MinOutput())
	f.fixed = f.ingress + f.transfer
	f.idle = f.entry.idle
	all := f.entry.wait
	if n.mixed {
		all, f.idle = all.plus(f.line), f.idle*f.free
	} else {
		// All calls wait for the end of a decode step.
		f.fixed += f.slot.mean - f.queued.mean
		all.mean += f.queued.mean
		all.variance += f.slot.variance
		if f.queued.mean > 0 {
			f.idle = 0
		}
	}
	f.wait = all
	f.before = delay{f.fixed + all.mean, all.variance}
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
	switch {
	case n.mixed || f.sequences < n.finish.slots*(1-coarse):
		f.entry.wait, f.entry.idle = f.entry.wait.plus(more), 0
	default:
		f.slot, f.queued = f.slot.plus(more), f.queued.plus(more)
	}
	f.settle(n)
}

// ttftBelow is the share of calls whose first token comes within a limit.
func (f *flow) ttftBelow(limit float64) float64 {
	none := f.idle * f.entry.own.none
	shares := smooth(len(f.prompts), func(i int) float64 {
		added, alone := f.entry.own.beside(&f.prompts[i])
		spare := limit - f.fixed - alone
		if !(spare > 0) {
			return 0
		}
		return none + (1-none)*f.wait.plus(added).positive(none).below(spare)
	})
	met := 0.0
	for i := range f.prompts {
		met += f.prompts[i].share * shares[i]
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

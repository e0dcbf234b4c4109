package analytic

import "math"

// filling is the state of the prefill station at a given rate of calls.
type filling struct {
	wait delay   // from the arrival of a call to the step that takes up its prompt
	own  owned   // time of the steps that compute the call's prompt, by its length
	fill float64 // the same, mean over calls, in seconds
	busy float64 // share of time that the worker computes

	step  float64 // mean seconds between the steps of a decoding sequence; 0 = the pool does not decode
	jolts float64 // variance that prefill adds to the decode time of a call, per second of decoding
	watts float64 // of the whole worker, on top of idle and active power
}

// owned says how long the steps that compute a prompt take.
type owned struct {
	whole    float64 // seconds of a step that the prompt fills
	least    float64 // seconds of the last step of a prompt, extrapolated to no tokens
	first    float64 // the same, extrapolated from the seconds of a mean chunk
	perToken float64
}

// seconds is the prefill time of a class of prompts.
func (o *owned) seconds(c *length) float64 {
	if c.rest == 0 {
		return c.full * o.whole
	}
	return c.full*o.whole + max(o.least, o.first+o.perToken*c.rest)
}

// load is what a worker is asked to do.
type load struct {
	calls     float64 // per second
	sequences float64 // that decode in the same worker; 0 in a prefill pool
	priority  bool    // prompts go before the decode batch, not along with it
}

// alone is prefill in workers that do nothing else. A step takes the chunks
// that arrived during the step before it; an idle worker begins a step when the
// next call arrives. The number n of chunks per step follows from the balance of flows:
// done(n) = x + exp(-x), where x = rate·seconds(n) arrive during a step. False
// means that workers cannot keep up.
func (t *prices) alone(l load) (filling, bool) {
	rate := l.calls * t.prompts.perCall
	behind := func(n float64) float64 {
		p := t.at(0, n)
		x := rate * p.seconds
		return x + math.Exp(-x) - p.done
	}
	n := root(1, t.chunks.most(), fine, behind)
	p := t.at(0, n)
	if n == t.chunks.most() && rate*p.seconds > p.done {
		return filling{}, false
	}
	idle := math.Exp(-rate*p.seconds) / max(rate, tiny)
	busy := p.seconds / (p.seconds + idle)
	s := t.steps(rate, n, p)
	f := filling{busy: busy, watts: p.joules / (p.seconds + idle)}
	f.wait = s.residual(busy)
	t.fill(&f, 0, 1+rate*busy*s.second/s.mean)
	return f, true
}

// mixture describes the steps of a worker that both prefills and decodes. A
// share of its steps carries chunks of prompts; the others only decode.
type mixture struct {
	load
	with            float64 // sequences that decode in a step that carries chunks
	share           float64
	chunks          float64 // mean chunks of a step that carries any
	carrying, plain price
	steps           moments // of the length of all steps
}

// mix finds the mixture: chunks ride along with the decode batch, or go before
// it where prompts have priority. The share of steps that carry any follows
// from the chance that nothing arrives during a step of either sort, and is
// what the flow demands once steps are full. False means that workers cannot
// keep up.
func (t *prices) mix(l load) (mixture, bool) {
	rate := l.calls * t.prompts.perCall
	m := mixture{load: l, with: l.sequences, plain: t.at(max(1, l.sequences), 0)}
	if l.priority {
		m.with = 0
	}
	none := math.Exp(-rate * m.plain.seconds)
	carrying := func(n float64) (p price, share float64) {
		p = t.at(m.with, n)
		return p, (1 - none) / (1 - none + math.Exp(-rate*p.seconds))
	}
	m.chunks = root(1, t.chunks.most(), fine, func(n float64) float64 {
		p, share := carrying(n)
		return rate*(share*p.seconds+(1-share)*m.plain.seconds) - p.done*share
	})
	m.carrying, m.share = carrying(m.chunks)
	if m.chunks == t.chunks.most() {
		spare := m.carrying.done - rate*m.carrying.seconds
		if spare < 0 {
			return m, false
		}
		m.share = rate * m.plain.seconds / (spare + rate*m.plain.seconds)
	}
	m.steps = t.steps(rate, m.chunks, m.carrying).among(m.share, m.plain.seconds)
	return m, true
}

// step is the mean time between the steps of a decoding sequence, which stands
// still during steps for prompts that have priority.
func (m *mixture) step() float64 {
	if m.priority {
		return m.steps.mean / (1 - m.share)
	}
	return m.steps.mean
}

// beside is prefill in workers that also decode.
func (t *prices) beside(m *mixture) filling {
	decoding := 1 - math.Exp(-m.sequences) // share of the time that any sequence decodes
	rest := (1 - m.share) * decoding
	f := filling{step: m.step(),
		busy:  (m.share*m.carrying.seconds + rest*m.plain.seconds) / m.steps.mean,
		watts: (m.share*m.carrying.joules + rest*m.plain.joules) / m.steps.mean}
	f.wait = m.steps.residual(f.busy)
	t.fill(&f, m.with, 1+m.calls*t.prompts.perCall*m.steps.second/m.steps.mean)
	f.jolt(m.load, 1-m.plain.seconds/m.steps.mean, t.prompts.lengths)
	return f
}

// jolt works out by how much prompts make the decode times of calls differ.
// Each prompt holds all decoding sequences up for its own prefill time. As
// prompts may share steps, these times are scaled so that together they take
// the given share of the time.
func (f *filling) jolt(l load, share float64, prompts []length) {
	if l.calls == 0 {
		return
	}
	scale := share / (l.calls * f.fill)
	for i := range prompts {
		own := scale * f.own.seconds(&prompts[i])
		f.jolts += l.calls * prompts[i].share * own * own
	}
}

// moments are the first three moments of the length of a step.
type moments struct{ mean, second, third float64 }

// steps gives the moments of the length of steps that carry n chunks on average
// when chunks come at a given rate. The length varies with the size of the
// chunks and with their number, which depends on the length of the step before.
func (t *prices) steps(rate, n float64, p price) moments {
	// The feedback of a long step on the next one diverges at 1: beyond this,
	// queues grow instead of steps.
	const steepest = 0.9
	perChunk := t.at(0, n+1).seconds - t.at(0, n).seconds
	feedback := min(rate*perChunk, steepest)
	variance := (p.variance + perChunk*perChunk*rate*p.seconds) / (1 - feedback*feedback)
	return moments{p.seconds, p.seconds*p.seconds + variance,
		p.seconds*p.seconds*p.seconds + 3*p.seconds*variance + p.skew}
}

// among mixes the steps, a share of all, with others of constant length.
func (m moments) among(share, plain float64) moments {
	rest := 1 - share
	return moments{share*m.mean + rest*plain, share*m.second + rest*plain*plain, share*m.third + rest*plain*plain*plain}
}

// residual is how long a step under way lasts when a call comes, with the
// chance that there is one.
func (m moments) residual(busy float64) delay {
	mean := busy * m.second / (2 * m.mean)
	return delay{mean, max(0, busy*m.third/(3*m.mean)-mean*mean)}
}

// fill adds the steps that take a call's prompt when a step has so many chunks
// with its own.
func (t *prices) fill(f *filling, sequences, chunks float64) {
	k := t.prompts
	seen, others := t.at(sequences, chunks), t.at(sequences, chunks-1)
	f.own = owned{least: others.seconds, first: seen.seconds - seen.perToken*k.chunk(), perToken: seen.perToken}
	f.own.whole = max(f.own.least, f.own.first+f.own.perToken*k.room)
	for i := range k.lengths {
		f.fill += k.lengths[i].share * f.own.seconds(&k.lengths[i])
	}
	f.wait.variance += seen.variance
}

// backlog is the wait for prompts of earlier calls that did not fit in a step.
// The work that waits on a rank is taken to diffuse: it grows with the work of
// calls and shrinks as the rank takes a step's room of tokens in the time of a
// full step, and since a session waits in one place at a time, every second of
// work that waits here holds back arrivals by its share of the cycle that a
// call spends elsewhere. That makes it normally distributed, cut off at zero.
// With a long cycle its mean is that of Pollaczek and Khinchine. False means
// that the ranks cannot keep up.
func (t *prices) backlog(l load, cycle float64) (delay, bool) {
	k := t.prompts
	perToken := t.at(l.sequences, t.chunks.most()).seconds / k.room
	calls := l.calls / float64(t.ranks)
	idle := 1 - calls*perToken*k.fresh
	if idle <= 0 {
		return delay{}, false
	}
	if calls == 0 {
		return delay{}, true
	}
	deviation := math.Sqrt(calls * perToken * perToken * k.fresh2 * cycle / 2)
	hazard := cycle * idle / deviation
	z := standardMean(hazard)
	return delay{deviation * (z + hazard), deviation * deviation * max(0, 1-hazard*(z+hazard))}, true
}

// standardMean is the mean z of a normal variable of unit deviation that
// rises by the given amount when values below zero are cut off: φ(z)/Φ(z).
func standardMean(rise float64) float64 {
	const far = 30 // deviations: beyond, φ(z)/Φ(z) is -z - 1/z
	if rise > far {
		return -rise + 1/rise
	}
	return root(-far, far, fine, func(z float64) float64 {
		return math.Exp(-z*z/2)/math.Sqrt(2*math.Pi) - rise*normalBelow(z)
	})
}

package analytic

import (
	"cmp"
	"math"

	"agentsim/portable"
)

// filling is the state of the prefill station at a given rate of calls.
type filling struct {
	wait delay   // from the arrival of a call to the step that takes up its prompt
	idle float64 // share of calls that find the worker idle, and do not wait
	own  owned   // time of the steps that compute the call's prompt, by its length
	fill float64 // the same, mean over calls, in seconds
	busy float64 // share of time that the worker computes

	step  float64 // mean seconds between the steps of a decoding sequence; 0 = the pool does not decode
	plain float64 // the same without the prompts of others
	jolts float64 // variance that prefill adds to the decode time of a call, per second of decoding
	watts float64 // of the whole worker, on top of idle and active power

	chunks float64 // mean chunks of a step that carries any
}

// owned says how long the steps that compute a prompt take.
type owned struct {
	tokens   [ownPoints]float64 // lengths of a prompt's last chunk
	seconds  [ownPoints]float64 // of the step that computes it, beside the chunks of other calls
	alone    [ownPoints]float64 // of a step without them
	full     float64            // of a step that the prompt fills
	variance float64            // of the seconds that they add to the step of the shortest prompt
	shared   float64            // covariance of these seconds with those waited before, and back
	none     float64            // share of steps that have none
}

// takes is the prefill time of a class of prompts.
func (o *owned) takes(c *length) float64 { return c.full*o.full + o.last(&o.seconds, c) }

// beside is what the chunks of others add to it, and the time without them.
func (o *owned) beside(c *length) (added delay, alone float64) {
	alone = c.full*o.alone[ownPoints-1] + o.last(&o.alone, c)
	added.mean = max(0, o.takes(c)-alone)
	if most := o.seconds[0] - o.alone[0]; most > 0 {
		share := added.mean / most
		added.variance = share * (o.variance*share + o.shared)
	}
	return added, alone
}

// last is how long the step takes that ends a prompt of a class.
func (o *owned) last(seconds *[ownPoints]float64, c *length) float64 {
	if c.rest == 0 {
		return 0
	}
	const longest = ownPoints - 1
	for i := 1; ; i++ {
		if c.rest <= o.tokens[i] || i == longest {
			share := min(1, max(0, c.rest-o.tokens[i-1])/max(o.tokens[i]-o.tokens[i-1], tiny))
			return seconds[i-1] + share*(seconds[i]-seconds[i-1])
		}
	}
}

// load is what a worker is asked to do.
type load struct {
	calls     float64 // per second
	sequences float64 // that decode in the same worker; 0 in a prefill pool
	priority  bool    // prompts go before the decode batch, not along with it
	agents    float64 // of the worker
	peers     float64 // of what agents do, the share that one of them meets: that of the others (arrival theorem)
	rankPeers float64 // the same on its attention rank
}

// alone is prefill in workers that do nothing else. A step takes the chunks
// that arrived during the step before it; an idle worker begins a step when the
// next call arrives. The number n of chunks per step follows from the balance of
// flows: done(n) = x + nothing, where x = rate·seconds(n) arrive during a step, and
// nothing is the chance that none does; it is sought around one that is likely. False
// means that workers cannot keep up.
func (t *prices) alone(l load, about float64) (filling, bool) {
	rate := l.calls * t.prompts.perCall
	row := t.row(0)
	behind := func(n float64) float64 {
		p := row.at(n)
		return rate*p.seconds + t.steps(rate, n, p).nothing(rate) - p.done
	}
	n := rootNear(near(max(cmp.Or(about, rate*row.at(1).seconds), 1)), 1, t.chunks.most(), fine, behind)
	p := row.at(n)
	if n == t.chunks.most() && rate*p.seconds > p.done {
		return filling{}, false
	}
	s := t.steps(rate, n, p)
	idle := s.nothing(rate) / max(rate, tiny)
	busy := p.seconds / (p.seconds + idle)
	f := filling{busy: busy, watts: p.joules / (p.seconds + idle), chunks: n}
	f.wait, f.idle = s.residual(l.peers*busy), 1-l.peers*busy
	others := l.peers * rate * busy * s.second / s.mean
	if math.IsNaN(others) {
		return filling{}, false // no steps to speak of
	}
	t.fill(&f, 0, others)
	t.sway(&f, l.peers*busy, l.peers*rate, s, point{0, n})
	return f, true
}

// some is the share of the time that at least one agent of the worker is where
// so many of them are on average.
func (l *load) some(mean float64) float64 {
	if mean >= l.agents {
		return 1
	}
	return 1 - portable.Pow(1-mean/l.agents, l.agents)
}

// mixture describes the steps of a worker that both prefills and decodes. A
// share of its steps carries chunks of prompts; the others only decode.
type mixture struct {
	load
	with            float64 // sequences that decode in a step that carries chunks
	share           float64
	chunks          float64 // mean chunks of a step that carries any
	rate            float64 // of the chunks of others, per second
	carrying, plain price
	steps           moments // of the length of all steps
}

// mix finds the mixture: chunks ride along with the decode batch, or go before
// it where prompts have priority. A call brings its chunks and then takes its decode
// steps, so that with so many sequences it is known how many chunks come from one
// decode step to the next, whatever steps take, and that many a step must carry.
// The share of steps that carry any follows from that, and also from the chance
// that nothing arrives during a step of either sort; the two are the same at the
// number of chunks that is sought, around one that is likely. Once steps are full the
// flow alone decides. False means that workers cannot keep up.
func (t *prices) mix(l load, steps, about float64) (mixture, bool) {
	seen := 1 + l.peers*l.sequences
	m := mixture{load: l, with: seen, plain: t.at(seen, 0)}
	if l.priority {
		m.with = 0
	}
	row := t.row(m.with)
	coming := l.peers * l.sequences / steps * t.prompts.perCall
	m.chunks = rootNear(near(max(cmp.Or(about, coming), 1)), 1, t.chunks.most(), fine, func(n float64) float64 {
		m.carry(t, row, n, coming)
		return m.share - m.chance(t)
	})
	m.carry(t, row, m.chunks, coming)
	switch {
	case m.chunks == 1: // chunks come one at a time: chance decides
		m.share = root(min(m.share, 1), 1, fine, func(share float64) float64 {
			m.share = share
			m.rate = m.arriving(coming)
			return m.chance(t) - share
		})
		m.rate = m.arriving(coming)
	case m.share > 1:
		return m, false
	}
	m.calls = m.sequences / (steps * m.step())
	m.steps = t.steps(m.rate, m.chunks, m.carrying).among(m.share, m.plain.seconds)
	return m, true
}

// carry makes the steps that carry chunks carry n of them on average, and takes
// their share from the flow: so many come from one decode step to the next.
func (m *mixture) carry(t *prices, row row, n, coming float64) {
	m.chunks, m.carrying = n, row.at(n)
	if m.share = coming / m.carrying.done; m.priority {
		m.share = coming / (m.carrying.done + coming)
	}
	m.rate = m.arriving(coming)
}

// arriving is the rate at which chunks come.
func (m *mixture) arriving(coming float64) float64 { return coming / m.step() }

// chance is the share of steps that carry chunks, as they come at random.
func (m *mixture) chance(t *prices) float64 {
	some := 1 - portable.Exp(-m.rate*m.plain.seconds)
	return some / (some + t.steps(m.rate, m.chunks, m.carrying).nothing(m.rate))
}

// step is the mean time between the steps of a decoding sequence, which stands
// still during steps for prompts that have priority.
func (m *mixture) step() float64 {
	mean := m.share*m.carrying.seconds + (1-m.share)*m.plain.seconds
	if m.priority {
		return mean / (1 - m.share)
	}
	return mean
}

// beside is prefill in workers that also decode.
func (t *prices) beside(m *mixture) filling {
	decoding := m.some(m.sequences) // share of the time that any sequence decodes
	rest := (1 - m.share) * decoding
	f := filling{step: m.step(), plain: m.plain.seconds, chunks: m.chunks,
		busy:  (m.share*m.carrying.seconds + rest*m.plain.seconds) / m.steps.mean,
		watts: (m.share*m.carrying.joules + rest*m.plain.joules) / m.steps.mean}
	f.wait, f.idle = m.steps.residual(m.peers*f.busy), 1-m.peers*f.busy
	t.fill(&f, max(0, m.with-1), m.peers*m.calls*t.prompts.perCall*m.steps.second/m.steps.mean)
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
		own := scale * f.own.takes(&prompts[i])
		f.jolts += l.peers * l.calls * prompts[i].share * own * own
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
	variance := p.variance / (1 - feedback*feedback)
	return moments{p.seconds, p.seconds*p.seconds + variance,
		p.seconds*p.seconds*p.seconds + 3*p.seconds*variance + p.skew}
}

// nothing is the chance that no chunk comes during a step, at a rate: steps
// differ, as a gamma distribution does, and many a short one ends before
// anything has come.
func (m moments) nothing(rate float64) float64 {
	scale := m.second/m.mean - m.mean // variance over mean
	if scale < fine*m.mean {
		return portable.Exp(-rate * m.mean)
	}
	return portable.Pow(1+rate*scale, -m.mean/scale)
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
// beside its own.
func (t *prices) fill(f *filling, sequences, others float64) {
	for i := range f.own.tokens {
		f.own.tokens[i] = t.ownTokens(i)
	}
	f.own.seconds, f.own.alone = t.own(sequences, others), t.own(sequences, 0)
	f.own.full = f.own.seconds[ownPoints-1]
	for i := range f.own.seconds {
		f.own.seconds[i] += t.spills(f.own.tokens[i], others) * f.own.seconds[i]
	}
	f.own.variance, f.own.none = t.at(sequences, others).variance, portable.Exp(-others)
	for i := range t.prompts.lengths {
		c := &t.prompts.lengths[i]
		f.fill += c.share * f.own.takes(c)
	}
}

// sway accounts for what a long step does twice: who comes during it waits
// longer, and has more company in the next one.
func (t *prices) sway(f *filling, busy, rate float64, s moments, at point) {
	perSecond := rate * (t.at(at.x, at.y+1).seconds - t.at(at.x, at.y).seconds)
	met := s.second / s.mean // the length of a step that an arrival meets
	spread := max(0, s.third/s.mean-met*met)
	f.own.variance += busy * perSecond * perSecond * spread
	f.own.shared = busy * perSecond * spread // twice the covariance: half of the step is waited for
}

// backlog is the wait for prompts of earlier calls that did not fit in a step.
// The work that waits on a rank is taken to diffuse: it grows with the work of
// calls and shrinks as the rank takes a step's room of tokens in the time of a
// full step, and since a session waits in one place at a time, every second of
// work that waits here holds back arrivals by its share of the cycle that a
// call spends elsewhere. That makes it normally distributed, cut off at zero.
// With a long cycle its mean is that of Pollaczek and Khinchine, of what goes
// beyond the step under way: of prompts longer than a step, and, as often as
// the rank is busy, of prompts that find its step full. False means that the
// ranks cannot keep up.
func (t *prices) backlog(l load, own *owned, cycle float64) (delay, bool) {
	k := t.prompts
	calls := l.calls / float64(t.ranks)
	if calls*t.at(l.sequences, t.chunks.most()).seconds/k.room*k.fresh >= 1 {
		return delay{}, false
	}
	perToken := own.full / k.room
	calls *= l.rankPeers
	busy := min(calls*perToken*k.fresh, 1-fine)
	if calls == 0 {
		return delay{}, true
	}
	second := k.excess2 + busy*(k.fresh2-k.excess2)
	deviation := math.Sqrt(calls * perToken * perToken * second * cycle / 2)
	hazard := cycle * (1 - busy) / deviation
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
		return portable.Exp(-z*z/2)/math.Sqrt(2*math.Pi) - rise*normalBelow(z)
	})
}

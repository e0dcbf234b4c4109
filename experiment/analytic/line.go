package analytic

import "math"

// standInLine works out how calls wait for a place in the batch of their rank
// in an aggregated worker: a session's calls go to one rank, which may be full
// while others have room.
func (f *flow) standInLine(n *network, l load) {
	slots := n.finish.slots / n.finish.ranks
	calls := l.calls / n.entry.ranks
	served := f.decode + f.entry.fill // a prompt that is computed has its place already
	busy := min(calls*served, slots*(1-coarse))
	away := n.work.mean.gap + n.ingress + f.entry.wait.mean
	f.free = 1
	if calls == 0 || busy+calls*away <= slots {
		return
	}
	q := line{slots: slots, served: served, away: away}
	q.agents = root(busy, agentsMax, coarse, func(agents float64) float64 {
		q.agents = agents
		return busy - q.busy()
	})
	f.line, f.free = q.wait()
}

// line is a closed queue: agents are away for a time, then want one of a number
// of slots for a time, first come first served. Times are taken to be
// exponential (the repairman's model); agents need not be a whole number.
type line struct{ agents, slots, served, away float64 }

// states calls back with how many agents are at the slots or in line for them,
// and how likely that is, up to a common factor.
func (q *line) states(agents float64, each func(at, likely float64)) {
	// Beyond the likeliest state terms fall off for good; the sum is scaled on
	// the way so that it neither over- nor underflows.
	const negligible, huge = 1e-12, 1e200
	likely, most := 1.0, 0.0
	for at := 0.0; ; at++ {
		each(at, likely)
		most = max(most, likely)
		next := likely * max(0, agents-at) / q.away * q.served / min(at+1, q.slots)
		if next <= likely && next < negligible*most {
			return
		}
		if likely = next; likely > huge {
			return
		}
	}
}

// busy is the mean number of slots in use.
func (q *line) busy() float64 {
	sum, busy := 0.0, 0.0
	q.states(q.agents, func(at, likely float64) {
		sum += likely
		busy += likely * min(at, q.slots)
	})
	return busy / sum
}

// wait is the time in line, over all calls, and the share that has none. A call
// meets what the other agents do.
func (q *line) wait() (w delay, free float64) {
	sum, first, second := 0.0, 0.0, 0.0
	each := q.served / q.slots
	q.states(max(0, q.agents-1), func(at, likely float64) {
		sum += likely
		if ahead := at - q.slots + 1; ahead > 0 {
			first += likely * ahead * each
			second += likely * ahead * (ahead + 1) * each * each
		} else {
			free += likely
		}
	})
	mean := first / sum
	return delay{mean, math.Max(0, second/sum-mean*mean)}, free / sum
}

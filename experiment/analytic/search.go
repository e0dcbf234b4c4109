package analytic

import (
	"fmt"
	"math"
	"strings"

	"agentsim/metrics"
)

// agentsMax bounds the search: no deployment in sight holds more.
const agentsMax = 1 << 20

// capacity is the largest number of agents that meets the service level, about so
// many if that is known, the state they are in, and the condition that one more
// would fail.
func (n *network) capacity(about float64) (f flow, agents int, limit string, err error) {
	low, high := 0, 0 // the most agents known to pass, the fewest above them known to fail; 0 = none
	var failing flow
	var failed *metrics.Condition
	for at, step := max(1, n.guess(about)), 1; low == 0 || high == 0; step *= 2 { // from a near miss outwards
		one, condition := n.meets(at)
		if condition == nil {
			f, low, at = one, at, at+step
		} else {
			failing, failed, high = one, condition, at
			if at == 1 {
				return one, 0, "", one.infeasible(condition)
			}
			at = max(1, at-step)
		}
		if low > agentsMax {
			return f, 0, "", fmt.Errorf("%d agents still meet the service level: is it one?", low)
		}
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		if one, condition := n.meets(middle); condition == nil {
			f, low = one, middle
		} else {
			failing, failed, high = one, condition, middle
		}
	}
	return f, low, failed.Name + ": " + failing.cause(failed.Name), nil
}

// guess is the answer but for rounding. Where so large a share of calls finds
// its cache, the state of the network follows from the number of decoding
// sequences alone, and so does the most agents that this share can hold; the
// answer is as many as the share that they themselves leave can hold.
//
// The more agents, the fewer calls find their cache and the fewer agents that
// leaves, so that the least level whose agents leave it or a lower one lies between
// any level and the one that its agents leave.
func (n *network) guess(about float64) int {
	const slope = -2 // of the level that agents leave over theirs, until two are known
	low, high := 0, levels
	at := levels
	if about > 0 {
		at = int(math.Round(levels * n.kept(about)))
	}
	var before point
	for {
		agents := n.holding(float64(at) / levels)
		leaves := levels * n.kept(agents)
		to := int(math.Round(leaves))
		switch {
		case to == at, to > at && low >= high: // the latter only where a share of hits holds several numbers
			return int(agents)
		case to < at:
			low, high = max(low, to), min(high, at)
		default:
			low, high = max(low, at+1), min(high, to)
		}
		if low >= high && at == high { // as many as leave this level are fewer than it holds
			most := root(1, agents, coarse, func(agents float64) float64 {
				return levels*n.kept(agents) - (float64(at) - 0.5) // from there on levels are rounded up
			})
			n.near *= most / agents
			return int(most)
		}
		here, fall := point{float64(at), leaves - float64(at)}, slope-1.
		if before != (point{}) && here.x != before.x {
			fall = min((here.y-before.y)/(here.x-before.x), -1)
		}
		before = here
		at = min(max(int(math.Round(here.x-here.y/fall)), low), high)
		if float64(at) == here.x && low < high {
			at = low + (high-low)/2
		}
	}
}

// holding is the most agents that meet the service level when a share of the
// calls finds its cache.
func (n *network) holding(level float64) float64 {
	prices := n.pricesFor(level)
	var f flow
	b := rootNear(near(n.near), 0, n.finish.slots, rough, func(b float64) float64 {
		one, ok := n.flowing(prices, b)
		margin := n.margin(&one, ok)
		if margin >= 0 {
			f = one
		}
		return margin
	})
	n.near = b
	if f.sequences != b {
		f, _ = n.flowing(prices, b)
	}
	if b < n.finish.slots {
		return f.agents
	}
	return rootNear(near(f.agents), f.agents, agentsMax, rough, func(agents float64) float64 {
		queued := f
		n.queue(&queued, agents)
		return n.margin(&queued, true)
	})
}

// margin is the share of calls that meet the tightest condition, less the share
// that it asks for; negative where the service level is not met.
func (n *network) margin(f *flow, ok bool) float64 {
	if !ok {
		return math.Inf(-1)
	}
	least := 1.0
	for _, c := range n.criteria {
		least = min(least, f.met(c)-c.Share)
	}
	return least
}

// met is the share of calls that meet a criterion.
func (f *flow) met(c metrics.Criterion) float64 {
	switch c.Measure {
	case metrics.OutputSpeed:
		return f.pace.met(c.Target)
	case metrics.E2ESpeed:
		return f.wholeMet(c.Target)
	}
	return f.ttftBelow(c.Target)
}

// wholeMet is the share of calls that give so many tokens a second from the
// request on. Time to first token varies by itself; the sum is taken to be
// normally distributed.
func (f *flow) wholeMet(speed float64) float64 {
	first := delay{f.before.mean + f.entry.fill, f.before.variance}
	for i := range f.prompts {
		off := f.entry.own.takes(&f.prompts[i]) - f.entry.fill
		first.variance += f.prompts[i].share * off * off
	}
	return f.pace.metAfter(first, 0, speed)
}

func (f *flow) infeasible(failed *metrics.Condition) error {
	return fmt.Errorf("%w: one agent already fails the service level: %s asks for %.0f %% of calls at %g, got %.1f %%",
		metrics.ErrInfeasible, failed.Name, 100*failed.Share, failed.Target, 100*failed.Met)
}

// meets solves the network and returns the condition that fails by most, if
// any does.
func (n *network) meets(agents int) (flow, *metrics.Condition) {
	f, ok := n.at(float64(agents))
	if !ok {
		return f, &metrics.Condition{Name: "prefill", Share: 1, Target: math.Inf(1)}
	}
	return f, n.failed(&f)
}

func (n *network) failed(f *flow) *metrics.Condition {
	var worst *metrics.Condition
	for _, c := range n.criteria {
		held := metrics.Condition{Target: c.Target, Share: c.Share, Met: f.met(c)}
		if held.Margin() < 0 && (worst == nil || held.Margin() < worst.Margin()) {
			held.Name = fmt.Sprintf("%s.p%g", c.Measure, c.Percent)
			worst = &held
		}
	}
	return worst
}

// cause names the part of a call that stands in the way, in the words of the
// simulation.
func (f *flow) cause(condition string) string {
	if !strings.HasPrefix(condition, string(metrics.TTFT)) {
		return "decode steps"
	}
	switch {
	case f.slot.mean+f.transfer > max(f.entry.wait.mean, f.entry.fill):
		return "transfer and waiting for a decode slot"
	case f.entry.wait.mean > f.entry.fill:
		return "waiting for prefill"
	}
	return "prefill"
}

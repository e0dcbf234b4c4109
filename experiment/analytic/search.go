package analytic

import (
	"fmt"
	"math"
	"strings"

	"agentsim/metrics"
)

// agentsMax bounds the search: no deployment in sight holds more.
const agentsMax = 1 << 20

const percent = 100

// capacity is the largest number of agents that meets the service level, and
// the condition that one more would fail.
func (n *network) capacity() (agents int, limit string, err error) {
	one, failed := n.meets(1)
	if failed != nil {
		return 0, "", one.infeasible(failed)
	}
	agents = n.guess()
	if _, failed = n.meets(agents); failed != nil {
		agents = 1
	}
	above := agents + 1
	for {
		if _, failed = n.meets(above); failed != nil {
			break
		}
		if agents = above; agents > agentsMax {
			return 0, "", fmt.Errorf("%d agents still meet the service level: is it one?", agents)
		}
		above *= 2
	}
	for above-agents > 1 {
		mid := agents + (above-agents)/2
		if _, failed = n.meets(mid); failed == nil {
			agents = mid
		} else {
			above = mid
		}
	}
	f, failed := n.meets(agents + 1)
	return agents, failed.Name + ": " + f.cause(failed.Name), nil
}

// guess is where the search begins: the answer, if all sessions find their
// caches. Then the state of the network follows from the number of decoding
// sequences alone, and the search is over that.
func (n *network) guess() int {
	prices := n.pricesFor(1)
	holds := func(f *flow, ok bool) bool { return ok && n.failed(f) == nil }
	b := bisect(0, n.finish.slots, coarse, func(b float64) bool {
		f, ok := n.flowing(prices, b)
		return holds(&f, ok)
	})
	f, _ := n.flowing(prices, b)
	if b < n.finish.slots {
		return max(1, int(f.agents))
	}
	return int(bisect(f.agents, agentsMax, coarse, func(agents float64) bool {
		queued := f
		n.queue(&queued, agents)
		return holds(&queued, true)
	}))
}

func (f *flow) infeasible(failed *metrics.Condition) error {
	return fmt.Errorf("%w: one agent already fails the service level: %s asks for %.0f %% of calls at %g, got %.1f %%",
		metrics.ErrInfeasible, failed.Name, percent*failed.Share, failed.Target, percent*failed.Met)
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
	for _, c := range n.scenario.SLO.Criteria() {
		met := 0.0
		if c.Measure == metrics.OutputSpeed {
			met = f.pace.met(c.Target)
		} else {
			met = f.ttftBelow(c.Target)
		}
		held := metrics.Condition{Name: fmt.Sprintf("%s.p%g", c.Measure, c.Percent), Target: c.Target, Share: c.Share,
			Met: met}
		if held.Margin() < 0 && (worst == nil || held.Margin() < worst.Margin()) {
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

package analytic

import (
	"math"

	"agentsim/metrics"
	"agentsim/serve"
)

// ExhaustiveCapacity finds the capacity by asking at one number of agents
// after another, each solved by bisection: the oracle of Capacity.
func (e *Estimator) ExhaustiveCapacity(d *serve.DeploymentSpec) (agents int, err error) {
	n, err := e.network(d)
	if err != nil {
		return 0, err
	}
	if f, failed := n.bisected(1); failed != nil {
		return 0, f.infeasible(failed)
	}
	low, high := 1, 2
	for {
		if _, failed := n.bisected(high); failed != nil {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		mid := low + (high-low)/2
		if _, failed := n.bisected(mid); failed == nil {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

func (n *network) bisected(agents int) (flow, *metrics.Condition) {
	prices := n.pricesFor(n.level(float64(agents)))
	b := bisect(0, n.finish.slots, coarse, func(b float64) bool {
		f, ok := n.flowing(prices, b)
		return ok && f.agents <= float64(agents)
	})
	f, ok := n.flowing(prices, b)
	n.queue(&f, float64(agents))
	if !ok {
		return f, &metrics.Condition{Name: "prefill", Share: 1, Target: math.Inf(1)}
	}
	return f, n.failed(&f)
}

// bisect is the oracle of root.
func bisect(low, high, tolerance float64, holds func(x float64) bool) float64 {
	if holds(high) {
		return high
	}
	for range 1000 {
		if high-low <= tolerance*max(math.Abs(high), math.Abs(low)) {
			break
		}
		mid := low + (high-low)/2
		if holds(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// Root and Bisect are for the test of the one against the other.
func Root(low, high, tolerance float64, f func(x float64) float64) float64 {
	return root(low, high, tolerance, f)
}

// Bisect is the oracle of Root.
func Bisect(low, high, tolerance float64, holds func(x float64) bool) float64 {
	return bisect(low, high, tolerance, holds)
}

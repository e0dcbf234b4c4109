package plan

import (
	"fmt"
	"math"

	"agentsim/fault"
	"agentsim/metrics"
)

// Class is a share of all agents, with what a unit holds of them.
type Class struct {
	Name  string // of its scenario
	Share float64
	Unit  *Unit
}

// CheckShares reports shares that cannot be.
func CheckShares(classes []Class) error {
	sum := 0.
	for _, c := range classes {
		if !(c.Share > 0 && c.Share <= 1) {
			return fault.New("share of "+c.Name, "%g: want a share of all agents above 0, up to 1", c.Share)
		}
		sum += c.Share
	}
	const rounding = 1e-6
	if math.Abs(sum-1) > rounding {
		return fault.New("shares", "sum to %g: want 1 in all", sum)
	}
	return nil
}

// Mix is a fleet of one system whose units are divided among classes of agents
// so that they are served in their shares: the most agents that a budget holds.
// Spare units stand in for any of them.
func Mix(classes []Class, b Budget, spares Spares) (*metrics.PlanOption, error) {
	system := classes[0].Unit.System
	best := b.divide(classes, 1, spares)
	if best == nil {
		return nil, fmt.Errorf("%w: it holds no unit of %s for each of %d classes", errBudget, system,
			len(classes))
	}
	low, high := 1., 2.
	const most = 1 << 30 // agents
	for high < most && b.divide(classes, high, spares) != nil {
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := math.Floor((low + high) / 2)
		if b.divide(classes, middle, spares) != nil {
			low = middle
		} else {
			high = middle
		}
	}
	best = b.divide(classes, low, spares)
	o := &metrics.PlanOption{
		System:       system,
		Limit:        "units of whole systems",
		ShareBelow:   shareBelow(best.all, best.serving, spares),
		Units:        best.all,
		SpareUnits:   best.all - best.serving,
		Accelerators: best.all * classes[0].Unit.accelerators,
		MW:           best.mw,
		Headroom:     b.left(best.mw, best.hour, best.all),
	}
	held := metrics.Quantiles{P10: math.Inf(1), P50: math.Inf(1), P90: math.Inf(1)}
	o.Estimate = math.Inf(1)
	for i, c := range classes {
		n := float64(best.units[i])
		part := metrics.PlanClass{
			Scenario:   c.Name,
			Share:      c.Share,
			Units:      best.units[i],
			Agents:     times(c.Unit.agents, n),
			Engine:     c.Unit.Engine,
			Deployment: c.Unit.Deployment,
			Limit:      c.Unit.Limit,
			MW:         n * watts(&c.Unit.PlanUnit, b.Boundary),
		}
		o.Classes = append(o.Classes, part)
		held.P10 = min(held.P10, part.Agents.P10/c.Share)
		held.P50 = min(held.P50, part.Agents.P50/c.Share)
		held.P90 = min(held.P90, part.Agents.P90/c.Share)
		o.Estimate = min(o.Estimate, n*c.Unit.Agents/c.Share)
	}
	o.Agents = held
	return o, nil
}

// division is the units that a number of agents needs.
type division struct {
	units        []int // by class
	serving, all int
	mw, hour     float64
}

// divide gives a number of agents their units; nil where the budget holds fewer.
func (b Budget) divide(classes []Class, agents float64, spares Spares) *division {
	d := &division{}
	dearest := &classes[0].Unit.PlanUnit
	for _, c := range classes {
		n := int(math.Ceil(agents * c.Share / c.Unit.agents.P50))
		if n < 1 || !(c.Unit.agents.P50 > 0) {
			return nil
		}
		d.units = append(d.units, n)
		d.serving += n
		d.mw += float64(n) * watts(&c.Unit.PlanUnit, b.Boundary)
		d.hour += float64(n) * c.Unit.Hour
		if watts(&c.Unit.PlanUnit, b.Boundary) > watts(dearest, b.Boundary) {
			dearest = &c.Unit.PlanUnit
		}
	}
	d.all = d.serving
	const most = 1 << 20
	for serving(d.all, spares) < d.serving {
		if d.all++; d.all > 2*d.serving+most/d.serving {
			return nil
		}
	}
	extra := float64(d.all - d.serving)
	d.mw += extra * watts(dearest, b.Boundary)
	d.hour += extra * dearest.Hour
	if b.MW > 0 && d.mw > b.MW || b.Money > 0 && d.hour > b.Money || b.Units > 0 && d.all > b.Units {
		return nil
	}
	return d
}

package deploy

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/portable"
	"agentsim/serve"
)

// known is what public runs say of the scenario's predictions.
type known struct {
	runs   *configs.Runs
	levels []float64 // standard deviation between engines, generations, models, accelerators
	steps  configs.StackError
	engine string
	model  string
	chip   string
}

// newKnown is what public runs say of a scenario's predictions, by an account of
// how far those are off; nil = the one that ships.
func newKnown(s *configs.Scenario, accuracy *configs.Accuracy) (*known, error) {
	runs, err := configs.PublicRuns()
	if err != nil {
		return nil, err
	}
	if accuracy == nil {
		if accuracy, err = configs.PublicAccuracy(); err != nil {
			return nil, err
		}
	}
	const quantity = "any" + configs.Decode
	stack := s.Stack()
	k := &known{
		runs:   runs,
		engine: stack.Engine,
		model:  configs.ModelFamily(stack.Model),
		chip:   stack.Accelerator.Served(),
	}
	k.steps, _ = accuracy.Of(quantity, stack)
	for i := range accuracy.Quantities {
		if q := &accuracy.Quantities[i]; q.Of == quantity {
			k.levels = q.Levels
		}
	}
	return k, nil
}

// lower is the efficiency of kernels, over that of the presets, that three in
// four such predictions exceed: by the errors of the stack, and by how far a
// deployment is from public runs, which the two add up to in squares.
func (k *known) lower(n *metrics.Nearest) float64 {
	p25 := distuv.UnitNormal.Quantile(0.25)
	p90 := distuv.UnitNormal.Quantile(0.9) // a spread is half of the way from P10 to P90
	return portable.Exp(k.steps.Centre + p25*math.Hypot(k.steps.Spread/p90, n.Spread))
}

// nearest is the public run that is nearest to a deployment, of the pool that is
// farthest from any. Batch is how many sequences a rank decodes on average.
func (k *known) nearest(d *serve.DeploymentSpec, batch float64) *metrics.Nearest {
	pools := d.Pools()
	farthest := &metrics.Nearest{Published: true}
	for i, p := range pools {
		decodes := batch
		if p.Name == prefill {
			decodes = 0
		}
		n := k.worker(p.Spec, decodes)
		published := farthest.Published && n.Published
		if i == 0 || n.Spread > farthest.Spread {
			farthest = n
		}
		farthest.Published = published
	}
	return farthest
}

// worker is the run nearest to a worker; batch 0 is that of one that decodes
// nothing.
func (k *known) worker(p *serve.PoolSpec, batch float64) *metrics.Nearest {
	shape := p.Shape.Normalised()
	best, least, published := &metrics.Nearest{}, math.Inf(1), false
	for i := range k.runs.Workers {
		w := &k.runs.Workers[i]
		if len(w.Batch) == 0 && batch > 0 {
			continue
		}
		n := &metrics.Nearest{Width: math.Abs(portable.Log2(float64(shape.Accelerators) / float64(w.Accelerators)))}
		same := configs.SpreadStyle(shape.Spread(), shape.Accelerators) == configs.SpreadStyle(w.Spread, w.Accelerators)
		published = published || same && w.Accelerators == shape.Accelerators
		spread := k.runs.Spread
		n.Spread = spread.Width * spread.Width * n.Width
		if batch > 0 {
			n.Batch, n.Slots = beyond(batch, w.Batch), beyond(float64(shape.MaxBatchPerRank), w.Batch)
			n.Spread += spread.Batch * spread.Batch * n.Batch
		}
		if !same {
			n.Spread += spread.Kind * spread.Kind
		}
		other, variance := k.other(w)
		if variance += n.Spread; variance < least {
			n.Spread = math.Sqrt(n.Spread)
			n.Level = strings.Join(other, ", ")
			n.Run = fmt.Sprintf("%s %s %s %d %s", w.Engine, w.Model, w.Accelerator, w.Accelerators, w.Spread)
			best, least = n, variance
		}
	}
	best.Published = published
	return best
}

// other is what of its stack a run does not share, and the variance between such
// stacks.
func (k *known) other(w *configs.RunWorker) (levels []string, variance float64) {
	for _, l := range []struct {
		name, here, there string
		levels            []int // of configs.StackLevels
	}{
		{"engine", k.engine, w.Engine, []int{0}},
		{"model", k.model, w.Model, []int{2}},
		{"accelerator", k.chip, w.Accelerator, []int{1, 3}}, // with its generation
	} {
		if l.here == l.there {
			continue
		}
		levels = append(levels, l.name)
		for _, at := range l.levels {
			if at < len(k.levels) {
				variance += k.levels[at] * k.levels[at]
			}
		}
	}
	return levels, variance
}

// beyond is how many doublings a value lies outside of a range.
func beyond(value float64, within []int) float64 {
	low, high := float64(within[0]), float64(within[1])
	switch {
	case !(value > 0), value >= low && value <= high:
		return 0
	case value < low:
		return portable.Log2(low / max(1, value))
	}
	return portable.Log2(value / high)
}

// Toward returns a finder that looks for something else and shares all else.
func (f *Finder) Toward(aim metrics.Aim) (*Finder, error) {
	if err := aim.Validate(); err != nil {
		return nil, err
	}
	price := &f.scenario.Price
	if aim.Objective == metrics.AgentsForCost && price.AcceleratorHour == 0 && price.ElectricityKWh == 0 {
		return nil, fmt.Errorf("%w: objective %s: the scenario has no prices: want price.accelerator_hour or "+
			"price.electricity_kwh", metrics.ErrConfiguration, metrics.AgentsForCost)
	}
	g := *f
	if aim.Objective == "" {
		aim.Objective = metrics.PerMWDrawn
	}
	g.aim = aim
	return &g, nil
}

// value is what a deployment is worth to the objective, with so many agents.
func (f *Finder) value(d *serve.DeploymentSpec, agents int, within *metrics.PerMW) float64 {
	n := float64(agents)
	switch f.aim.Objective {
	case metrics.PerMWAtWall:
		return within.IT
	case metrics.PerMWFacility:
		return within.Facility
	case metrics.AgentsInAll:
		return n
	case metrics.AgentsForCost:
		const kilo = 1e3
		price := &f.scenario.Price
		facility := n / within.Facility * kilo // kW
		return n / (price.AcceleratorHour*float64(d.Accelerators()) + price.ElectricityKWh*facility)
	}
	return within.AcceleratorMeasured
}

// worth sets what a candidate is worth by the best that is known.
func (f *Finder) worth(r *Ranked) {
	d := &r.Deployment
	switch {
	case r.Simulated != nil:
		r.Value = f.value(d, r.Simulated.Capacity.Agents, &r.Simulated.Capacity.PerMW)
	case r.Rehearsed != nil:
		r.Value = f.value(d, r.Rehearsed.Capacity.Agents, &r.Rehearsed.Capacity.PerMW)
	default:
		r.Value = f.value(d, r.Estimate.Agents, &r.Estimate.Within)
	}
	if r.Nearest == nil {
		r.Nearest = f.known.nearest(d, r.Estimate.Decodes)
		r.low = f.known.lower(r.Nearest) // until its flows are known: agents go with the speed of steps
	}
	r.P25 = r.Value * r.low
}

// lower lets mean flows say how many of a candidate's agents the lower
// efficiency leaves. Watts stay as predicted: that slower steps draw less is no
// gain.
func (f *Finder) lower(r *Ranked) {
	s := *f.scenario
	s.Kernels.Efficiency *= f.known.lower(r.Nearest)
	at, err := f.solver.For(&s).EstimateNear(&r.Deployment, r.Estimate)
	if r.low = 0; err == nil && r.Estimate.Agents > 0 { // an error: it serves nobody then
		r.low = float64(at.Agents) / float64(r.Estimate.Agents)
	}
	r.P25 = r.Value * r.low
}

// score is what candidates are ranked by.
func (r *Ranked) score(aim metrics.Aim) float64 {
	if aim.Optimistic {
		return r.Value
	}
	return r.P25
}

package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
)

// Choose ranks all deployments, rehearses and then simulates the best of them
// that differ in more than a limit, with those that the scenario writes down, and
// returns the ranking with the winner first.
func Choose(ctx context.Context, s *configs.Scenario, o experiment.Options) (*Ranking, error) {
	f, err := NewFinder(s, o.Accuracy)
	if err != nil {
		return nil, err
	}
	if f, err = f.Toward(o.Aim); err != nil {
		return nil, err
	}
	return f.Choose(ctx, o)
}

// Choose is the function of the same name. Finalists are told apart by the protocol
// with the fewest calls; who comes first is searched by the scenario's own, until the
// first is one that was.
func (f *Finder) Choose(ctx context.Context, o experiment.Options) (*Ranking, error) {
	ranking, err := f.Rehearsed(ctx)
	if err != nil {
		return nil, err
	}
	by, err := f.screening()
	if err != nil {
		return nil, err
	}
	const most = 2 // by either order
	finalists := ranking.picks(func(list []Ranked) []int { return contenders(list, most) })
	for _, i := range finalists {
		if err := f.simulate(ctx, &ranking.List[i], by, o); err != nil {
			return nil, err
		}
	}
	for {
		ranking.sort()
		switch first := &ranking.List[0]; {
		case first.Simulated == nil:
			return nil, fmt.Errorf("%w: none of the %d best deployments passes in the simulator", metrics.ErrInfeasible,
				len(finalists))
		case first.Protocol == "":
			return ranking, nil
		default:
			if err := f.simulate(ctx, first, &f.scenario.Protocol, o); err != nil {
				return nil, err
			}
		}
	}
}

// screening is the protocol by which finalists are told apart: the scenario's own
// where no other finds the same with fewer calls.
func (f *Finder) screening() (*configs.Protocol, error) {
	own, arrivals := &f.scenario.Protocol, f.scenario.Workload.Arrivals
	if own.Start == configs.FreshStart || arrivals != "" && arrivals != trace.ArrivalsClosed {
		return own, nil
	}
	steady, _, err := configs.LoadPreset[configs.Protocol](configs.Presets(), "protocols", configs.SteadyState, nil)
	if err != nil {
		return nil, err
	}
	if own.DurationMax <= steady.DurationMax {
		return own, nil
	}
	paced := own.Paced(steady)
	return &paced, nil
}

// simulate lets a protocol say what a ranked deployment holds. What does not pass is
// as if nobody had tried.
func (f *Finder) simulate(ctx context.Context, r *Ranked, by *configs.Protocol, o experiment.Options) error {
	result, err := r.search(ctx, f.scenario, by, o)
	if err != nil && !errors.Is(err, metrics.ErrInfeasible) {
		return err
	}
	r.Simulated, r.Protocol = result, ""
	if by != &f.scenario.Protocol {
		r.Protocol = by.Name
	}
	f.worth(r)
	return nil
}

// search is that of the capacity, by a protocol, from half of the estimate on.
func (r *Ranked) search(ctx context.Context, of *configs.Scenario, by *configs.Protocol, o experiment.Options,
) (*metrics.Result, error) {
	s := *of
	s.Deployment, s.Protocol = r.Deployment, *by
	about := r.Estimate.Agents
	if r.Rehearsed != nil {
		about = r.Rehearsed.Capacity.Agents
	}
	s.Protocol.StartAgents = max(1, about/2)
	o.Near = float64(about)
	return experiment.Capacity(ctx, &s, o)
}

// contenders picks the best candidates of at most so many different shapes:
// those that differ from a better one by a limit or a depth alone are passed
// over. What the scenario writes down is always among them.
func contenders(ranked []Ranked, most int) []int {
	return distinct(ranked, most, Shape)
}

// explored picks the best candidates of so many kinds, which err in different
// ways: what mean flows say too much of one they say of all of a kind. The best of
// each of the broadest kinds comes first: together or apart, pipelines or none.
// What the scenario writes down is always among them.
func explored(ranked []Ranked, most int) []int {
	picked := distinct(ranked, most, broad)
	for _, i := range distinct(ranked, most, kind) {
		if len(picked) < most && !slices.ContainsFunc(picked, func(j int) bool {
			return kind(&ranked[i].Deployment) == kind(&ranked[j].Deployment)
		}) {
			picked = append(picked, i)
		}
	}
	return picked
}

// distinct picks the first candidates of which a name tells at most so many apart.
func distinct(ranked []Ranked, most int, name func(*serve.DeploymentSpec) string) []int {
	var picked []int
	seen := map[string]bool{}
	for i := range ranked {
		key := name(&ranked[i].Deployment)
		if ranked[i].Written || len(picked) < most && !seen[key] {
			seen[key] = true
			picked = append(picked, i)
		}
	}
	return picked
}

// broad is whether a deployment's pools are apart, and whether any worker is a
// pipeline.
func broad(d *serve.DeploymentSpec) string {
	for _, p := range d.Pools() {
		if p.Spec.Shape.Normalised().PP > 1 {
			return d.Mode + " pp"
		}
	}
	return d.Mode
}

// kind is what decides where a deployment's time goes: together or apart, and of
// the workers of each pool their width, whether they are pipelines, and how
// attention is spread. How experts are spread, ratios, limits and depths are
// details of a kind.
func kind(d *serve.DeploymentSpec) string {
	text := d.Mode
	for _, p := range d.Pools() {
		shape := p.Spec.Shape.Normalised()
		text += fmt.Sprintf(" + %d", shape.Accelerators)
		switch {
		case !shape.DPAttention:
			text += " tp"
		case shape.TP > 1:
			text += " dp tp"
		default:
			text += " dp"
		}
		if shape.PP > 1 {
			text += " pp"
		}
	}
	return text
}

// variants are the next best candidates of the kind of the best that were not
// rehearsed, each of another shape than those that were.
func variants(ranked []Ranked, most int) []int {
	of := &ranked[0].Deployment
	seen := map[string]bool{}
	for i := range ranked {
		if ranked[i].known() > 0 {
			seen[Shape(&ranked[i].Deployment)] = true
		}
	}
	var picked []int
	for i := range ranked {
		d := &ranked[i].Deployment
		if shape := Shape(d); len(picked) < most && kind(d) == kind(of) && !seen[shape] {
			seen[shape] = true
			picked = append(picked, i)
		}
	}
	return picked
}

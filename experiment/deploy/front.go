package deploy

import (
	"context"
	"errors"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/units"
)

// Speeds are the output speeds of a front, in tok/s: those of the benchmark's
// tiers and what lies between and beyond.
func Speeds() []float64 { return []float64{10, 15, 20, 30, 40, 60, 80, 100, 125, 150, 200} }

// Front estimates agents per megawatt at one output speed after another: with
// the deployment of the scenario as it is, or with the best at every speed in
// mode auto. With check, the simulator answers every point that can be had too.
func Front(ctx context.Context, s *configs.Scenario, check bool, o experiment.Options) (*metrics.Front, error) {
	front := &metrics.Front{
		Scenario: s.Name,
		Question: s.Question,
		Open:     s.Deployment.Mode == serve.Auto,
		Seed:     s.Seed,
		Version:  o.Version,
	}
	for front.Percentile = range s.SLO.OutputSpeed {
	}
	if front.Percentile == "" {
		return nil, fmt.Errorf("%w: slo.output_speed: a front asks for one output speed after another; set one to "+
			"say at which percentile, such as {p25: 20tok/s}", metrics.ErrConfiguration)
	}
	at, err := asker(ctx, s, o.Accuracy)
	if err != nil {
		return nil, err
	}
	for _, speed := range Speeds() {
		slo := s.SLO.SLO
		slo.OutputSpeed = map[string]units.TokenRate{front.Percentile: units.TokenRate(speed)}
		best, err := at(slo)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		point := metrics.Point{Speed: speed}
		switch {
		case err == nil:
			best.point(&point)
		case errors.Is(err, metrics.ErrInfeasible):
			point.Limit = err.Error()
		default:
			return nil, err
		}
		if check && err == nil {
			asked := *s
			asked.SLO.SLO = slo
			if err := confirm(ctx, &asked, best, &point, o); err != nil {
				return nil, err
			}
		}
		front.Points = append(front.Points, point)
	}
	return front, outermost(front)
}

// asker returns what answers a service level.
func asker(ctx context.Context, s *configs.Scenario, known *configs.Accuracy,
) (func(metrics.SLO) (*Ranked, error), error) {
	if s.Deployment.Mode == serve.Auto {
		f, err := NewFinder(s, known)
		if err != nil {
			return nil, err
		}
		return func(slo metrics.SLO) (*Ranked, error) {
			r, err := f.Under(slo).Rank(ctx)
			if err != nil {
				return nil, err
			}
			return &r.List[0], nil
		}, nil
	}
	e := new(analytic.Solver).For(s)
	return func(slo metrics.SLO) (*Ranked, error) {
		estimate, err := e.Under(slo).Estimate(&s.Deployment)
		return &Ranked{Deployment: s.Deployment, Estimate: estimate}, err
	}, nil
}

func (r *Ranked) point(p *metrics.Point) {
	pools := r.Deployment.Pools()
	last := pools[len(pools)-1].Spec
	p.Agents, p.Estimated, p.Limit = r.Estimate.Agents, r.Estimate.PerMW, r.Estimate.Limit
	p.PerAccelerator = float64(p.Agents) / float64(r.Deployment.Accelerators())
	p.Shape, p.MaxBatchPerRank, p.DraftTokens = Shape(&r.Deployment), last.MaxBatchPerRank, last.Depth()
}

// confirm lets the simulator answer a point.
func confirm(ctx context.Context, s *configs.Scenario, best *Ranked, p *metrics.Point, o experiment.Options) error {
	r, err := best.search(ctx, s, &s.Protocol, o)
	if errors.Is(err, metrics.ErrInfeasible) {
		return nil
	}
	if err != nil {
		return err
	}
	p.SimulatedAgents, p.Simulated = r.Capacity.Agents, r.Capacity.PerMW.AcceleratorMeasured
	return nil
}

// outermost marks the points that are on the front: no faster point has as many agents per megawatt.
func outermost(f *metrics.Front) error {
	most := 0.0
	for i := len(f.Points) - 1; i >= 0; i-- {
		p := &f.Points[i]
		p.OnFront = p.Estimated > most
		most = max(most, p.Estimated)
	}
	if most == 0 {
		return fmt.Errorf("%w: no output speed from %g tok/s on can be had: %s", metrics.ErrInfeasible, f.Points[0].Speed,
			f.Points[0].Limit)
	}
	return nil
}

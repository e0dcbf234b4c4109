package uncertainty

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/serve"
)

// Run studies the uncertainty of a capacity that was simulated.
func Run(ctx context.Context, s *Scenario, simulated *metrics.Result, o Options) (*metrics.Uncertainty, error) {
	inputs, err := s.Inputs(s.Provenance)
	if err != nil {
		return nil, err
	}
	var solver analytic.Solver
	flows := byFlows(s, inputs, &solver)
	estimate, err := centred(ctx, flows, inputs, simulated)
	if err != nil {
		return nil, err
	}
	drawn := estimate
	if o.By == Simulator {
		drawn = bySimulation(s, inputs, *o.Protocol, o.Run)
	}
	study := study{
		inputs:   inputs,
		estimate: estimate,
		draw:     drawn,
		central:  central(simulated),
		options:  o,
	}
	u, err := study.run(ctx)
	if err == nil && o.By == Analytic {
		u.Checked, err = check(ctx, s, inputs, flows, &solver)
	}
	return u, err
}

// study is the inputs of a scenario with the models that evaluate it.
type study struct {
	inputs   []configs.Input
	estimate model // evaluates one input at a time
	draw     model // evaluates a draw of all inputs at once
	central  metrics.Answer
	options  Options
}

func (s *study) run(ctx context.Context) (*metrics.Uncertainty, error) {
	swings, err := s.swings(ctx)
	if err != nil {
		return nil, err
	}
	draws := s.sample(swings)
	answers, err := s.answers(ctx, draws)
	if err != nil {
		return nil, err
	}
	u := &metrics.Uncertainty{Draws: len(draws), EvaluatedBy: s.options.By, Sample: answers}
	summarise(u)
	for j := range swings {
		if !s.moves(&swings[j]) {
			u.Idle++
			continue
		}
		u.Inputs++
		rank(&swings[j], column(draws, j), answers)
		u.Tornado = append(u.Tornado, swings[j])
	}
	sortSwings(u.Tornado)
	for _, g := range s.options.Goals {
		t, err := s.target(ctx, g, u)
		if err != nil {
			return nil, err
		}
		u.Targets = append(u.Targets, t)
	}
	return u, nil
}

// sample draws all inputs but those that no figure depends on, which stay as
// they are: hundreds of constants belong to kernels that the scenario never runs.
func (s *study) sample(swings []metrics.Swing) [][]float64 {
	draws := sample(s.inputs, s.options.Draws, s.options.Seed)
	for j := range swings {
		if s.moves(&swings[j]) {
			continue
		}
		for i := range draws {
			draws[i][j] = s.inputs[j].Neutral()
		}
	}
	return draws
}

func (s *study) answers(ctx context.Context, draws [][]float64) ([]metrics.Answer, error) {
	answers := make([]metrics.Answer, len(draws))
	var mutex sync.Mutex
	done := 0
	err := forEach(len(draws), func(i int) (err error) {
		if answers[i], err = s.draw(ctx, draws[i]); err == nil && s.options.Progress != nil {
			mutex.Lock()
			defer mutex.Unlock()
			done++
			s.options.Progress(done, len(draws))
		}
		return err
	})
	return answers, err
}

// summarise takes the quantiles of the sample.
func summarise(u *metrics.Uncertainty) {
	into := []*metrics.Quantiles{&u.Agents, &u.PerAccelerator, &u.PerMW.AcceleratorMeasured,
		&u.PerMW.AcceleratorTDP, &u.PerMW.IT, &u.PerMW.Facility, &u.PerMW.Provisioned}
	for k, q := range into {
		values := make([]float64, len(u.Sample))
		for i := range u.Sample {
			values[i] = *figures(&u.Sample[i])[k]
		}
		slices.Sort(values)
		*q = metrics.Quantiles{P10: metrics.Quantile(values, lowEnd), P50: metrics.Quantile(values, 0.5),
			P90: metrics.Quantile(values, 1-lowEnd)}
	}
	u.Infeasible = share(u.Sample, func(a metrics.Answer) bool { return a.Agents == 0 })
}

// share is the part of the answers for which something holds.
func share(answers []metrics.Answer, holds func(metrics.Answer) bool) float64 {
	n := 0
	for _, a := range answers {
		if holds(a) {
			n++
		}
	}
	return float64(n) / float64(len(answers))
}

// lowEnd is the lower of the two percentiles that are reported of answers, and
// at which inputs are tried, by definition.
const lowEnd = 0.1

func column(rows [][]float64, j int) []float64 {
	c := make([]float64, len(rows))
	for i := range rows {
		c[i] = rows[i][j]
	}
	return c
}

// Check sets every input to both ends of its range. A range that leaves what is
// possible is a *configs.Error at the range, and so is one of a deployment that
// mode auto chooses.
func Check(s *Scenario) error {
	inputs, err := s.Inputs(s.Provenance)
	if err != nil {
		return err
	}
	for i := range inputs {
		in := &inputs[i]
		for _, end := range []float64{in.Low, in.High} {
			_, err := s.with(inputs[i:i+1], []float64{end})
			if fault, ok := errors.AsType[*configs.Error](err); ok {
				return in.OutOfDomain(end, fault)
			}
			if err != nil {
				return err
			}
		}
		if s.Deployment.Mode == serve.Auto && in.Moves("deployment") {
			return &configs.Error{At: in.At, Path: in.Name,
				Problem: "is part of the deployment, which mode auto chooses: want mode aggregated or disaggregated"}
		}
	}
	return nil
}

// forEach calls f for 0 … n-1 on all processors and returns the error of the
// lowest number that failed. What is computed goes by number, so that it does
// not depend on how many processors there are.
func forEach(n int, f func(i int) error) error { return forEachOn(0, n, f) }

// forEachOn is forEach on so many processors; 0 = all.
func forEachOn(processors, n int, f func(i int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	work := make(chan int)
	for range cmp.Or(processors, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := range work {
				errs[i] = f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

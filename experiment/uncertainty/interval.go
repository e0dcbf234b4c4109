package uncertainty

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/models/moe"
	"agentsim/portable"
	"agentsim/serve"
)

// Interval is where a capacity lies: by what predictions of public runs of its
// stack were off, and by the ranges of its inputs, through the analytic model's
// ratios around the answer. Errors of whole runs hold those of the kernels, so
// that kernels are not drawn besides.
func Interval(ctx context.Context, s *Scenario, simulated *metrics.Result, a *configs.Accuracy, o IntervalOptions,
) (*metrics.ModelInterval, error) {
	v, err := newDoubts(ctx, s, simulated, a, &o)
	if err != nil {
		return nil, err
	}
	answers, err := v.draw(ctx, v.drawn(), extras{watts: true, drafts: true})
	if err != nil {
		return nil, err
	}
	all := quantiles(answers)
	m := &metrics.ModelInterval{
		Agents:         all.Agents,
		PerAccelerator: all.PerAccelerator,
		PerMW:          all.PerMW,
		Draws:          len(answers),
		Infeasible:     all.Infeasible,
		Stack:          v.basis(),
		Sample:         answers,
	}
	if o.Parts {
		m.Parts, err = v.parts(ctx)
	}
	return m, err
}

// quantiles are those of the draws that serve anybody: the deployment is there,
// so that memory in which it does not fit is no doubt about it. The share of the
// others is told.
func quantiles(answers []metrics.Answer) *metrics.Uncertainty {
	serving := slices.DeleteFunc(slices.Clone(answers), func(a metrics.Answer) bool { return a.Agents == 0 })
	u := &metrics.Uncertainty{Sample: serving}
	if len(serving) > 0 {
		summarise(u)
	}
	u.Infeasible = 1 - float64(len(serving))/float64(len(answers))
	return u
}

// IntervalOptions are what an interval takes besides its scenario.
type IntervalOptions struct {
	Draws  int              // 0 = IntervalDraws
	Parts  bool             // say what each kind of doubt does alone
	Solver *analytic.Solver // shared by many; nil = one of its own, that looks at few sessions
	Tables *moe.Tables      // of expert groups, for its own solver; nil = its own
	Ahead  *Ahead           // estimates that were begun before; nil = none
}

// IntervalDraws puts two draws below P10 and two above P90, at about 0.3 s.
const IntervalDraws = 24

// The kinds of doubt.
const (
	partStack     = "stack"
	partKernels   = "kernels"
	partWorkload  = "workload"
	partCache     = "cache policy"
	partStructure = "structure"
	partDrafts    = "drafts"
)

// acceptanceInput is what a preset says of its drafts, which a band of drafts of
// unknown acceptance replaces.
const acceptanceInput = "model.acceptance"

// The inputs that stand for whole runs, which the errors of the stack replace.
const (
	stepInput  = "kernels.efficiency"
	wattsInput = "system.accelerator.power"
)

// partOf is the kind of doubt that an input belongs to; empty for those that the
// errors of the stack replace.
func partOf(name string) string {
	switch {
	case name == stepInput, name == wattsInput:
		return ""
	case strings.HasPrefix(name, "kernels."):
		return partKernels
	case strings.HasPrefix(name, "workload."):
		return partWorkload
	case strings.HasPrefix(name, "engine.memory."), strings.HasPrefix(name, "engine.cache."),
		strings.HasPrefix(name, "deployment.cache"):
		return partCache
	}
	return partStructure
}

// doubts are the inputs of a scenario with the errors of its stack.
type doubts struct {
	scenario *Scenario
	inputs   []configs.Input
	part     []string // of each input
	estimate model    // around the simulated answer
	steps    configs.StackError
	watts    configs.StackError
	stack    string
	draws    int
	side     int // draws at once; 0 = one a processor

	drafts *metrics.DraftCapacity // the simulated band of drafts of unknown acceptance; nil = known
}

func newDoubts(ctx context.Context, s *Scenario, simulated *metrics.Result, a *configs.Accuracy, o *IntervalOptions,
) (*doubts, error) {
	inputs, err := s.Inputs(s.Provenance)
	if err != nil {
		return nil, err
	}
	v := &doubts{scenario: s, draws: o.Draws}
	if v.draws == 0 {
		v.draws = IntervalDraws
	}
	stack := s.Stack()
	v.stack = stack.Own()
	v.steps, _ = a.Of("any"+configs.Decode, stack)
	v.watts, _ = a.Of("any.watts", stack)
	if simulated != nil {
		v.steps.Spread = math.Hypot(v.steps.Spread, simulated.Extrapolated)
		if simulated.Drafts != nil {
			v.drafts = simulated.Drafts.Capacity
		}
	}
	for _, in := range inputs {
		part := partOf(in.Name)
		if in.Name == stepInput {
			part = partStack
			in.Kind, in.Name = configs.LogNormalSpread, stepInput+" of "+v.stack // draws of other stacks are others
			in.Low, in.High = factors(&v.steps)
		}
		if v.drafts != nil && in.Name == acceptanceInput {
			continue
		}
		if part != "" {
			v.inputs, v.part = append(v.inputs, in), append(v.part, part)
		}
	}
	flows := byFlows(s, v.inputs, o.solver())
	if o.Ahead != nil {
		flows = o.Ahead.estimates.of(v.inputs, flows)
	}
	if v.estimate = flows; simulated != nil {
		v.estimate, err = centred(ctx, flows, v.inputs, simulated)
	}
	return v, err
}

// factors are the 5th and the 95th percentile of what the error of step times
// does to efficiency: where predictions are too fast their logarithm is below 0,
// and so is that of the efficiency that would be right.
func factors(e *configs.StackError) (low, high float64) {
	z := ninetieth() / tenth()
	return portable.Exp(e.At(-z)), portable.Exp(e.At(z))
}

// tenth is how many standard deviations P90 of a normal distribution lies from
// its median.
func tenth() float64 { return distuv.UnitNormal.Quantile(1 - lowEnd) }

// drawn lists the inputs that an interval draws: all but kernels.
func (v *doubts) drawn() []bool {
	chosen := make([]bool, len(v.inputs))
	for i := range v.inputs {
		chosen[i] = v.part[i] != partKernels
	}
	return chosen
}

// extras are what comes on top of the inputs of an analytic model.
type extras struct{ watts, drafts bool }

// draw evaluates draws of the chosen inputs. Watts come on top: the analytic
// model's draw is divided by what the watts of the stack were off; and so does
// the simulated band of drafts whose acceptance nobody knows.
func (v *doubts) draw(ctx context.Context, chosen []bool, with extras) ([]metrics.Answer, error) {
	const seed = 1 // of draws, not of what is simulated: the same for every scenario
	rows := sample(v.inputs, v.draws, seed)
	power := sample([]configs.Input{v.wattsInput()}, v.draws, seed)
	accepted := sample([]configs.Input{{Name: partDrafts, Kind: configs.UniformSpread, High: 1}}, v.draws, seed)
	still := neutral(v.inputs)
	answers := make([]metrics.Answer, len(rows))
	err := forEachOn(v.side, len(rows), func(i int) error {
		for j := range rows[i] {
			if !chosen[j] {
				rows[i][j] = still[j]
			}
		}
		answer, err := v.estimate(ctx, rows[i])
		if isImpossible(err) {
			answer, err = metrics.Answer{}, nil
		}
		if err == nil && with.watts {
			scaleWatts(&answer, power[i][0])
		}
		if err == nil && with.drafts && v.drafts != nil {
			v.drafts.Scale(&answer, accepted[i][0])
		}
		answers[i] = answer
		return err
	})
	return answers, err
}

// wattsInput is the error of watts as an input: predicted over measured.
func (v *doubts) wattsInput() configs.Input {
	low, high := factors(&v.watts)
	return configs.Input{Name: wattsInput + " of " + v.stack, Kind: configs.LogNormalSpread, Low: low, High: high}
}

// scaleWatts turns an answer into that with measured watts, where predicted
// ones are so many times as much. Rated and nameplate watts stay.
func scaleWatts(a *metrics.Answer, ratio float64) {
	a.PerMW.AcceleratorMeasured *= ratio
	a.PerMW.IT *= ratio
	a.PerMW.Facility *= ratio
}

// parts draws each kind of doubt alone.
func (v *doubts) parts(ctx context.Context) ([]metrics.IntervalPart, error) {
	var list []metrics.IntervalPart
	kinds := []string{partStack, partKernels, partWorkload, partCache, partStructure}
	if v.drafts != nil {
		kinds = append(kinds, partDrafts)
	}
	for _, part := range kinds {
		chosen, n := make([]bool, len(v.inputs)), 0
		if part == partDrafts {
			n = 1
		}
		for i := range v.inputs {
			chosen[i] = v.part[i] == part
			if chosen[i] {
				n++
			}
		}
		answers, err := v.draw(ctx, chosen, extras{watts: part == partStack, drafts: part == partDrafts})
		if err != nil {
			return nil, err
		}
		u := quantiles(answers)
		list = append(list, metrics.IntervalPart{
			Part:           part,
			Inputs:         n,
			PerAccelerator: u.PerAccelerator,
			PerMW:          u.PerMW.AcceleratorMeasured,
		})
	}
	return list, nil
}

func (v *doubts) basis() metrics.StackBasis {
	return metrics.StackBasis{
		Stack:  v.stack,
		Level:  v.steps.Level,
		Rows:   v.steps.Rows,
		Own:    v.steps.Own,
		Early:  v.steps.Early,
		Slower: portable.Exp(-v.steps.Centre),
		Spread: portable.Exp(2 * v.steps.Spread),
	}
}

// Figures is where the figures of a run at a fixed number lie, by their keys:
// by the errors of public runs of agents alone.
func Figures(s *configs.Scenario, r *metrics.Result, a *configs.Accuracy) map[string]metrics.Quantiles {
	stack, m := s.Stack(), &r.Metrics
	first, late := "agents.first", "agents.late"
	if s.Deployment.Mode == serve.Disaggregated {
		first, late = "agents.handed", "agents.handed-late"
	}
	all := map[string]metrics.Quantiles{}
	for _, f := range []struct {
		key, quantity string
		value         float64
	}{
		{"tpot_mean_ms", "agents.decode", m.TPOTMeanMS},
		{"tpot_p50_ms", "agents.decode", m.TPOTP50MS},
		{"ttft_mean_s", first, m.TTFTMeanS},
		{"ttft_p50_s", "agents.first-median", m.TTFTP50S},
		{"ttft_p95_s", late, m.TTFTP95S},
		{"turns_per_s", "agents.requests", m.TurnsPerS},
		{"output_tok_s", "agents.throughput", m.OutputTokS},
		{"per_accelerator_w", "agents.watts", r.Power.PerAcceleratorW},
		{"joules_per_output_token", "agents.joules", r.Power.JoulesPerOutputToken},
	} {
		if e, ok := a.Of(f.quantity, stack); ok && f.value > 0 {
			e.Spread = math.Hypot(e.Spread, r.Extrapolated)
			at := func(z float64) float64 { return f.value * portable.Exp(-e.At(z)) }
			q := metrics.Quantiles{P10: at(1), P50: at(0), P90: at(-1)}
			if r.Drafts != nil {
				q = widened(q, r.Drafts.Figures[f.key])
			}
			all[f.key] = q
		}
	}
	if e, ok := a.Of("agents.hit", stack); ok {
		at := func(z float64) float64 { return min(1, max(0, m.PrefixHitRate-e.At(z))) }
		all["prefix_hit_rate"] = metrics.Quantiles{P10: at(1), P50: at(0), P90: at(-1)}
	}
	return all
}

// widened is an interval with another, independent one on top: the logarithms of
// their sides add up as the sides of a right triangle.
func widened(q, by metrics.Quantiles) metrics.Quantiles {
	if !(q.P10 > 0 && by.P10 > 0 && by.P50 > 0) {
		return q
	}
	q.P10 = q.P50 * portable.Exp(-math.Hypot(portable.Log(q.P50/q.P10), portable.Log(by.P50/by.P10)))
	q.P90 = q.P50 * portable.Exp(math.Hypot(portable.Log(q.P90/q.P50), portable.Log(by.P90/by.P50)))
	return q
}

// Ratio is where the ratio of two answers' agents per megawatt of accelerator
// power lies. What both do not know alike cancels: draw by draw they share what
// inputs of one name are, and a stack that both run on.
func Ratio(a, b *metrics.ModelInterval) *metrics.Quantiles {
	if a == nil || b == nil {
		return nil
	}
	var ratios []float64
	for i := range min(len(a.Sample), len(b.Sample)) {
		if over := b.Sample[i].PerMW.AcceleratorMeasured; over > 0 && a.Sample[i].Agents > 0 {
			ratios = append(ratios, a.Sample[i].PerMW.AcceleratorMeasured/over)
		}
	}
	if len(ratios) == 0 {
		return nil
	}
	slices.Sort(ratios)
	return &metrics.Quantiles{
		P10: metrics.Quantile(ratios, lowEnd),
		P50: metrics.Quantile(ratios, 0.5),
		P90: metrics.Quantile(ratios, 1-lowEnd),
	}
}

// ErrNoInterval says that an answer has no interval, since the analytic model
// does not serve what the simulator does.
func ErrNoInterval(err error) bool { return errors.Is(err, metrics.ErrInfeasible) }

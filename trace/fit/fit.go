// Package fit turns a trace into a workload profile: each quantity of the
// profile becomes the distribution that is most likely given the trace, of the
// kinds lognormal, mixture of lognormals and, for the number of turns, gamma.
// How many parts a mixture has is decided by Schwarz's criterion (BIC).
package fit

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"agentsim/trace"
	"agentsim/units"
)

// Options say which sessions to use and what to call the result.
type Options struct {
	Name          string // of the profile
	Source        string // of the trace, for the profile's sources
	Date          string // of the fit, for the same
	FirstInputMax int    // tokens; longer starts are continuations of older sessions and left out; 0 = none
	TurnsMin      int    // shorter sessions are left out
	EarlyTurns    int    // turns after the first whose appends are fitted on their own
	SubAgents     bool   // take the sessions of sub-agents too
}

// Defaults returns the options that suit recordings of coding agents.
func Defaults() Options {
	return Options{Name: "fitted", FirstInputMax: 40_000, TurnsMin: 5, EarlyTurns: 2}
}

// Result is a fitted profile and how well it fits.
type Result struct {
	Profile  *trace.Profile
	Fits     []Quality
	Sessions int
	Turns    int
}

// Quality says how a field of the profile compares with the trace.
type Quality struct {
	Field     string
	Model     string  // such as "mixture of 2"
	Points    int     // samples
	Distance  float64 // Kolmogorov-Smirnov, zeros left out
	TraceMean float64
	ModelMean float64
}

// Fit reads a trace and fits a profile to it.
func Fit(r trace.Reader, opts Options) (*Result, error) {
	s, err := collect(r, opts)
	if err != nil {
		return nil, err
	}
	f := fitter{Result: Result{Profile: &trace.Profile{Name: opts.Name}, Sessions: len(s.turns), Turns: len(s.output)}}
	f.profile(s, opts)
	if err := f.Profile.Validate(); err != nil {
		return nil, fmt.Errorf("the trace does not tell enough for a profile: %w", err)
	}
	return &f.Result, nil
}

// collect reads the sessions that the options ask for.
func collect(r trace.Reader, opts Options) (*samples, error) {
	pool, err := trace.NewPool(r, trace.PoolOptions{FirstInputMax: opts.FirstInputMax})
	if err != nil {
		return nil, err
	}
	var s samples
	var session trace.Session
	for i := range pool.Len() {
		pool.Session(i, &session)
		if (session.Parent == "" || opts.SubAgents) && len(session.Turns) >= opts.TurnsMin {
			s.add(&session, opts.EarlyTurns)
		}
	}
	if len(s.turns) < sessionsMin {
		return nil, fmt.Errorf("%d of the trace's %d sessions have %d turns or more and start with at most %d tokens;"+
			" want at least %d to fit a profile", len(s.turns), pool.Len()+pool.Dropped(), opts.TurnsMin,
			opts.FirstInputMax, sessionsMin)
	}
	return &s, nil
}

// sessionsMin is the least number of sessions that a fit makes sense for.
const sessionsMin = 10

// fitter collects the qualities while it fits field after field.
type fitter struct{ Result }

func (f *fitter) profile(s *samples, opts Options) {
	p := f.Profile
	p.Turns = fitted[float64](f, "turns", s.turns, withGamma)
	p.FirstInput = fitted[float64](f, "first_input", s.firstInput, 3)
	p.SharedPrefix = shared(s)
	p.Output = fitted[float64](f, "output", s.output, 3)
	p.History.Kind = trace.WholeOutput
	p.EarlyTurns = opts.EarlyTurns
	p.AppendEarly = fitted[float64](f, "append_early", s.early, 3)
	p.AppendLate = fitted[float64](f, "append_late", s.late, 3)
	p.ToolGap = fitted[units.Seconds](f, "tool_gap", s.toolGap, 3)
	if len(s.userGap) >= partMin {
		p.UserTurn.ToolAfterTool = tools(s.after[0])
		p.UserTurn.ToolAfterUser = tools(s.after[1])
		p.UserTurn.Gap = fitted[units.Seconds](f, "user_turn.gap", s.userGap, 2)
	}
	f.compaction(s)
	f.breaks(s)
	f.sources(opts)
}

// tools is the share of turns that answer a tool.
func tools(after [2]int) float64 {
	return float64(after[0]) / float64(max(after[0]+after[1], 1))
}

func shared(s *samples) trace.SharedPrefix {
	tokens := quantile(s.shared, 0.5)
	if tokens == 0 {
		return trace.SharedPrefix{}
	}
	shares := make([]float64, len(s.shared))
	for i := range shares {
		shares[i] = s.shared[i] / s.firstInput[i]
	}
	return trace.SharedPrefix{
		Tokens:   trace.Tokens{Kind: trace.Constant, Value: tokens},
		ShareMax: significant(min(quantile(shares, 0.9), 1)),
	}
}

func (f *fitter) compaction(s *samples) {
	if len(s.kept) < partMin {
		return
	}
	c := &f.Profile.Compaction
	c.Hazard = hazards(s.contexts)
	c.Keep = fitted[float64](f, "compaction.keep", s.kept, 2)
	c.Cached = significant(s.keptFresh.of())
}

func (f *fitter) breaks(s *samples) {
	if len(s.breaks) < partMin {
		return
	}
	b := &f.Profile.PrefixBreak
	b.Probability = significant(float64(len(s.breaks)) / float64(len(s.contexts)))
	b.Cached = fitted[float64](f, "prefix_break.cached", s.breaks, 2)
}

const (
	hazardStep = 10_000 // tokens; the finest grid of contexts
	hazardMin  = 10     // compactions in a row of the table, at least
)

// hazards tabulates how often a turn compacts its context, by context. Rows
// are as narrow as their counts allow.
func hazards(contexts []context) []trace.Hazard {
	slices.SortFunc(contexts, func(a, b context) int { return int(a.input - b.input) })
	var out []trace.Hazard
	from, turns, events := 0, 0, 0
	for i, c := range contexts {
		turns++
		if c.compacted {
			events++
		}
		last := i == len(contexts)-1
		edge := last || contexts[i+1].input/hazardStep > c.input/hazardStep
		if !last && (events < hazardMin || !edge) {
			continue
		}
		if last && events < hazardMin && len(out) > 0 {
			break // too few for a row of their own: the row before holds on
		}
		out = append(out, trace.Hazard{Context: from, Probability: significant(float64(events) / float64(turns))})
		if !last {
			from = int(contexts[i+1].input) / hazardStep * hazardStep
		}
		turns, events = 0, 0
	}
	return out
}

func quantile(x []float64, q float64) float64 {
	return stat.Quantile(q, stat.LinInterp, slices.Sorted(slices.Values(x)), nil)
}

// significant rounds to four digits: more would pretend.
func significant(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// sources says of each fitted field how it came about.
func (f *fitter) sources(opts Options) {
	f.Profile.Sources = trace.Sources{}
	for _, q := range f.Fits {
		f.Profile.Sources[q.Field] = trace.Source{
			Basis:    "fitted",
			Source:   opts.Source,
			Date:     opts.Date,
			Note:     q.Model,
			MaxError: significant(q.Distance),
			Points:   q.Points,
		}
	}
	for _, field := range []string{"shared_prefix", "history", "early_turns", "user_turn", "compaction", "prefix_break"} {
		f.Profile.Sources[field] = trace.Source{Basis: "measured", Source: opts.Source, Date: opts.Date}
	}
}

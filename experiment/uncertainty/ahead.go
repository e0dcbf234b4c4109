package uncertainty

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"sync"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
)

// Ahead estimates what an interval will ask of mean flows while the answer that it
// is around is still sought.
type Ahead struct {
	solver    *analytic.Solver
	estimates estimates
	group     sync.WaitGroup
	stop      context.CancelFunc
}

// Begin begins to estimate the draws of an interval. Where it turns out that they
// are others, as the answer says that its steps lie beyond the tables or that nobody
// knows how many drafts are accepted, those are estimated then.
func Begin(ctx context.Context, s *Scenario, a *configs.Accuracy, o IntervalOptions) *Ahead {
	h := &Ahead{solver: o.solver()}
	ctx, h.stop = context.WithCancel(ctx)
	o.Ahead = h
	h.group.Go(func() {
		v, err := newDoubts(ctx, s, nil, a, &o)
		if err != nil {
			return // Interval finds the same, and says so
		}
		v.side = 1 // the answer is sought beside it
		if _, err = v.estimate(ctx, neutral(v.inputs)); err != nil {
			return
		}
		if _, err = v.draw(ctx, v.drawn(), extras{}); err == nil && o.Parts {
			_, _ = v.parts(ctx)
		}
	})
	return h
}

// End ends what is still under way.
func (h *Ahead) End() {
	h.stop()
	h.group.Wait()
}

// estimates are answers of mean flows by what was drawn, each made once.
type estimates struct {
	mu    sync.Mutex
	known map[string]*estimated
}

type estimated struct {
	once   sync.Once
	answer metrics.Answer
	err    error
}

// of are the answers of a model to draws of inputs, of which those that are known are
// not asked for again.
func (e *estimates) of(inputs []configs.Input, m model) model {
	var names strings.Builder
	for i := range inputs {
		names.WriteString(inputs[i].Name + "\n")
	}
	return func(ctx context.Context, draws []float64) (metrics.Answer, error) {
		key := []byte(names.String())
		for _, x := range draws {
			key = binary.LittleEndian.AppendUint64(key, math.Float64bits(x))
		}
		e.mu.Lock()
		if e.known == nil {
			e.known = map[string]*estimated{}
		}
		one := e.known[string(key)]
		if one == nil {
			one = &estimated{}
			e.known[string(key)] = one
		}
		e.mu.Unlock()
		one.once.Do(func() { one.answer, one.err = m(ctx, draws) })
		return one.answer, one.err
	}
}

// solver is that of an interval's options.
func (o *IntervalOptions) solver() *analytic.Solver {
	switch {
	case o.Solver != nil:
		return o.Solver
	case o.Ahead != nil:
		return o.Ahead.solver
	}
	return &analytic.Solver{Sessions: analytic.FewSessions, Tables: o.Tables}
}

package serve

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/sim"
)

// ear adds up what an observer hears.
type ear struct {
	t         *testing.T
	joules    []float64 // dynamic, by worker
	busy      []sim.Time
	steps     []int64
	sequences []float64
	prompt    int64
	inState   [states]sim.Time
	left      []sim.Time // by agent, when the state heard of last was left
	static    float64    // watts of an accelerator
	size      func(worker int) float64
}

func (e *ear) Stepped(s Stepped) {
	span := s.To - s.From
	require.Positive(e.t, span)
	e.joules[s.Worker] += (s.Watts - e.static*e.size(s.Worker)) * span.Seconds()
	e.busy[s.Worker] += span
	e.steps[s.Worker] += int64(s.Steps)
	e.sequences[s.Worker] += float64(s.Steps * s.Sequences)
	e.prompt += int64(s.Prompt)
	require.Equal(e.t, s.PromptParts > 0, s.Prompt > 0)
}

func (e *ear) Stayed(s Stayed) {
	require.Equal(e.t, e.left[s.Agent], s.From, "agent %d is always somewhere", s.Agent)
	e.left[s.Agent] = s.To
	e.inState[s.State] += s.To - s.From
}

// An observer hears of all that the books hold, but for what is under way.
func TestObserversHearWhatTheBooksHold(t *testing.T) {
	for name, cfg := range designs() {
		e := &ear{t: t, left: make([]sim.Time, cfg.Agents)}
		cfg.Observer = e
		c := build(t, cfg)
		n := len(c.fleet.workers)
		e.joules, e.busy, e.sequences = make([]float64, n), make([]sim.Time, n), make([]float64, n)
		e.steps = make([]int64, n)
		e.static = float64(cfg.System.Accelerator.Power.Static())
		e.size = func(worker int) float64 { return float64(c.WorkerAccelerators(worker)) }
		require.NoError(t, c.Run(20))
		booked := c.Window()
		for i, w := range c.fleet.workers {
			if w.busy { // what is under way is booked already, and not heard of yet
				e.busy[i] += w.leg.bookedTime
				e.joules[i] += w.leg.bookedJoules
			}
			require.Equal(t, booked.Work[i].Busy, e.busy[i], name)
			require.InDelta(t, booked.Work[i].Joules, e.joules[i], 1e-6*(1+booked.Work[i].Joules), name)
			require.Equal(t, booked.Work[i].Steps, e.steps[i], name)
			require.InDelta(t, booked.Work[i].Sequences, e.sequences[i], 1e-6, name)
		}
		require.Equal(t, booked.Prefilled, e.prompt, name)
		for i := range c.fleet.calls {
			e.inState[c.fleet.calls[i].state] += c.clock.Now() - e.left[i]
		}
		require.Equal(t, booked.InState, e.inState, name)
	}
}

// Observing changes nothing.
func TestObserversChangeNothing(t *testing.T) {
	cfg := toy(play(chat), disaggregated(1, 1), withDrafts)
	alone := build(t, cfg)
	require.NoError(t, alone.Run(20))
	cfg.Observer = deaf{}
	observed := build(t, cfg)
	require.NoError(t, observed.Run(20))
	require.Equal(t, alone.Fingerprint(), observed.Fingerprint())
}

type deaf struct{}

func (deaf) Stepped(Stepped) {}
func (deaf) Stayed(Stayed)   {}

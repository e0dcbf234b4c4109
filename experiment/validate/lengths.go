package validate

import (
	"math"
	"math/rand/v2"

	"agentsim/sim"
	"agentsim/trace"
)

// lengths deals out requests as the benchmark client does: sessions of one
// turn, input and output drawn evenly from a range, nothing shared.
type lengths struct {
	inputLow, inputHigh   int
	outputLow, outputHigh int
	seed                  uint64
}

func newLengths(c *Case, seed uint64) *lengths {
	low := func(nominal int) int { return max(1, int(math.Floor(c.Shortest*float64(nominal)))) }
	return &lengths{
		inputLow:   low(c.Input),
		inputHigh:  c.Input,
		outputLow:  low(c.Output),
		outputHigh: c.Output,
		seed:       seed,
	}
}

// Session draws the k-th request of an agent.
func (l *lengths) Session(agent, k int, out *trace.Session) error {
	var source rand.PCG
	sim.Rekey(&source, l.seed, "request", uint64(agent), uint64(k))
	r := rand.New(&source)
	between := func(low, high int) int32 { return int32(low + r.IntN(high-low+1)) }
	turn := trace.Turn{Input: between(l.inputLow, l.inputHigh), Output: between(l.outputLow, l.outputHigh)}
	*out = trace.Session{Start: trace.Unknown, Turns: append(out.Turns[:0], turn)}
	return nil
}

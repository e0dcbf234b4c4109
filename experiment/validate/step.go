package validate

import (
	"math"

	"agentsim/models/step"
	"agentsim/serve"
)

// Closed loops hide errors of the step: where steps are predicted too short, more
// sequences wait elsewhere and fewer decode. So the time between tokens is also
// compared at the batch that was measured.

// tpot is the measured time between tokens in ms, the median if there is one.
func (c *Case) tpot() float64 {
	if c.Measured[TPOT] > 0 {
		return c.Measured[TPOT]
	}
	return c.Measured[TPOTMean]
}

// outputRate is the measured output in tokens/s of one accelerator; of requests
// of fixed length also from total throughput.
func (c *Case) outputRate() float64 {
	if rate := c.Measured[OutputThroughput]; rate > 0 {
		return rate
	}
	return c.Measured[TotalThroughput] * float64(c.Output) / float64(max(1, c.Input+c.Output))
}

// stepAtBatch is the predicted time between tokens in ms, moved by the step model
// from the batch that was predicted to the one that was measured. Both follow
// from Little's law: sequences of a rank are output tokens/s times the time
// between tokens, over the ranks. It is 0 where either is not known.
func (j *prepared) stepAtBatch(c *Case, p *prediction, t *serve.Tally) float64 {
	if c.Measured[Step] == 0 || t.Calls == 0 {
		return 0
	}
	models := j.config.Models()
	decode := models[len(models)-1] // pools are listed in the order of a call's life
	ranks := float64(c.Decode.Workers * decode.Config().Shape.Ranks())
	sequences := func(rate, ms float64) float64 { return rate * float64(c.Accelerators) * ms / milli / ranks }
	context := (float64(t.InputTokens) + float64(t.OutputTokens)/2) / float64(t.Calls)
	predicted := p[TPOT]
	if c.Measured[TPOT] == 0 {
		predicted = p[TPOTMean]
	}
	before := stepSeconds(decode, sequences(p[OutputThroughput], predicted), context)
	after := stepSeconds(decode, sequences(c.outputRate(), c.tpot()), context)
	return predicted * after / before
}

// stepSeconds is the time of a decode step with so many sequences on each rank,
// between whole numbers of them in proportion.
func stepSeconds(m *step.Model, sequences, context float64) float64 {
	sequences = max(1, sequences)
	low := math.Floor(sequences)
	at := func(n float64) float64 {
		loads := make([]step.Rank, m.Config().Shape.Ranks())
		for i := range loads {
			loads[i] = step.Rank{Sequences: int(n), Context: n * context}
		}
		return m.Step(loads).Seconds
	}
	return at(low) + (sequences-low)*(at(low+1)-at(low))
}

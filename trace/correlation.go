package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Correlation couples the normal scores of successive draws (a Gaussian
// copula) and leaves each distribution as it is. In words: long answers follow
// long ones, and a long answer gets a short tool result.
type Correlation struct {
	OutputLag    float64 `yaml:"output_lag,omitempty"`    // output with the previous output
	AppendLag    float64 `yaml:"append_lag,omitempty"`    // append with the previous append
	OutputAppend float64 `yaml:"output_append,omitempty"` // output with the append that follows it
}

// scores are the standard normal scores of the last output and append:
//
//	output' = OutputLag output + noise
//	append' = AppendLag append + OutputAppend output' + noise
type scores struct{ output, append float64 }

func (c *Correlation) used() bool { return *c != Correlation{} }

// cross returns the correlation of an append's score with that of the output
// before it, in the steady state.
func (c *Correlation) cross() float64 { return c.OutputAppend / (1 - c.AppendLag*c.OutputLag) }

// appendNoise returns the variance that is left for noise so that the score of
// an append has variance 1.
func (c *Correlation) appendNoise() float64 {
	return 1 - c.AppendLag*c.AppendLag - c.OutputAppend*c.OutputAppend -
		2*c.AppendLag*c.OutputAppend*c.OutputLag*c.cross()
}

// start draws the scores from their steady state.
func (c *Correlation) start(r *rand.Rand) scores {
	s := scores{output: r.NormFloat64()}
	s.append = c.cross()*s.output + math.Sqrt(1-c.cross()*c.cross())*r.NormFloat64()
	return s
}

func (s *scores) nextOutput(c *Correlation, r *rand.Rand) float64 {
	s.output = c.OutputLag*s.output + math.Sqrt(1-c.OutputLag*c.OutputLag)*r.NormFloat64()
	return s.output
}

func (s *scores) nextAppend(c *Correlation, r *rand.Rand) float64 {
	s.append = c.AppendLag*s.append + c.OutputAppend*s.output + math.Sqrt(c.appendNoise())*r.NormFloat64()
	return s.append
}

func (c *Correlation) validate() error {
	for _, field := range []struct {
		name  string
		value float64
	}{{"output_lag", c.OutputLag}, {"append_lag", c.AppendLag}, {"output_append", c.OutputAppend}} {
		if !(field.value > -1 && field.value < 1) {
			return fmt.Errorf("%s: %v; want between -1 and 1", field.name, field.value)
		}
	}
	if !(c.appendNoise() > 0) || math.Abs(c.cross()) >= 1 {
		return fmt.Errorf("append_lag: %v with output_append %v leaves no room for chance; want smaller values",
			c.AppendLag, c.OutputAppend)
	}
	return nil
}

package readers

import (
	"math"

	"agentsim/trace"
)

// progress is how far an agent has come: enough to place its next call.
type progress struct {
	turns         int
	input, output int
	start, end    float64 // of the last call; Unknown if not told
}

// place numbers a call, marks a first one, and fills in the gap before it
// where the times tell.
func (p *progress) place(c *trace.Call) {
	c.Turn = p.turns
	if p.turns == 0 {
		c.Kind = trace.First
	} else if c.Gap < 0 && c.Start >= 0 && p.end >= 0 {
		c.Gap = max(c.Start-p.end, 0)
	}
	c.Start, c.Gap, c.Service = micros(c.Start), micros(c.Gap), micros(c.Service)
	p.turns++
	p.input, p.output = c.Input, c.Output
	p.start, p.end = c.Start, trace.Unknown
	if c.Start >= 0 && c.Service >= 0 {
		p.end = c.Start + c.Service
	}
}

// extends makes a call's input the whole history plus new tokens, of which the
// previous prompt is cached.
func (p *progress) extends(c *trace.Call) {
	c.Input += p.input + p.output
	c.Prefix = p.input
}

// assumePrefix fills in the cached tokens of a format that does not tell them:
// a prompt that has room for the previous one and its answer extends it.
func (p *progress) assumePrefix(c *trace.Call) {
	if p.turns > 0 && c.Input >= p.input+p.output {
		c.Prefix = p.input
	}
}

// progresses keeps the progress of each agent of a trace.
type progresses map[string]*progress

func (p progresses) of(agent string) *progress {
	if p[agent] == nil {
		p[agent] = &progress{end: trace.Unknown}
	}
	return p[agent]
}

// micros rounds a time to microseconds: Unix seconds have no more in a float64.
func micros(seconds float64) float64 { return math.Round(seconds*1e6) / 1e6 }

package trace

// Curve is a function as a list of points, X rising. As a distribution, Y is
// the share of samples of at most X.
type Curve struct{ X, Y []float64 }

// Curves are the distributions behind a Summary, for figures.
type Curves struct {
	Turns   Curve // calls per session
	New     Curve // prompt tokens beyond the prefix, of calls after the first
	Output  Curve // tokens per call
	ToolGap Curve // seconds, where known
	UserGap Curve // seconds, where known
	Context Curve // mean prompt tokens by turn, from 1, as far as some sessions go
	Reuse   Curve // share of prompt tokens that a prefix cache returns, by turn likewise
}

// sessionsMin is how many sessions a point along the session needs, or a tenth
// of all: the mean of a few long ones would look like a trend.
const sessionsMin = 10

// Curves returns the distributions of all that was added so far.
func (s *Stats) Curves() Curves {
	turns := s.turns.clone()
	for i := range s.open {
		turns.add(int64(s.open[i].turns))
	}
	c := Curves{
		Turns:   turns.curve(1),
		New:     s.fresh.curve(1),
		Output:  s.output.curve(1),
		ToolGap: s.toolGap.curve(milli),
		UserGap: s.userGap.curve(milli),
	}
	for b, bin := range s.growth {
		low, high := bounds(b, growthBits)
		if bin.n == 0 || bin.n < (high-low+1)*min(sessionsMin, turns.n/10) {
			continue
		}
		turn := float64(low+high)/2 + 1
		c.Context.add(turn, float64(bin.sum)/float64(bin.n))
		if bin.sum > 0 {
			c.Reuse.add(turn, float64(bin.prefix)/float64(bin.sum))
		}
	}
	return c
}

func (c *Curve) add(x, y float64) {
	c.X = append(c.X, x)
	c.Y = append(c.Y, y)
}

// curve is the cumulative distribution in steps of half a per cent of the
// samples or one bucket, whichever is more.
func (h *histogram) curve(unit float64) Curve {
	const steps = 200
	var c Curve
	seen, drawn := int64(0), int64(0)
	for b, count := range h.counts {
		seen += count
		if count == 0 || seen < h.n && drawn > 0 && (seen-drawn)*steps < h.n {
			continue
		}
		_, high := bounds(b, subBits)
		c.add(float64(min(high, h.max))*unit, float64(seen)/float64(h.n))
		drawn = seen
	}
	return c
}

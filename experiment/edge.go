package experiment

import "agentsim/portable"

// interval is the 95 % interval of the sampling error of the answer. Near
// it, the margin of the binding criterion is a line in the logarithm of the
// number of agents; the error of the margin over the slope of the line is the
// error of the crossing. It does not reach beyond the numbers whose verdicts
// are sure by themselves.
func (s *search) interval() (low, high float64) {
	binding := s.failure().verdict.Tightest
	var fit line
	for _, p := range s.phases {
		const near = 1.7 // phases within this factor of the answer bear on the line
		if r := float64(p.agents) / float64(s.low); r > near || r < 1/near {
			continue
		}
		fit.add(portable.Log(float64(p.agents)), p.verdict.Scores[binding].Margin())
	}
	low, high = s.sure()
	slope := fit.slope()
	if !(slope < 0) {
		return s.mixed(low, high)
	}
	n := float64(s.low)
	relative := min(1, s.answer().verdict.Scores[binding].Met.Half) / -slope
	return s.mixed(max(low, n*portable.Exp(-relative)), min(high, max(float64(s.high), n*portable.Exp(relative))))
}

// sure is the largest number that certainly passes and the smallest that
// certainly fails, or the ends of what was tried.
func (s *search) sure() (low, high float64) {
	low, high = float64(s.phases[0].agents), float64(s.phases[len(s.phases)-1].agents)
	for _, p := range s.phases {
		passes, fails := true, false
		for _, score := range p.verdict.Scores {
			passes = passes && score.Pass() && score.Sure()
			fails = fails || !score.Pass() && score.Sure()
		}
		if passes && p.agents <= s.low {
			low = float64(p.agents)
		}
		if fails && p.agents >= s.high {
			high = float64(p.agents)
			break
		}
	}
	return low, high
}

// mixed widens an interval to numbers whose verdicts are the other way round, as
// where a cluster may run well for long before it breaks down.
func (s *search) mixed(low, high float64) (float64, float64) {
	for _, p := range s.phases {
		switch n := float64(p.agents); {
		case p.agents < s.low && !p.phase.Pass:
			low = min(low, n)
		case p.agents > s.high && p.phase.Pass:
			high = max(high, n)
		}
	}
	return low, high
}

// line is a least-squares line.
type line struct{ n, x, y, xx, xy float64 }

func (l *line) add(x, y float64) {
	l.n++
	l.x += x
	l.y += y
	l.xx += x * x
	l.xy += x * y
}

func (l *line) slope() float64 {
	return (l.n*l.xy - l.x*l.y) / (l.n*l.xx - l.x*l.x)
}

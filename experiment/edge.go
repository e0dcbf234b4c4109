package experiment

import (
	"math"

	"agentsim/metrics"
	"agentsim/portable"
)

// interval is the 95 % interval of the sampling error of the answer. Around it the
// room below the service level is a line in the logarithm of the number of agents,
// so all long phases near it say where the level is crossed. What they do not say
// together is what their agents have in common, which is the doubt of one of them.
// The interval does not reach beyond numbers whose verdicts are certain.
func (s *search) interval() (low, high float64) {
	if s.within != nil {
		return s.within[0], s.within[1]
	}
	at, half := s.crossing()
	pass, fail := s.certain()
	low = min(float64(s.low), max(pass, at*portable.Exp(-half)))
	high = max(float64(s.high), min(fail, at*portable.Exp(half)))
	return s.mixed(low, high)
}

// crossing is where the line through the phases near the answer crosses the level,
// and half of its 95 % interval in the logarithm of agents. A phase counts for the
// more the nearer it is and the less it is in doubt.
func (s *search) crossing() (at, half float64) {
	// own keeps a phase without any doubt from outweighing all others, in standard
	// deviations. How often intervals hold does not hang on it: without it the same
	// 353 of 360 do (docs/VALIDATION.md).
	const own = 0.04
	n := float64(s.low)
	var fit line
	for _, p := range s.long() {
		off := portable.Log(float64(p.agents) / n)
		doubt := min(p.doubt(), unknown)
		fit.add(off, p.room(), portable.Exp(-off*off/(2*bent*bent))/(doubt*doubt+own*own))
	}
	fall := -fit.slope()
	if !(fall > flattest) {
		fall = flattest
	}
	at = fit.x/fit.n + fit.y/fit.n/fall
	at = max(-1, min(at, 1))
	doubt := max(s.answer().doubt(), s.failure().doubt())
	return n * portable.Exp(at), min(unknown, doubt/fall*math.Sqrt(1+fit.weights/(fit.n*fit.n)))
}

// certain is the largest number that certainly passes and the smallest that
// certainly fails.
func (s *search) certain() (low, high float64) {
	high = math.Inf(1)
	for _, p := range s.long() {
		if !p.verdict.Certain {
			continue
		}
		if p.phase.Pass && p.agents <= s.low {
			low = float64(p.agents)
		}
		if !p.phase.Pass && p.agents >= s.high {
			return low, float64(p.agents)
		}
	}
	return low, high
}

// long are the phases that were measured at least half as long as those on both
// sides of the answer. Those that end early have seen no more than how load was at
// the start.
func (s *search) long() (list []*phase) {
	least := min(s.answer().span, s.failure().span) / 2
	for _, p := range s.phases {
		if p.span >= least {
			list = append(list, p)
		}
	}
	return list
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

// doubt is half of the 95 % interval of the room, in standard deviations. Load
// comes and goes over longer than a batch of the verdict, so batches of twice the
// length are asked, too.
func (p *phase) doubt() float64 {
	score := &p.verdict.Scores[p.verdict.Tightest]
	half := score.Met.Half
	if p.window != nil {
		half = max(half, p.window.long(p.verdict.Tightest).Half)
	}
	return half / density(score)
}

// long is the share that meets a criterion, by batches of twice the length.
func (w *window) long(criterion int) metrics.Interval {
	met := metrics.BatchMeans(w.shares(w.counted(), criterion), w.batches/2)
	if math.IsInf(met.Half, 1) {
		return metrics.Interval{}
	}
	met.Half *= w.unseen()
	return met
}

// line is a weighted least-squares line: its sums.
type line struct{ n, x, y, xx, xy, weights float64 }

func (l *line) add(x, y, weight float64) {
	l.n += weight
	l.x += weight * x
	l.y += weight * y
	l.xx += weight * x * x
	l.xy += weight * x * y
	l.weights += weight * weight
}

func (l *line) slope() float64 {
	return (l.n*l.xy - l.x*l.y) / (l.n*l.xx - l.x*l.x)
}

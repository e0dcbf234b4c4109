package experiment

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/portable"
)

// path is the way of a search: by doubling from where the protocol starts, then
// by bisection between the last pass and the first failure, as the benchmark
// does. Which number comes next follows from the phases on the path alone, not
// from what else has run, so that the path is the same on any number of
// processors.
//
// Where somebody says about where the answer lies, verdicts far from there are
// taken for granted: what is far below passes, what is far above fails. Two
// phases beside the place are tried first, and the line between a pass and a
// failure says it better. Both ends of the last bracket are always simulated; an
// end that is judged otherwise than was taken for granted moves the place. So the
// answer is that of the whole doubling unless a number far away is judged against
// the trend.
type path struct {
	protocol *configs.Protocol
	near     float64 // where the answer is thought to lie; 0 = nobody says: every verdict is simulated

	phases  []*phase     // on the path, as they came
	granted map[int]bool // verdicts on numbers that have not run, where the path is guessed
	low     int          // largest number of agents that passes; 0 = none
	high    int          // smallest number of agents above low that fails; 0 = none
}

// place is where the answer is thought to lie: what is below passes, what is
// above fails.
type place struct{ low, high float64 }

const (
	// A place is tested by phases a factor of beside away. Two phases then say
	// better where it is, to halves of the half-width that theirs have; half of that
	// is of agents that both have in common, and does not tell them apart. It is
	// known to narrowest at best, as shares of calls are no straight line.
	beside    = 1.12
	halves    = 1.5
	narrowest = 0.008
	// bent is how far from the answer a phase says how fast shares fall there, in
	// the logarithm of agents.
	bent = 0.15
)

// agentsMax bounds the search: no deployment in sight holds more.
const agentsMax = 1 << 20

// next is the number that is to be tried next; 0 where the bracket is closed.
func (p *path) next() (int, error) {
	if p.near == 0 {
		return p.bracket(place{0, math.Inf(1)})
	}
	at, tested := p.place()
	n, err := p.bracket(at)
	if err != nil || n > 0 && tested {
		return n, err
	}
	for _, end := range []int{p.low, p.high} {
		if end > 0 && !p.tried(end) {
			return end, nil
		}
	}
	return n, nil
}

// bracket follows doubling and bisection as far as verdicts are known. It
// returns the number that is not, or 0 where the bracket is as narrow as the
// protocol asks for.
func (p *path) bracket(at place) (int, error) {
	p.low, p.high = 0, 0
	for n := p.protocol.StartAgents; p.high == 0; n *= 2 {
		if n > agentsMax {
			return 0, tooMany(p.most())
		}
		if !p.step(n, at) {
			return n, nil
		}
	}
	if p.low == 0 && p.high > 1 && !p.step(1, at) {
		return 1, nil
	}
	if p.low == 0 {
		return 0, nil
	}
	for p.high-p.low > p.resolution() {
		if middle := p.low + (p.high-p.low)/2; !p.step(middle, at) {
			return middle, nil
		}
	}
	return 0, nil
}

func tooMany(agents int) error {
	return fmt.Errorf("%d agents still meet the service level: is it one?", agents)
}

// resolution is the width of a bracket that is not cut any more.
func (p *path) resolution() int { return max(1, int(p.protocol.Tolerance*float64(p.low))) }

// step narrows the bracket by the verdict on a number inside it; false where
// there is none yet.
func (p *path) step(agents int, at place) bool {
	pass, known := p.verdict(agents, at)
	switch {
	case !known:
		return false
	case pass:
		p.low = agents
	default:
		p.high = agents
	}
	return true
}

func (p *path) verdict(agents int, at place) (pass, known bool) {
	if own := find(p.phases, agents); own != nil {
		return own.phase.Pass, true
	}
	if pass, known = p.granted[agents]; known {
		return pass, true
	}
	n := float64(agents)
	return n < at.low, n < at.low || n > at.high
}

func (p *path) tried(agents int) bool {
	_, granted := p.granted[agents]
	return granted || find(p.phases, agents) != nil
}

// most is the largest number on the path that passed.
func (p *path) most() int {
	most := 0
	for _, one := range p.phases {
		if one.phase.Pass {
			most = max(most, one.agents)
		}
	}
	return most
}

// place is where the answer lies by what is known; tested where a pass and a
// failure say so.
func (p *path) place() (at place, tested bool) {
	pass, fail := p.ends()
	near := min(p.near, agentsMax/4)
	switch {
	case pass != nil && fail != nil:
		return p.crossing(pass, fail), true
	case pass != nil:
		near = max(near, float64(pass.agents)*portable.Exp(min(max(pass.room()/slope, 0), most)))
	case fail != nil:
		near = min(near, float64(fail.agents)*portable.Exp(max(min(fail.room()/slope, 0), -most)))
	}
	return place{near / beside, near * beside}, false
}

func (p *path) ends() (pass, fail *phase) { return ends(p.phases) }

// ends are the largest phase that passes below the smallest that fails, and
// this one; nil where there is none.
func ends(phases []*phase) (pass, fail *phase) {
	for _, one := range phases {
		if !one.phase.Pass && (fail == nil || one.agents < fail.agents) {
			fail = one
		}
	}
	for _, one := range phases {
		if one.phase.Pass && (fail == nil || one.agents < fail.agents) && (pass == nil || one.agents > pass.agents) {
			pass = one
		}
	}
	return pass, fail
}

// crossing is where the line between a pass and a failure crosses the level, in
// normal deviates over the logarithm of agents. The line bends: it may cross as far
// away again as it is from the nearer phase.
func (p *path) crossing(pass, fail *phase) place {
	above, below := max(0, pass.room()), min(0, fail.room())
	gap := portable.Log(float64(fail.agents) / float64(pass.agents))
	share := 0.5
	if above > below {
		share = above / (above - below)
	}
	nearer := pass
	if share > 0.5 {
		nearer = fail
	}
	off := max(narrowest, min(share, 1-share)*gap, halves*nearer.doubt()/p.fall(nearer))
	about := float64(pass.agents) * portable.Exp(share*gap)
	return place{about * portable.Exp(-off), about * portable.Exp(off)}
}

// fall is how fast the room falls around a phase, in standard deviations a unit
// of the logarithm of agents.
func (p *path) fall(around *phase) float64 {
	var x, y, weights []float64
	for _, one := range p.phases {
		off := portable.Log(float64(one.agents) / float64(around.agents))
		x, y = append(x, off), append(y, one.room())
		weights = append(weights, portable.Exp(-off*off/(2*bent*bent)))
	}
	_, slope := stat.LinearRegression(x, y, weights, false)
	if math.IsNaN(slope) {
		return flattest
	}
	return min(max(-slope, flattest), steepest)
}

// density turns an error of the share of calls into one of its normal deviate.
func density(s *metrics.Score) float64 {
	return distuv.UnitNormal.Prob(distuv.UnitNormal.Quantile(s.Criterion.Share))
}

// follow walks on through the phases that are known, to the number that is not;
// 0 where the bracket is closed.
func (p *path) follow(known map[int]*ran) (int, error) {
	for {
		n, err := p.next()
		if err != nil || n == 0 || known[n] == nil {
			return n, err
		}
		if err := known[n].err; err != nil {
			return 0, err
		}
		p.phases = append(p.phases, known[n].phase)
	}
}

// ahead lists a number that the path asks for and those that it is likely to ask
// for after it and that have not run.
func (p *path) ahead(n int, known map[int]*ran, most int) (wanted []int) {
	guess := path{protocol: p.protocol, near: p.near, phases: slices.Clone(p.phases), granted: map[int]bool{}}
	for err := error(nil); n > 0 && err == nil && len(wanted) < most; n, err = guess.next() {
		if one := known[n]; one != nil && one.err == nil {
			guess.phases = append(guess.phases, one.phase)
			continue
		}
		wanted = append(wanted, n)
		guess.grant(n)
	}
	return wanted
}

// grant takes the verdict for granted that is likely for a number, to see
// what the path would ask for after it.
func (p *path) grant(agents int) {
	at := p.near
	switch pass, fail := p.ends(); {
	case pass != nil && fail != nil:
		about := p.crossing(pass, fail)
		at = math.Sqrt(about.low * about.high)
	case p.near == 0:
		at = math.Inf(1) // it doubles on
	}
	p.granted[agents] = float64(agents) <= at
}

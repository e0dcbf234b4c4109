package metrics

import "math"

// Score is how a run did on one criterion.
type Score struct {
	Criterion Criterion
	Met       Interval // share of requests that met the target
	Requests  float64  // that had the measure
}

// NewScore judges a share of so many requests. Where batches show no spread at
// all, as when every request met the target, the half-width is that of the
// rule of three: of n requests without a failure, at most 3/n fail in truth.
func NewScore(c Criterion, met Interval, requests float64) Score {
	if requests > 0 {
		met.Half = max(met.Half, ruleOfThree/requests)
	}
	return Score{Criterion: c, Met: met, Requests: requests}
}

const (
	ruleOfThree = 3 // -ln(0.05)
	// looks is how many half-widths make a verdict certain that was looked at
	// again and again: about five standard deviations.
	looks = 2.5
)

// Margin is the share of requests beyond those that had to meet the target.
func (s Score) Margin() float64 { return s.Met.Mean - s.Criterion.Share }

// Pass reports whether enough requests met the target; with no request none did.
func (s Score) Pass() bool { return s.Margin() >= 0 }

// Certain reports whether more of the same run would not change Pass, although
// it was asked after every batch.
func (s Score) Certain() bool {
	return s.Requests > 0 && math.Abs(s.Margin()) > looks*s.Met.Half
}

// Sure reports whether the required share lies outside the 95 % interval.
func (s Score) Sure() bool { return s.Requests > 0 && !s.Met.Contains(s.Criterion.Share) }

// tightness orders scores by how near they are to failing. A share of 95 %
// moves less than one of 75 %, so the margin is taken in deviations of one
// request.
func (s Score) tightness() float64 {
	p := s.Criterion.Share
	return s.Margin() / math.Sqrt(p*(1-p))
}

// Verdict is how a run did on the whole service level.
type Verdict struct {
	Pass     bool
	Certain  bool    // that every pass, or at least one failure, is certain
	Tightest int     // place of the score that is nearest to failing, or fails most
	Half     float64 // of the widest interval
	Scores   []Score
}

// Conclude draws the verdict of scores, at least one.
func Conclude(scores ...Score) Verdict {
	v := Verdict{Pass: true, Certain: true, Scores: scores}
	certainFailure := false
	for i, s := range scores {
		v.Pass = v.Pass && s.Pass()
		v.Certain = v.Certain && s.Certain()
		certainFailure = certainFailure || s.Certain() && !s.Pass()
		v.Half = max(v.Half, s.Met.Half)
		if s.tightness() < scores[v.Tightest].tightness() {
			v.Tightest = i
		}
	}
	v.Certain = v.Certain || certainFailure
	return v
}

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
	ruleOfThree = 3     // -ln(0.05)
	closeEnough = 0.005 // half-width of a share below which more runs are idle (modelling.md 4.3)
)

// Margin is the share of requests beyond those that had to meet the target.
func (s Score) Margin() float64 { return s.Met.Mean - s.Criterion.Share }

// Pass reports whether enough requests met the target; with no request none did.
func (s Score) Pass() bool { return s.Margin() >= 0 }

// Certain reports whether more of the same run would hardly change Pass: the
// share required lies outside the interval, or the interval is very narrow.
func (s Score) Certain() bool {
	return s.Requests > 0 && (!s.Met.Contains(s.Criterion.Share) || s.Met.Half < closeEnough)
}

// tightness orders scores by how near they are to failing. A share of 95 %
// moves less than one of 75 %, so the margin is taken in deviations of one
// request.
func (s Score) tightness() float64 {
	p := s.Criterion.Share
	return s.Margin() / math.Sqrt(p*(1-p))
}

// Verdict is how a run did on the whole service level.
type Verdict struct {
	Pass    bool
	Certain bool    // that every pass, or at least one failure, is certain
	Limit   Measure // of the criterion that is nearest to failing, or fails most
	Scores  []Score
}

// Conclude draws the verdict of scores, at least one.
func Conclude(scores ...Score) Verdict {
	v := Verdict{Pass: true, Certain: true, Scores: scores}
	certainFailure := false
	tightest := math.Inf(1)
	for _, s := range scores {
		v.Pass = v.Pass && s.Pass()
		v.Certain = v.Certain && s.Certain()
		certainFailure = certainFailure || s.Certain() && !s.Pass()
		if t := s.tightness(); t < tightest {
			v.Limit, tightest = s.Criterion.Measure, t
		}
	}
	v.Certain = v.Certain || certainFailure
	return v
}

// Outcome is a finished request.
type Outcome struct {
	TTFTSeconds   float64
	DecodeSeconds float64 // from the first token to the last
	OutputTokens  int
}

// OutputSpeed is the tokens after the first per second of decoding. False when
// the output is shorter than least tokens or took no time.
func (o Outcome) OutputSpeed(least int) (float64, bool) {
	if o.OutputTokens < least || o.DecodeSeconds <= 0 {
		return 0, false
	}
	return float64(o.OutputTokens-1) / o.DecodeSeconds, true
}

// Judge watches a run for its service level.
type Judge struct {
	least    int
	criteria []Criterion
	batches  []Batches // by criterion
	requests []float64
}

// NewJudge starts at a time; width as for NewBatches.
func NewJudge(slo SLO, start, width float64) (*Judge, error) {
	if err := slo.Validate(); err != nil {
		return nil, err
	}
	j := &Judge{least: slo.MinOutput(), criteria: slo.Criteria()}
	j.batches = make([]Batches, len(j.criteria))
	j.requests = make([]float64, len(j.criteria))
	j.Restart(start, width)
	return j, nil
}

// Restart forgets what was seen, as at the end of a warm-up.
func (j *Judge) Restart(start, width float64) {
	for i := range j.batches {
		j.batches[i] = NewBatches(start, width)
		j.requests[i] = 0
	}
}

// Observe counts a request that finished now.
func (j *Judge) Observe(now float64, o Outcome) {
	for i, c := range j.criteria {
		value := o.TTFTSeconds
		if c.Measure == OutputSpeed {
			speed, ok := o.OutputSpeed(j.least)
			if !ok {
				continue
			}
			value = speed
		}
		met := 0.0
		if c.Meets(value) {
			met = 1
		}
		j.batches[i].Add(now, met, 1)
		j.requests[i]++
	}
}

// Verdict judges what was seen up to now.
func (j *Judge) Verdict(now float64) Verdict {
	scores := make([]Score, len(j.criteria))
	for i, c := range j.criteria {
		scores[i] = NewScore(c, j.batches[i].Ratio(now), j.requests[i])
	}
	return Conclude(scores...)
}

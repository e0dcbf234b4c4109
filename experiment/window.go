package experiment

import (
	"math"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
)

// window is what a phase has measured, as a series of slices of time. When
// there are 120 slices they are joined in pairs, so that a phase of any length
// keeps 60 to 120 of them.
type window struct {
	criteria []metrics.Criterion
	session  float64 // mean length of a session, in seconds; 0 = none outlasts the window
	hidden   float64 // factor on half-widths that holds for any session; 0 = unseen says it
	batches  int     // number of batch means from which intervals are made
	seconds  float64 // length of the next slice
	slices   []slice
	samples  []serve.Samples // of the slices, as they came: they are most of what a long phase keeps
	from     float64         // simulated time at which it begins, in seconds
	before   int64           // sessions that ended before the window
	cut      int             // number of slices at the start that are warm-up and do not count
	settled  bool            // the end of the warm-up was found
}

// slice is a span of the window.
type slice struct {
	to      float64         // simulated time at which it ends, in seconds
	tally   serve.Tally     // but for its samples
	samples int             // of the window's lists, those up to its end
	met     []metrics.Ratio // calls that meet each criterion
}

const (
	slicesMost  = 120
	slicesFirst = 60 // of a phase's least duration
)

// newWindow begins a window at the cluster's present.
func newWindow(s *configs.Scenario, c *serve.Cluster) *window {
	return &window{
		criteria: s.SLO.Criteria(),
		batches:  s.Protocol.Batches,
		from:     c.Now(),
		before:   c.Totals().Sessions,
		settled:  true,
	}
}

// add appends the slice up to now, which a tally holds.
func (w *window) add(t *serve.Tally, now float64) {
	counts := *t
	counts.Samples = serve.Samples{}
	w.samples = append(w.samples, t.Samples.Clone())
	s := slice{to: now, samples: len(w.samples), met: make([]metrics.Ratio, len(w.criteria))}
	s.tally.Merge(&counts)
	for i, c := range w.criteria {
		for _, v := range samples(t, c.Measure) {
			s.met[i].Below++
			if c.Meets(v) {
				s.met[i].Above++
			}
		}
	}
	w.slices = append(w.slices, s)
	if len(w.slices) == slicesMost {
		w.widen()
	}
}

// samples are the values of a measure, one a call that has it.
func samples(t *serve.Tally, m metrics.Measure) []float64 {
	switch m {
	case metrics.TTFT:
		return t.TTFT
	case metrics.E2ESpeed:
		return t.E2ESpeed
	}
	return t.Speed
}

// widen joins slices in pairs.
func (w *window) widen() {
	for i := range slicesMost / 2 {
		s := w.slices[2*i]
		next := &w.slices[2*i+1]
		s.to, s.samples = next.to, next.samples
		s.tally.Merge(&next.tally)
		for k := range s.met {
			s.met[k] = s.met[k].Plus(next.met[k])
		}
		w.slices[i] = s
	}
	clear(w.slices[slicesMost/2:])
	w.slices = w.slices[:slicesMost/2]
	w.seconds *= 2
}

// settle finds the warm-up at the start of the window: by MSER-5 of the calls
// of each slice, and of the share that meets each criterion.
func (w *window) settle() {
	calls := make([]float64, len(w.slices))
	for i := range w.slices {
		calls[i] = float64(w.slices[i].tally.Calls)
	}
	all := [][]float64{calls}
	for k := range w.criteria {
		all = append(all, metrics.Values(w.shares(w.slices, k)))
	}
	w.cut, w.settled = metrics.WarmUp(all...)
}

func (w *window) shares(slices []slice, criterion int) []metrics.Ratio {
	series := make([]metrics.Ratio, len(slices))
	for i := range slices {
		series[i] = slices[i].met[criterion]
	}
	return series
}

// counted are the slices that count: those after the warm-up.
func (w *window) counted() []slice { return w.slices[w.cut:] }

// span is the length of the slices that count, in seconds; length that of all.
func (w *window) span() float64   { return w.end() - w.begin(w.cut) }
func (w *window) length() float64 { return w.end() - w.from }

// begin is when a slice begins, end when the last one ends.
func (w *window) begin(slice int) float64 {
	if slice == 0 {
		return w.from
	}
	return w.slices[slice-1].to
}

func (w *window) end() float64 { return w.begin(len(w.slices)) }

// sessions and calls count what ended in the slices that count.
func (w *window) sessions() int64 {
	if len(w.slices) == 0 {
		return 0
	}
	before := w.before
	if w.cut > 0 {
		before = w.slices[w.cut-1].tally.Sessions
	}
	return w.slices[len(w.slices)-1].tally.Sessions - before
}

func (w *window) calls() (calls int64) {
	for i := range w.counted() {
		calls += w.slices[w.cut+i].tally.Calls
	}
	return calls
}

// sum is the tally of what counts.
func (w *window) sum() (t serve.Tally) {
	for i := range w.counted() {
		t.Merge(&w.slices[w.cut+i].tally)
	}
	before := 0
	if w.cut > 0 {
		before = w.slices[w.cut-1].samples
	}
	t.Samples = serve.Joined(w.samples[before:])
	return t
}

// unseen is the factor on half-widths for what batches of the window cannot see:
// sessions differ, and those that outlast the window differ from the rest as
// long as it is open. What is correlated over a time s adds 2s/w to the variance
// of a mean over a time w.
func (w *window) unseen() float64 {
	switch {
	case w.hidden > 0:
		return w.hidden
	case w.span() <= 0:
		return 1
	}
	return math.Sqrt(1 + 2*w.session/w.span())
}

// verdict judges what counts. A criterion on what no call has, such as the
// output speed of answers of one token, is met by all calls.
func (w *window) verdict() metrics.Verdict {
	scores := make([]metrics.Score, len(w.criteria))
	calls := float64(w.calls())
	for k, c := range w.criteria {
		series := w.shares(w.counted(), k)
		requests := 0.0
		for _, r := range series {
			requests += r.Below
		}
		met := metrics.BatchMeans(series, w.batches)
		met.Half *= w.unseen()
		if requests == 0 && calls > 0 {
			met, requests = metrics.Interval{Mean: 1}, calls
		}
		scores[k] = metrics.NewScore(c, met, requests)
	}
	return metrics.Conclude(scores...)
}

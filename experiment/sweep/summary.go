package sweep

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"agentsim/configs"
	"agentsim/metrics"
)

// Summary is what a table of results says.
type Summary struct {
	Study      string      `json:"study"`
	Question   string      `json:"question,omitempty"`
	Objectives []Objective `json:"objectives"`
	Points     int         `json:"points"`
	Infeasible int         `json:"infeasible"`
	Failed     int         `json:"failed"`

	Best    []Standing `json:"best"`    // by the first objective, best first
	Front   []Standing `json:"front"`   // not beaten in all objectives by any other (Pareto)
	Effects []Effect   `json:"effects"` // of each axis on the first objective
}

// Standing is a combination of settings with what the objectives came to, on
// average over its replications.
type Standing struct {
	Points   []int64    `json:"points"`
	Settings []string   `json:"settings"` // one an axis
	Scores   []Estimate `json:"scores"`   // one an objective
	// Intervals are where scores lie by the errors of the model, one an objective;
	// null where nothing is known of its.
	Intervals []*metrics.Quantiles `json:"model_intervals"`
}

// Estimate is a mean with its 95 % interval; without replications the
// interval is the mean.
type Estimate struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
}

// Effect is how an axis bears on the first objective, the others averaged out.
type Effect struct {
	Axis   string  `json:"axis"`
	Share  float64 `json:"share"` // of the variance that the axis alone explains
	Levels []Level `json:"levels"`
}

// Level is the mean of the first objective where the axis has a value, or lies
// in an interval of values.
type Level struct {
	Value string `json:"value"`
	Estimate
}

// Summarise works out the best points, the Pareto front and the effects of
// the axes.
func (t *Table) Summarise(best int) (*Summary, error) {
	columns, err := t.objectiveColumns()
	if err != nil {
		return nil, err
	}
	s := &Summary{Study: t.Study, Question: t.Question, Objectives: t.Objectives, Points: len(t.Rows)}
	status, _ := t.Column(statusColumn)
	for _, r := range t.Rows {
		switch r[status].Text {
		case Infeasible:
			s.Infeasible++
		case Failed:
			s.Failed++
		}
	}
	all := t.standings(columns)
	s.Front = front(all, t.Objectives)
	slices.SortStableFunc(all, func(a, b Standing) int { return t.Objectives[0].compare(a.Scores[0], b.Scores[0]) })
	s.Best = all[:min(best, len(all))]
	for i := range t.Axes {
		s.Effects = append(s.Effects, t.effect(i, columns[0]))
	}
	slices.SortStableFunc(s.Effects, func(a, b Effect) int { return cmp.Compare(b.Share, a.Share) })
	return s, nil
}

func (t *Table) objectiveColumns() ([]int, error) {
	var columns []int
	for _, o := range t.Objectives {
		i, ok := t.Column(o.Metric)
		if !ok || t.Columns[i].Kind == Text {
			return nil, &configs.Error{Path: "objectives", Value: o.Metric,
				Problem: "is no column of numbers in the results, or the end of several"}
		}
		columns = append(columns, i)
	}
	return columns, nil
}

// compare puts the better first.
func (o Objective) compare(a, b Estimate) int {
	if o.Goal == goalMin {
		return cmp.Compare(a.Mean, b.Mean)
	}
	return cmp.Compare(b.Mean, a.Mean)
}

// standings gathers the replications of each combination; those without a
// value in any objective are left out.
func (t *Table) standings(columns []int) []Standing {
	replication, _ := t.Column(replicationColumn)
	combination := func(r []Cell) int64 { return r[0].Whole - r[replication].Whole }
	var list []Standing
	for first := 0; first < len(t.Rows); {
		last := first + 1
		for last < len(t.Rows) && combination(t.Rows[last]) == combination(t.Rows[first]) {
			last++
		}
		if s, ok := t.standing(t.Rows[first:last], columns); ok {
			list = append(list, s)
		}
		first = last
	}
	return list
}

func (t *Table) standing(rows [][]Cell, columns []int) (Standing, bool) {
	var s Standing
	for _, r := range rows {
		s.Points = append(s.Points, r[0].Whole)
	}
	for i := range t.Axes {
		at := t.axisColumn(i)
		s.Settings = append(s.Settings, t.Columns[at].Show(rows[0][at]))
	}
	for _, c := range columns {
		var values []float64
		for _, r := range rows {
			if r[c].Known {
				values = append(values, r[c].Number)
			}
		}
		if len(values) == 0 {
			return s, false
		}
		s.Scores = append(s.Scores, NewEstimate(values))
		s.Intervals = append(s.Intervals, t.interval(rows, t.Columns[c].Name))
	}
	return s, true
}

// interval is where a figure of a capacity lies by the errors of the model, on
// average over replications.
func (t *Table) interval(rows [][]Cell, column string) *metrics.Quantiles {
	of, ok := strings.CutPrefix(column, "capacity.")
	if !ok {
		return nil
	}
	mean := func(quantile string) (float64, bool) {
		at, ok := t.Column(intervalColumns + of + "." + quantile)
		var values []float64
		for _, r := range rows {
			if ok && r[at].Known {
				values = append(values, r[at].Number)
			}
		}
		return stat.Mean(values, nil), len(values) > 0
	}
	p10, known := mean("p10")
	p50, _ := mean("p50")
	p90, _ := mean("p90")
	if !known {
		return nil
	}
	return &metrics.Quantiles{P10: p10, P50: p50, P90: p90}
}

// axisColumn is where the columns of the axes stand; earlier results do not tell
// what makes a point.
func (t *Table) axisColumn(axis int) int {
	i, ok := t.Column(setColumn)
	if !ok {
		i, _ = t.Column(errorColumn)
	}
	return i + 1 + axis
}

// NewEstimate is the mean of values with the 95 % interval of Student's t.
func NewEstimate(values []float64) Estimate {
	mean, deviation := stat.MeanStdDev(values, nil)
	e := Estimate{mean, mean, mean, len(values)}
	if n := float64(len(values)); n > 1 {
		const upper = 0.975
		half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(upper) * deviation / math.Sqrt(n)
		e.Low, e.High = mean-half, mean+half
	}
	return e
}

// front keeps what no other beats in one objective without losing in another,
// in the order of the first objective; of equal ones the first stands for all.
// A point can only be beaten by one that is before it when all are sorted by
// their scores.
func front(all []Standing, objectives []Objective) []Standing {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Standing) int {
		for i, o := range objectives {
			if c := o.compare(a.Scores[i], b.Scores[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	var kept []Standing
	for i := range sorted {
		if !slices.ContainsFunc(kept, func(o Standing) bool { return asGood(&o, &sorted[i], objectives) }) {
			kept = append(kept, sorted[i])
		}
	}
	return kept
}

// asGood reports whether a is at least as good as b in all objectives.
func asGood(a, b *Standing, objectives []Objective) bool {
	for i, o := range objectives {
		if o.compare(a.Scores[i], b.Scores[i]) > 0 {
			return false
		}
	}
	return true
}

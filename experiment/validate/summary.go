package validate

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// compare sets predictions beside measurements.
func (b *batch) compare() *Result {
	r := &Result{Rows: len(b.cases), Cases: []Comparison{}, Skipped: []Skipped{}}
	for i := range b.cases {
		c := &b.cases[i]
		if why := b.jobs[i].why; why != "" {
			r.Skipped = append(r.Skipped, Skipped{ID: c.ID, Why: why})
			continue
		}
		r.Simulated++
		for _, m := range Metrics() {
			if c.Measured[m] == 0 {
				continue
			}
			off := b.predicted[i][m]/c.Measured[m] - 1
			if m.share() {
				off = b.predicted[i][m] - c.Measured[m]
			}
			compared := Comparison{
				ID:        c.ID,
				Metric:    m.String(),
				Measured:  c.Measured[m],
				Predicted: b.predicted[i][m],
				Error:     off,
				Date:      c.Date,
				Load:      c.loadKind(),
				MTP:       c.MTP,
				Engine:    c.Engine,
				System:    c.System,
				Mode:      c.Mode,
				Model:     c.Model,
			}
			if ends := &b.bands[i]; ends[0][m] > 0 && ends[1][m] > 0 {
				compared.Band = &[2]float64{min(ends[0][m], ends[1][m]), max(ends[0][m], ends[1][m])}
				outside := between(c.Measured[m], ends[0][m], ends[1][m], m.share())
				compared.Outside = &outside
			}
			r.Cases = append(r.Cases, compared)
		}
	}
	r.sum()
	r.Factors = b.factors()
	return r
}

// summarise sums up the errors of the chosen comparisons by metric.
func summarise(all []Comparison, chosen func(*Comparison) bool) map[string]Errors {
	errors := map[string][]float64{}
	for i := range all {
		if c := &all[i]; chosen(c) {
			errors[c.Metric] = append(errors[c.Metric], c.Error)
		}
	}
	sums := map[string]Errors{}
	for metric, list := range errors {
		sums[metric] = sumUp(list)
	}
	return sums
}

// sumUp is the summary of a list of signed errors.
func sumUp(errors []float64) Errors {
	n := len(errors)
	e := Errors{N: n}
	if n == 0 {
		return e
	}
	sizes := make([]float64, n)
	for i, x := range errors {
		sizes[i] = math.Abs(x)
		e.MAPE += sizes[i] / float64(n)
		e.Bias += x / float64(n)
	}
	e.MedianAPE = middle(sizes)
	return e
}

// middle is the median; of an even number, the mean of the two in the middle.
func middle(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	const both = 2
	return (values[(n-1)/both] + values[n/both]) / both
}

// groups sums up by each property, cases with speculative decoding apart.
func groups(all []Comparison) []Group {
	var list []Group
	for _, p := range []struct {
		by    string
		value func(*Comparison) string
	}{
		{"system", func(c *Comparison) string { return c.System }},
		{"engine", func(c *Comparison) string { return c.Engine }},
		{"mode", func(c *Comparison) string { return c.Mode }},
		{"model", func(c *Comparison) string { return c.Model }},
	} {
		list = append(list, groupsBy(all, p.by, p.value)...)
	}
	return list
}

func groupsBy(all []Comparison, by string, value func(*Comparison) string) []Group {
	var list []Group
	for i := range all {
		g := Group{By: by, Value: value(&all[i]), MTP: all[i].MTP}
		if slices.ContainsFunc(list, func(h Group) bool { return h.Value == g.Value && h.MTP == g.MTP }) {
			continue
		}
		g.Summary = summarise(all, func(c *Comparison) bool { return value(c) == g.Value && c.MTP == g.MTP })
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		if a.MTP != b.MTP {
			if a.MTP {
				return 1
			}
			return -1
		}
		return cmp.Compare(strings.ToLower(a.Value), strings.ToLower(b.Value))
	})
	return list
}

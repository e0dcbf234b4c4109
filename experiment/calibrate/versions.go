package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// Where an older version of a kernel was measured at shapes that the newest was
// not, its rows are moved to the newest: by the ratio of the two versions at a
// shape that both measure, the same format, distribution and split over ranks,
// and as many rows an expert, by which such kernels choose their tiles. Of
// several shapes the one counts whose weights on a rank are nearest in size.

// measuredAt is what a ratio of two versions belongs to, beside the rows an
// expert.
type measuredAt struct {
	dtype, routing string
	shape          curveShape
}

func at(x *sample) measuredAt {
	w := x.experts
	return measuredAt{x.dtype, x.routing, curveShape{w.Hidden, w.Inner, w.Experts, w.TopK, w.TP, w.EP}}
}

// weights is the relative size of the weights on a rank.
func (m measuredAt) weights() float64 {
	s := m.shape
	return float64(s.hidden) * float64(s.inner) * float64(s.experts) / float64(s.tp*s.ep)
}

// perExpert is how many rows an expert has at so many tokens.
func (m measuredAt) perExpert(tokens float64) float64 {
	return tokens * float64(m.shape.topK) / float64(m.shape.experts)
}

// gain is what a newer version takes of the time of an older, at one load.
type gain struct{ perExpert, log float64 }

// gains are the gains of one shape in the order of the load.
type gains map[measuredAt][]gain

// row is one point of a table.
type row struct {
	measuredAt
	tokens float64
}

// logs is the mean logarithm of the seconds of each row: tables repeat some.
func logs(samples []sample) map[row]float64 {
	mean, n := map[row]float64{}, map[row]float64{}
	for i := range samples {
		key := row{at(&samples[i]), samples[i].experts.GroupTokens}
		n[key]++
		mean[key] += (math.Log(samples[i].seconds) - mean[key]) / n[key]
	}
	return mean
}

// gainsOf compares the rows that two versions share.
func gainsOf(older, newer []sample) gains {
	after := logs(newer)
	out := gains{}
	for key, before := range logs(older) {
		if log, ok := after[key]; ok {
			out[key.measuredAt] = append(out[key.measuredAt], gain{key.perExpert(key.tokens), log - before})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b gain) int { return cmp.Compare(a.perExpert, b.perExpert) })
	}
	return out
}

// of is the gain at a shape and load, from the nearest shape that is not left
// out, and that shape; false for none of that format and distribution.
func (g gains) of(m measuredAt, perExpert float64, without *measuredAt) (float64, measuredAt, bool) {
	var best measuredAt
	least := math.Inf(1)
	for _, o := range g.shapes() {
		if o.dtype != m.dtype || o.routing != m.routing || without != nil && o == *without {
			continue
		}
		d := splitWeight*(logRatio(o.shape.tp, m.shape.tp)+logRatio(o.shape.ep, m.shape.ep)) +
			math.Abs(math.Log(o.weights()/m.weights()))
		if d < least {
			best, least = o, d
		}
	}
	if math.IsInf(least, 1) {
		return 0, best, false
	}
	near := g[best][0]
	for _, x := range g[best] {
		if math.Abs(math.Log(x.perExpert/perExpert)) < math.Abs(math.Log(near.perExpert/perExpert)) {
			near = x
		}
	}
	return near.log, best, true
}

// splitWeight puts the split over ranks before the size of the weights
// (numerical: sizes differ by less than e^100).
const splitWeight = 100

func logRatio(a, b int) float64 { return math.Abs(math.Log(float64(a) / float64(b))) }

func (g gains) shapes() []measuredAt {
	var list []measuredAt
	for m := range g {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b measuredAt) int {
		return cmp.Or(cmp.Compare(a.dtype, b.dtype), cmp.Compare(a.routing, b.routing),
			slices.Compare(a.shape.list(), b.shape.list()))
	})
	return list
}

// carried is how well a gain holds at another shape: the deviation, in the
// logarithm, of the gain at each measured split from that of the nearest other.
func (g gains) carried() float64 {
	sum, n := 0.0, 0
	for _, m := range g.shapes() {
		for _, x := range g[m] {
			if log, _, ok := g.of(m, x.perExpert, &m); ok {
				sum += (log - x.log) * (log - x.log)
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return math.Sqrt(sum / float64(n))
}

// succession is a kernel that newer versions run faster.
type succession struct {
	group  string // of the older version's rows as measured
	since  string // the newest version
	older  string
	spread float64 // of the moved times, in the logarithm
	from   string  // shapes whose ratios they were moved by
	rows   int     // that were moved
}

// outdated is the group of an older version's own rows.
func outdated(group, version string) string {
	return group + "-" + strings.ReplaceAll(version, ".", "-")
}

// advance moves the rows of a group that older versions measured to the newest,
// and keeps them as they were under a group of their own. Rows that the newest
// has too are dropped from the first. It returns the group with what it was
// made of, nil where there is one version.
func advance(group string, samples []sample) ([]sample, *succession) {
	newest := samples[0].version
	for i := range samples {
		if hardware.CompareVersions(samples[i].version, newest) > 0 {
			newest = samples[i].version
		}
	}
	var newer, older []sample
	for _, x := range samples {
		if x.version == newest {
			newer = append(newer, x)
		} else {
			older = append(older, x)
		}
	}
	if len(older) == 0 {
		return samples, nil
	}
	g := gainsOf(older, newer)
	if len(g) == 0 {
		return samples, nil // no shape in common: nothing says how they differ
	}
	s := &succession{since: newest, older: older[0].version, spread: g.carried()}
	s.group = outdated(group, s.older)
	have, shapes := map[measuredAt]bool{}, map[string]bool{}
	for i := range newer {
		have[at(&newer[i])] = true
	}
	for _, x := range older {
		m := at(&x)
		if !have[m] {
			if log, from, ok := g.of(m, m.perExpert(x.experts.GroupTokens), nil); ok {
				moved := x
				moved.seconds *= math.Exp(log)
				moved.moved = true
				newer = append(newer, moved)
				shapes[fmt.Sprintf("%d x %d, %d experts", from.shape.hidden, from.shape.inner, from.shape.experts)] = true
				s.rows++
			}
		}
		x.group = s.group
		newer = append(newer, x)
	}
	s.from = strings.Join(sortedKeys(shapes), "; ")
	return newer, s
}

// within is how many standard deviations from the middle 90 % of a normal
// distribution lie (definition of its quantile).
const within = 1.6448536269514722

// succeed links a kernel to the one before it. Its constants are as sure as
// their fit and the ratios together.
func (f *fitted) succeed(path, group string, s *succession) {
	e, ok := f.set.Experts[group]
	if _, older := f.set.Experts[s.group]; !ok || !older {
		return
	}
	e.Since, e.Before = s.since, s.group
	f.set.Experts[group] = e
	source := f.set.Sources[path]
	spread := within * math.Hypot(source.MAPE*math.Sqrt(math.Pi/2), s.spread)
	source.Range = [2]float64{roundTo(math.Exp(-spread), 2), roundTo(math.Exp(spread), 2)}
	source.Note = strings.TrimPrefix(fmt.Sprintf("%s; shapes measured in %s alone (%d rows) are moved by the ratio of "+
		"the two versions at as many rows an expert of %s, which carries over to another split within %.0f %%",
		source.Note, s.older, s.rows, s.from, 100*(math.Exp(s.spread)-1)), "; ")
	f.set.Sources[path] = source
}

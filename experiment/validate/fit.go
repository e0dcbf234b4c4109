package validate

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/models/hardware"
)

// Fit fits the hierarchy of errors of every quantity to the comparisons of
// results. Date is that of the fit.
// What an earlier one
// knows to have been released sooner than it ran in public is kept.
func Fit(results []*Result, before *configs.Accuracy, date string) (*configs.Accuracy, error) {
	g, err := gather(results, accelerators{})
	if err != nil {
		return nil, err
	}
	for _, f := range before.First {
		g.seen(f.Of, f.Date)
	}
	a := &configs.Accuracy{Name: "serving", Date: date, First: g.first()}
	// Published gains of weeks: 1.6 times on GB300 in a month, over 10 on MI355X
	// in the first weeks of a model.
	a.Early = configs.Early{Days: 30, Slower: 1.6, Worst: 10}
	for _, name := range g.names() {
		f, err := fit(g.samples[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		a.Quantities = append(a.Quantities, f.quantity(name))
	}
	a.Sources = hardware.Sources{}
	a.Sources["quantities"] = hardware.Source{
		Basis:  fittedBasis,
		Source: fmt.Sprintf("agentsim validate --fit, %d public runs", len(g.runs)),
		MAPE:   g.off,
		Points: len(g.runs),
	}
	a.Sources["early"] = hardware.Source{
		Basis: publishedBasis,
		Source: "InferenceX and its pull requests: 1.6 times in a month (GB300, TensorRT-LLM), " +
			"over 10 in the first weeks of a model (MI355X)",
	}
	a.Sources["first"] = hardware.Source{
		Basis:  publishedBasis,
		Source: "dates of the public runs themselves; DeepSeek-V4 was released on 2026-04-23",
	}
	return a, nil
}

// gathered is the runs of results by what they tell of.
type gathered struct {
	samples map[string][]sample // by quantity, one a run
	runs    map[string]bool
	dates   map[string]string // earliest, by model and accelerator
	stacks  []*configs.Stack  // of the runs, each once
	off     float64           // mean |error| of decode times
}

// gather sorts results by what they tell of. Systems are those known beside the
// presets.
func gather(results []*Result, systems accelerators) (*gathered, error) {
	g := &gathered{samples: map[string][]sample{}, runs: map[string]bool{}, dates: map[string]string{}}
	points := 0
	for _, r := range results {
		for from := 0; from < len(r.Cases); {
			to := from
			for to < len(r.Cases) && r.Cases[to].ID == r.Cases[from].ID {
				to++
			}
			run := r.Cases[from:to]
			from = to
			stack, err := systems.stack(&run[0])
			if err != nil {
				return nil, err
			}
			g.runs[run[0].ID] = true
			if !slices.ContainsFunc(g.stacks, func(s *configs.Stack) bool { return slices.Equal(s.Path(), stack.Path()) }) {
				g.stacks = append(g.stacks, stack)
			}
			g.add(run, stack)
			for i := range run {
				if strings.HasSuffix(quantity(&run[i]), configs.Decode) {
					g.off += math.Abs(run[i].Error)
					points++
				}
			}
		}
	}
	if len(g.runs) == 0 {
		return nil, fmt.Errorf("no runs to fit to")
	}
	g.off /= float64(max(1, points))
	return g, nil
}

// add takes the mean error of every quantity of a run.
func (g *gathered) add(run []Comparison, stack *configs.Stack) {
	told := map[string][]*Comparison{}
	for i := range run {
		if c := &run[i]; c.usable() {
			told[quantity(c)] = append(told[quantity(c)], c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		s := sample{path: stack.Path(), told: told[name]}
		for _, c := range s.told {
			s.value += c.off() / float64(len(s.told))
		}
		g.samples[name] = append(g.samples[name], s)
		if load, what, _ := strings.Cut(name, "."); load != draftLoad && ofAnyLoad(what) {
			g.samples[anyLoad+what] = append(g.samples[anyLoad+what], s)
		}
	}
	g.seen(stack.Model, stack.Date)
	g.seen(stack.Accelerator.Name, stack.Date)
}

// names lists the quantities that enough runs tell of.
func (g *gathered) names() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(g.samples)) {
		if len(g.samples[name]) >= runsLeast {
			names = append(names, name)
		}
	}
	return names
}

// seen keeps the earliest date of a model or an accelerator.
func (g *gathered) seen(of, date string) {
	if before, ok := g.dates[of]; date != "" && (!ok || date < before) {
		g.dates[of] = date
	}
}

// ofAnyLoad names the quantities that are also fitted to runs of every load whose
// depth of speculation is known: what a stack does to a step and to its watts.
func ofAnyLoad(what string) bool { return what == "decode" || what == "watts" }

// anyLoad begins the names of such quantities.
const anyLoad = "any."

// runsLeast is how many runs a hierarchy is fitted to at the least.
const runsLeast = 8

func (g *gathered) first() []configs.FirstRun {
	var list []configs.FirstRun
	for _, of := range slices.Sorted(maps.Keys(g.dates)) {
		list = append(list, configs.FirstRun{Of: of, Date: g.dates[of]})
	}
	return list
}

// fitted is the hierarchy of a quantity with its runs.
type fitted struct {
	samples []sample // as they are
	clipped []sample // those far out drawn in
	spreads spreads
	root    *node
}

// Runs that lie further from the median than that many standard deviations, by
// the median deviation, are taken to lie there: a queue that collapsed tells
// nothing of a step.
const farOut = 3

// fromMedian is the standard deviation of a normal distribution over the median
// of its absolute deviation.
const fromMedian = 1.4826

func fit(samples []sample) (*fitted, error) {
	values := make([]float64, len(samples))
	for i := range samples {
		values[i] = samples[i].value
	}
	centre := middle(slices.Clone(values))
	for i := range values {
		values[i] = math.Abs(values[i] - centre)
	}
	const least = 0.01 // of a standard deviation
	scale := max(least, fromMedian*middle(values))
	f := &fitted{samples: samples, clipped: slices.Clone(samples)}
	for i := range f.clipped {
		s := &f.clipped[i]
		s.value = min(max(s.value, centre-farOut*scale), centre+farOut*scale)
	}
	f.root = plant(f.clipped)
	var err error
	if f.spreads, err = estimate(f.root, len(configs.StackLevels()), scale); err != nil {
		return nil, err
	}
	solve(f.root, &f.spreads)
	return f, nil
}

// quantity is the hierarchy as a preset holds it.
func (f *fitted) quantity(name string) configs.Quantity {
	q := configs.Quantity{
		Of:     name,
		Rows:   len(f.samples),
		Centre: digits(f.root.here.mean()),
		Error:  digits(1 / math.Sqrt(f.root.here.precision)),
		Within: digits(math.Sqrt(f.spreads.within)),
		Seen:   digits(f.width(f.seen())),
		Unseen: digits(f.width(f.unseen())),
	}
	for _, v := range f.spreads.levels {
		q.Levels = append(q.Levels, digits(math.Sqrt(v)))
	}
	q.Nodes = f.root.places()
	return q
}

// places are all nodes below one, as a preset holds them.
func (n *node) places() (list []configs.StackNode) {
	n.each("", func(path string, n *node) {
		list = append(list, configs.StackNode{
			Stack:  path,
			Rows:   n.rows,
			Centre: digits(n.here.mean()),
			Error:  digits(1 / math.Sqrt(n.here.precision)),
			Within: digits(math.Sqrt(n.within)),
		})
	})
	return list
}

func (n *node) each(above string, visit func(path string, n *node)) {
	for _, c := range n.children {
		path := c.name
		if above != "" {
			path = above + "/" + c.name
		}
		visit(path, c)
		c.each(path, visit)
	}
}

func digits(x float64) float64 {
	const places = 1e4
	return math.Round(x*places) / places
}

// ownStack is the part of a path that makes a stack of its own.
func ownStack(path []string) string { return strings.Join(path[:min(len(path), ownLevels)], "/") }

const ownLevels = 4 // engine, generation, model family, accelerator

// seen are the distances of runs from what all other runs say, in standard
// deviations, where the stack has others.
func (f *fitted) seen() (distances []float64) {
	for i, s := range f.samples {
		root := without(f.clipped, &f.spreads, func(k int) bool { return k == i })
		if root == nil {
			continue
		}
		if _, _, _, depth := root.place(s.path, &f.spreads); depth < ownLevels {
			continue
		}
		centre, deviation := root.predict(s.path, &f.spreads)
		distances = append(distances, math.Abs(s.value-centre)/deviation)
	}
	return distances
}

// unseen are the same where all runs of the stack are left out.
func (f *fitted) unseen() (distances []float64) {
	for _, stack := range f.stacks() {
		root := f.leaveOut(stack)
		if root == nil {
			continue
		}
		for _, s := range f.samples {
			if ownStack(s.path) == stack {
				centre, deviation := root.predict(s.path, &f.spreads)
				distances = append(distances, math.Abs(s.value-centre)/deviation)
			}
		}
	}
	return distances
}

func (f *fitted) stacks() []string {
	all := map[string]bool{}
	for _, s := range f.samples {
		all[ownStack(s.path)] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func (f *fitted) leaveOut(stack string) *node {
	return without(f.clipped, &f.spreads, func(k int) bool { return ownStack(f.clipped[k].path) == stack })
}

// width is how many standard deviations hold the share of runs that P10 to P90
// shall hold; of too few runs, those of a normal distribution.
func (f *fitted) width(distances []float64) float64 {
	const (
		least  = 10
		normal = 1.2816 // the 90th percentile
		held   = 0.82   // between the 75 and the 90 % that intervals are asked to hold
	)
	if len(distances) < least {
		return normal
	}
	slices.Sort(distances)
	return metrics.Quantile(distances, held)
}

// Folds are the errors of every stack as they look without its own runs, and how
// often figures lie between the P10 and P90 that others give: by metric, without
// their stack and without their run alone.
func Folds(results []*Result) ([]Fold, []LeftOut, error) {
	g, err := gather(results, accelerators{})
	if err != nil {
		return nil, nil, err
	}
	var list []Fold
	out := leftOut{}
	for _, name := range g.names() {
		f, err := fit(g.samples[name])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		width := f.width(f.unseen())
		for _, stack := range f.stacks() {
			if root := f.leaveOut(stack); root != nil {
				list = append(list, f.fold(name, stack, root, width))
			}
		}
		if !strings.HasPrefix(name, anyLoad) { // whose runs are those of other quantities
			f.leaveEachOut(out, width)
		}
	}
	slices.SortStableFunc(list, func(a, b Fold) int { return cmp.Compare(a.Quantity, b.Quantity) })
	return list, out.list(), nil
}

func (f *fitted) fold(name, stack string, root *node, width float64) Fold {
	out := Fold{Quantity: name, Stack: stack}
	size := func(x float64) float64 {
		if strings.HasSuffix(name, ".hit") {
			return math.Abs(x)
		}
		return math.Abs(math.Expm1(x))
	}
	var before, after []float64
	for _, s := range f.samples {
		if ownStack(s.path) != stack {
			continue
		}
		centre, deviation := root.predict(s.path, &f.spreads)
		out.N++
		out.Centre += centre
		out.Spread += width * deviation
		if math.Abs(s.value-centre) <= width*deviation {
			out.Inside++
		}
		before, after = append(before, size(s.value)), append(after, size(s.value-centre))
	}
	n := float64(out.N)
	out.Centre, out.Spread, out.Inside = out.Centre/n, out.Spread/n, out.Inside/n
	out.Before, out.After = middle(before), middle(after)
	return out
}

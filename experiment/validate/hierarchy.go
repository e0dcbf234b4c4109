package validate

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

// A hierarchy of errors is a tree of normal distributions: the centre of a node
// is drawn around that of its parent with the spread of its level, and runs are
// drawn around the centre of their leaf with the spread within. The spreads are
// those that make the runs likeliest, all centres integrated out (empirical
// Bayes); a node's centre is then its mean given all runs, which shrinks it
// towards its parent by as much as its own runs are few or scattered.

// sample is a run of a stack.
type sample struct {
	path  []string // the stack by level
	value float64  // logarithm of predicted over measured, the mean of the run's metrics
	told  []*Comparison
}

// node is a place of the tree.
type node struct {
	name     string
	children []*node
	values   []float64 // of runs whose path ends here
	told     gaussian  // what runs that are not kept say of the centre, those below children aside

	own, here gaussian // what runs below say; the same with what comes from above
	rows      int
	within    float64 // variance of runs around their leaf's centre; of a stack of its own
}

// gaussian is a normal density of a centre, up to a factor; 0 says nothing.
type gaussian struct{ precision, weighted float64 }

func (g gaussian) mean() float64 { return g.weighted / g.precision }

// widened is the density of a centre that lies around this one.
func (g gaussian) widened(variance float64) gaussian {
	if g.precision == 0 {
		return g
	}
	p := 1 / (1/g.precision + variance)
	return gaussian{p, p * g.mean()}
}

func (g gaussian) times(h gaussian) gaussian {
	return gaussian{g.precision + h.precision, g.weighted + h.weighted}
}

func (g gaussian) over(h gaussian) gaussian {
	return gaussian{g.precision - h.precision, g.weighted - h.weighted}
}

// plant builds the tree of samples, children in the order of their names.
func plant(samples []sample) *node {
	root := &node{}
	root.graft(samples)
	return root
}

func (n *node) sort() {
	slices.SortFunc(n.children, func(a, b *node) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	for _, c := range n.children {
		c.sort()
	}
}

// spreads are the parameters of a tree: variances between children by level,
// and within a leaf.
type spreads struct {
	levels []float64
	within float64
}

// up gathers what the runs below every node say of its centre, and returns the
// logarithm of their likelihood, the centre of the root integrated out of
// nothing: differences of it are what count.
func (n *node) up(v *spreads, depth int) (likelihood float64) {
	var all []gaussian
	for _, x := range n.values {
		all = append(all, gaussian{1 / v.within, x / v.within})
	}
	for _, c := range n.children {
		likelihood += c.up(v, depth+1)
		all = append(all, c.own.widened(v.levels[depth]))
	}
	n.own = n.told
	for _, g := range all {
		n.own = n.own.times(g)
		likelihood += (math.Log(g.precision) - g.weighted*g.mean()) / 2
	}
	return likelihood + (n.own.weighted*n.own.mean()-math.Log(n.own.precision))/2
}

// down hands every node what the rest of the tree says.
func (n *node) down(above gaussian, v *spreads, depth int) {
	n.here = n.own.times(above)
	for _, c := range n.children {
		rest := n.here.over(c.own.widened(v.levels[depth]))
		c.down(rest.widened(v.levels[depth]), v, depth+1)
	}
}

// estimate finds the spreads of a tree by maximum likelihood. Each is bounded
// below by a small part of the runs' own, so that no level is certain.
func estimate(root *node, levels int, scale float64) (spreads, error) {
	least := scale * scale * 1e-3
	from := func(x []float64) spreads {
		v := spreads{levels: make([]float64, levels), within: least + math.Exp(x[levels])}
		for i := range v.levels {
			v.levels[i] = least + math.Exp(x[i])
		}
		return v
	}
	begin := make([]float64, levels+1)
	for i := range begin {
		begin[i] = math.Log(scale * scale / float64(levels+1))
	}
	// Levels with a few children say next to nothing of their spread: each variance
	// has a lognormal prior at an equal share of the runs' own, wide enough (a
	// factor of 4.5 either way is one standard deviation) to yield to ten of them.
	const prior = 1.5
	problem := optimize.Problem{Func: func(x []float64) float64 {
		penalty := 0.0
		for i, l := range x {
			off := (l - begin[i]) / prior
			penalty += off * off / 2
		}
		v := from(x)
		return penalty - root.up(&v, 0)
	}}
	settings := &optimize.Settings{FuncEvaluations: 4000}
	found, err := optimize.Minimize(problem, begin, settings, &optimize.NelderMead{})
	if found == nil {
		return spreads{}, err
	}
	return from(found.X), nil // the best point so far also where evaluations ran out
}

// scatter finds the variance of the runs of every stack around what they are
// predicted from, shrunk towards that of all stacks: as if each had so many more
// runs that scatter as all do.
func (n *node) scatter(v *spreads, depth int) {
	const prior = scatterPrior
	if depth == ownLevels {
		sum, count := n.squares()
		n.within = (prior*v.within + sum) / (prior + count)
		return
	}
	for _, c := range n.children {
		c.scatter(v, depth+1)
	}
}

// scatterPrior is how many runs that scatter as all do every stack is taken to have.
const scatterPrior = 8

// squares sums the squares of the runs' distances from their leaves' centres.
func (n *node) squares() (sum, count float64) {
	for _, x := range n.values {
		off := x - n.here.mean()
		sum, count = sum+off*off, count+1
	}
	for _, c := range n.children {
		s, k := c.squares()
		sum, count = sum+s, count+k
	}
	return sum, count
}

// place walks a path as far as the tree has it: the centre there, its variance,
// that of runs, and how deep it is.
func (n *node) place(path []string, v *spreads) (centre, variance, within float64, depth int) {
	at := n
	within = v.within
	for _, name := range path {
		i := slices.IndexFunc(at.children, func(c *node) bool { return c.name == name })
		if i < 0 {
			break
		}
		at = at.children[i]
		if depth++; depth == ownLevels {
			within = at.within
		}
	}
	return at.here.mean(), 1 / at.here.precision, within, depth
}

// predict is the distribution of a run on a path: centre and standard deviation.
func (n *node) predict(path []string, v *spreads) (centre, deviation float64) {
	centre, variance, within, depth := n.place(path, v)
	for _, between := range v.levels[depth:] {
		variance += between
	}
	return centre, math.Sqrt(variance + within)
}

// without solves the tree of the samples that are left.
func without(samples []sample, v *spreads, out func(i int) bool) *node {
	var rest []sample
	for i, s := range samples {
		if !out(i) {
			rest = append(rest, s)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return solve(plant(rest), v)
}

// solve finds the centres of a tree.
func solve(root *node, v *spreads) *node {
	root.up(v, 0)
	root.down(gaussian{}, v, 0)
	root.scatter(v, 0)
	return root
}

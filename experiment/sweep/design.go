package sweep

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/samplemv"

	"agentsim/configs"
	"agentsim/sim"
)

// combination is a way to number the points of a study.
type combination struct {
	axes  []*axis
	count int
	// at lists the texts of a point, one an axis; empty = as in the base.
	at func(point int) []string
}

// countMax is more than any study may have: the lists of its points must fit
// in memory.
const countMax = 1 << 28

// countMin is the number of combinations as far as the study alone tells:
// patterns of presets may mean more.
func (d *Design) countMin() int {
	switch d.Combine {
	case List:
		return len(d.List)
	case LatinHypercube, Halton:
		return min(countMax, d.Points)
	}
	count := 1
	for _, a := range d.Axes {
		n := len(a.Values) + len(a.Presets)
		for _, r := range []*Range{a.Range, a.LogRange} {
			if r != nil {
				n = r.Steps
			}
		}
		if count = min(countMax, count*min(countMax, n)); d.Combine == Zip {
			return count
		}
	}
	return count
}

func combine(b *base, d *Design) (*combination, error) {
	if d.Combine == List {
		return explicit(b, d.List)
	}
	c := &combination{}
	for i := range d.Axes {
		x, err := newAxis(b, &d.Axes[i], fmt.Sprintf("axes[%d]", i))
		if err != nil {
			return nil, err
		}
		c.axes = append(c.axes, x)
	}
	switch d.Combine {
	case Zip:
		return c, c.zip()
	case LatinHypercube, Halton:
		c.sample(d)
		return c, nil
	}
	return c, c.grid()
}

// distinct refuses an axis with one value twice.
func (x *axis) distinct(at string) error {
	seen := map[string]bool{}
	for _, v := range x.values {
		if seen[v.text] {
			return &configs.Error{Path: at, Value: v.text, Problem: x.path + ": is there twice"}
		}
		seen[v.text] = true
	}
	return nil
}

// grid numbers all combinations; the last axis varies fastest.
func (c *combination) grid() error {
	c.count = 1
	for i, x := range c.axes {
		if err := x.distinct(fmt.Sprintf("axes[%d]", i)); err != nil {
			return err
		}
		c.count = min(countMax, c.count*len(x.values))
	}
	c.at = func(point int) []string {
		texts := make([]string, len(c.axes))
		for i, x := range slices.Backward(c.axes) {
			texts[i] = x.values[point%len(x.values)].text
			point /= len(x.values)
		}
		return texts
	}
	return nil
}

func (c *combination) zip() error {
	c.count = len(c.axes[0].values)
	for i, x := range c.axes {
		if len(x.values) != c.count {
			return &configs.Error{Path: fmt.Sprintf("axes[%d]", i), Value: x.path, Problem: fmt.Sprintf(
				"has %d values, but %s has %d: combine: zip wants as many of each", len(x.values), c.axes[0].path, c.count)}
		}
	}
	c.at = func(point int) []string {
		texts := make([]string, len(c.axes))
		for i, x := range c.axes {
			texts[i] = x.values[point].text
		}
		return texts
	}
	return nil
}

// sample fills the space of the axes evenly with few points.
func (c *combination) sample(d *Design) {
	var source rand.PCG
	sim.Rekey(&source, d.Seed, "design of a study", uint64(d.Points))
	cube := distmv.NewUnitUniform(len(c.axes), &source)
	points := mat.NewDense(d.Points, len(c.axes), nil)
	if d.Combine == LatinHypercube {
		samplemv.LatinHypercube{Q: cube, Src: &source}.Sample(points)
	} else {
		samplemv.Halton{Kind: samplemv.Owen, Q: cube, Src: &source}.Sample(points)
	}
	c.count = d.Points
	c.at = func(point int) []string {
		texts := make([]string, len(c.axes))
		for i, x := range c.axes {
			texts[i] = x.pick(points.At(point, i))
		}
		return texts
	}
}

// explicit takes points as they are written. Their paths become axes in
// alphabetical order.
func explicit(b *base, list []map[string]Value) (*combination, error) {
	paths := map[string]*axis{}
	for i, point := range list {
		if len(point) == 0 {
			return nil, &configs.Error{Path: fmt.Sprintf("list[%d]", i), Problem: "is empty, want paths with their values"}
		}
		for _, path := range slices.Sorted(maps.Keys(point)) {
			s, err := try(b, path, string(point[path]))
			if err != nil {
				return nil, &configs.Error{Path: fmt.Sprintf("list[%d]", i), Problem: problem(err)}
			}
			if paths[path] == nil {
				paths[path] = &axis{path: path}
			}
			x := paths[path]
			if !slices.ContainsFunc(x.values, func(o setting) bool { return o.text == s.text }) {
				x.values = append(x.values, s)
			}
		}
	}
	c := &combination{count: len(list)}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		c.axes = append(c.axes, paths[path])
	}
	c.at = func(point int) []string {
		texts := make([]string, len(c.axes))
		for i, x := range c.axes {
			texts[i] = string(list[point][x.path])
		}
		return texts
	}
	return c, nil
}

// sets turns the texts of a point into overrides. A preset comes before the
// fields inside it, whatever the order of the axes.
func (c *combination) sets(texts []string) []string {
	type set struct {
		text  string
		depth int
	}
	var list []set
	for i, x := range c.axes {
		if texts[i] != "" {
			list = append(list, set{x.path + "=" + texts[i], strings.Count(x.path, ".")})
		}
	}
	slices.SortStableFunc(list, func(a, b set) int { return a.depth - b.depth })
	sets := make([]string, len(list))
	for i, s := range list {
		sets[i] = s.text
	}
	return sets
}

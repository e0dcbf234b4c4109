package validate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
)

// Own predicts runs that were measured on the deployment of a scenario, as
// they were made: a closed loop of requests that share nothing, from a cold
// start.
func Own(ctx context.Context, s *configs.Scenario, runs []Measured, o Options) (*Result, error) {
	if s.Deployment.Mode == serve.Auto {
		return nil, fmt.Errorf("%w: deployment.mode: auto: want the deployment that was measured", metrics.ErrConfiguration)
	}
	b := batch{options: &o, predicted: make([]prediction, len(runs)),
		bands: make([][2]prediction, len(runs))}
	for i := range runs {
		c, err := ownCase(&runs[i], s)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", metrics.ErrConfiguration, err)
		}
		b.cases = append(b.cases, *c)
	}
	for i := range b.cases {
		b.jobs = append(b.jobs, ownJob(&b.cases[i], s, &o))
	}
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	r := b.compare()
	if r.Simulated == 0 {
		return nil, fmt.Errorf("%w: %s: %s", metrics.ErrConfiguration, runs[0].Name, b.jobs[0].why)
	}
	return r, nil
}

// ownCase is a run as a case of a table.
func ownCase(m *Measured, s *configs.Scenario) (*Case, error) {
	if m.Model != "" && !sameModel(m.Model, s.Model.Name) {
		return nil, fmt.Errorf("%s: is a run of %s, but the scenario's model is %s", m.Name, m.Model, s.Model.Name)
	}
	pools := s.Deployment.Pools()
	decode := pools[len(pools)-1]
	c := &Case{
		ID:           m.Name,
		Date:         s.Engine.Date,
		Engine:       s.Engine.Family,
		System:       s.System.Name,
		Model:        s.Model.Name,
		Mode:         s.Deployment.Mode,
		Accelerators: s.Deployment.Accelerators(),
		MTP:          decode.Spec.Depth() > 0,
		Decode:       Pool{Workers: decode.Workers, Accelerators: decode.Spec.Accelerators},
		Input:        int(math.Round(m.Input)),
		Output:       int(math.Round(m.Output)),
		Shortest:     m.Spread,
		Concurrency:  m.Concurrency,
		Measured:     m.values,
	}
	if m.perSystem {
		c.Measured[OutputThroughput] /= float64(c.Accelerators)
	}
	if !c.MTP && c.Measured[Step] == 0 && c.outputRate() > 0 {
		c.Measured[Step] = c.tpot()
	}
	return c, nil
}

// sameModel reports whether a checkpoint is one of a model, by the words of their
// names: deepseek-ai/DeepSeek-R1-0528 is of deepseek-r1, zai-org/GLM-5.2-FP8 not
// of glm-5.
func sameModel(checkpoint, model string) bool {
	words := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune("-_/ :", r) })
	}
	have, want := words(checkpoint), words(model)
	for i := 0; i+len(want) <= len(have); i++ {
		if slices.Equal(have[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

func ownJob(c *Case, s *configs.Scenario, o *Options) *prepared {
	d := s.Deployment
	d.Cache.Off = true // benchmark clients draw prompts at random
	if d.Cache.ReserveTokens == 0 {
		d.Cache.ReserveTokens = max(1, c.Output/2)
	}
	return &prepared{system: &s.System, config: serve.Config{
		Deployment: d,
		System:     s.System,
		LLM:        s.Model,
		Kernels:    s.Kernels,
		Engine:     s.Engine,
		Replay:     s.Workload.Replay,
		Agents:     c.Concurrency,
		Sessions:   newLengths(c, o.Seed),
		CallsMax:   int64(rounds * c.Concurrency),
		Cold:       true,
		Seed:       o.Seed,
	}}
}

// Refined is what own measurements say of the error of a quantity: as public
// runs left it, and with them.
type Refined struct {
	Quantity string       `json:"quantity"`
	Stack    string       `json:"stack"`
	Runs     int          `json:"runs"`   // own ones
	Before   ErrorOfStack `json:"before"` // by public runs alone
	After    ErrorOfStack `json:"after"`
}

// ErrorOfStack is the error of a quantity on a stack. Ratios are measured over
// predicted (of prefix hits the difference).
type ErrorOfStack struct {
	P10   float64 `json:"p10"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	Level string  `json:"level,omitempty"` // the narrowest that has runs
	Rows  int     `json:"rows"`            // runs there
}

func errorOf(a *configs.Accuracy, name string, s *configs.Stack) ErrorOfStack {
	e, _ := a.Of(name, s)
	at := func(z float64) float64 {
		if strings.HasSuffix(name, ".hit") {
			return digits(-e.At(z))
		}
		return digits(math.Exp(-e.At(z)))
	}
	return ErrorOfStack{
		P10:   at(1),
		P50:   at(0),
		P90:   at(-1),
		Level: e.Level,
		Rows:  e.Rows,
	}
}

// Refine adds own runs to a hierarchy of errors. Its spreads stay as public
// runs have them; centres move towards what the own runs say, those of the stack
// most, those of its kin by as much as they are near. Systems are those of the
// runs that are no presets, by name.
func Refine(before *configs.Accuracy, results []*Result, own map[string]*configs.Scenario) (*configs.Accuracy,
	[]Refined, error) {
	systems := accelerators{}
	for name, s := range own {
		systems[name] = &s.System
	}
	g, err := gather(results, systems)
	if err != nil {
		return nil, nil, err
	}
	after := *before
	after.Quantities = slices.Clone(before.Quantities)
	after.First = slices.DeleteFunc(slices.Clone(before.First), func(f configs.FirstRun) bool {
		return slices.ContainsFunc(g.stacks, func(s *configs.Stack) bool { return s.Model == f.Of })
	}) // a model's software that was measured is not new any more
	var list []Refined
	for i := range after.Quantities {
		q := &after.Quantities[i]
		samples := g.samples[q.Of]
		if len(samples) == 0 {
			continue
		}
		root, v := grown(q)
		root.graft(samples)
		root.up(v, 0)
		root.down(gaussian{}, v, 0)
		root.join(v, samples)
		*q = renewed(q, root, len(samples))
	}
	for i := range after.Quantities {
		q := &after.Quantities[i]
		runs := map[string]int{}
		for _, s := range g.samples[q.Of] {
			runs[ownStack(s.path)]++
		}
		for _, stack := range g.stacks {
			if n := runs[stack.Own()]; n > 0 {
				list = append(list, Refined{
					Quantity: q.Of,
					Stack:    stack.Own(),
					Runs:     n,
					Before:   errorOf(before, q.Of, stack),
					After:    errorOf(&after, q.Of, stack),
				})
				delete(runs, stack.Own())
			}
		}
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("no quantity of %s is among what was measured", before.Name)
	}
	return &after, list, nil
}

// grown is the tree that a quantity was fitted with: what the runs below every
// place say is taken back from the places' centres.
func grown(q *configs.Quantity) (*node, *spreads) {
	v := &spreads{within: q.Within * q.Within}
	for _, s := range q.Levels {
		v.levels = append(v.levels, s*s)
	}
	root := &node{rows: q.Rows, here: told(q.Centre, q.Error)}
	root.own = root.here
	for _, n := range q.Nodes {
		at := root
		depth := 0
		for name := range strings.SplitSeq(n.Stack, "/") {
			i := slices.IndexFunc(at.children, func(c *node) bool { return c.name == name })
			if i < 0 {
				i = len(at.children)
				at.children = append(at.children, &node{name: name})
			}
			if at = at.children[i]; depth < len(v.levels)-1 {
				depth++
			}
		}
		at.rows, at.here, at.within = n.Rows, told(n.Centre, n.Error), n.Within*n.Within
	}
	root.takeBack(v, 0)
	return root, v
}

func told(centre, deviation float64) gaussian {
	p := 1 / (deviation * deviation)
	return gaussian{p, p * centre}
}

// takeBack finds what the runs below the children of a place say of their
// centres, and what the place has besides them.
func (n *node) takeBack(v *spreads, depth int) {
	rest := n.own
	for _, c := range n.children {
		c.own = alone(c.here, n.here, v.levels[depth])
		rest = rest.over(c.own.widened(v.levels[depth]))
		c.takeBack(v, depth+1)
	}
	const rounding = 0.01                                                // of a precision, in what presets keep of it
	if depth >= ownLevels && rest.precision > rounding*n.own.precision { // paths have so many levels at least
		n.told = rest
	}
}

// alone is what the runs below a place say of its centre, given the centres of
// the place and of the one above it, and the variance between them. What is said
// from above is that centre less what comes from here, widened.
func alone(here, above gaussian, between float64) gaussian {
	fromAbove := func(p float64) (up, down float64) {
		up = gaussian{precision: p}.widened(between).precision
		return up, gaussian{precision: max(0, above.precision-up)}.widened(between).precision
	}
	low, high := 0., here.precision
	const halvings = 80
	for range halvings {
		p := (low + high) / 2
		if _, down := fromAbove(p); p+down < here.precision {
			low = p
		} else {
			high = p
		}
	}
	up, down := fromAbove(low)
	if low == 0 || above.precision <= up {
		return gaussian{}
	}
	share := down / (above.precision - up)
	return gaussian{low, low * (here.weighted - share*above.weighted) / (low - share*up)}
}

// graft adds runs at the ends of their paths.
func (n *node) graft(samples []sample) {
	for _, s := range samples {
		at := n
		at.rows++
		for _, name := range s.path {
			i := slices.IndexFunc(at.children, func(c *node) bool { return c.name == name })
			if i < 0 {
				i = len(at.children)
				at.children = append(at.children, &node{name: name})
			}
			at = at.children[i]
			at.rows++
		}
		at.values = append(at.values, s.value)
	}
	n.sort()
}

// join adds own runs to the scatter of their stacks, in which that of the runs
// before them stands for as many.
func (n *node) join(v *spreads, samples []sample) {
	fresh := map[string]int{}
	for _, s := range samples {
		fresh[ownStack(s.path)]++
	}
	n.each("", func(path string, at *node) {
		count := float64(fresh[path])
		if strings.Count(path, "/") != ownLevels-1 || count == 0 {
			return
		}
		if at.within == 0 { // a stack that had no runs
			at.within = v.within
		}
		before := float64(at.rows) - count + scatterPrior
		sum, _ := at.squares()
		at.within = (before*at.within + sum) / (before + count)
	})
}

// renewed is a quantity with the centres of a tree that was solved again.
func renewed(q *configs.Quantity, root *node, runs int) configs.Quantity {
	out := *q
	out.Rows += runs
	out.Centre, out.Error = digits(root.here.mean()), digits(1/math.Sqrt(root.here.precision))
	out.Nodes = root.places()
	return out
}

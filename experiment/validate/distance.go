package validate

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/optimize"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// placed is a run of fixed length without drafts: where it lies, and by how much
// the logarithm of its time between tokens was off.
type placed struct {
	stack string
	width float64 // logarithm of the worker's accelerators to the base of 2
	batch float64 // the same of the requests in flight a rank
	style string
	off   float64
}

// pair is two runs of one stack.
type pair struct {
	width, batch float64 // doublings between them
	kind         float64 // 1 = they spread in different ways
	square       float64 // of the difference of their errors
	weight       float64
}

// pairsLeast is how many pairs a spread is fitted to at the least.
const pairsLeast = 100

// Distance finds how errors differ with the distance of two runs: the standard
// deviations that make the differences of all pairs of runs of one stack likeliest
// (normal, with variances that add up: twice that of equal runs, one for each
// doubling of the batch, of the width, and one for another way to spread).
// A stack counts by its runs, and a pair that is further out than three standard
// deviations as if it were three.
func Distance(cases []Case, results []*Result) (configs.RunSpread, *hardware.Source, error) {
	list, err := place(cases, results)
	if err != nil {
		return configs.RunSpread{}, nil, err
	}
	pairs := pairsOf(list)
	if len(pairs) < pairsLeast {
		return configs.RunSpread{}, nil, fmt.Errorf("%d pairs of runs of one stack say nothing of distance: want results of "+
			"the tables, with requests of fixed length and without drafts, of %d or more", len(pairs), pairsLeast)
	}
	const equal, batch, width, kind, all = 0, 1, 2, 3, 4
	begin := []float64{math.Log(0.05), math.Log(0.05), math.Log(0.1), math.Log(0.1)} // logarithms of deviations
	problem := optimize.Problem{Func: func(x []float64) float64 {
		var v [all]float64
		for i := range v {
			v[i] = math.Exp(2 * x[i])
		}
		sum := 0.0
		for _, p := range pairs {
			variance := 2*v[equal] + p.batch*v[batch] + p.width*v[width] + p.kind*v[kind]
			sum += p.weight * (math.Log(variance) + min(p.square/variance, farOut*farOut)) / 2
		}
		return sum
	}}
	found, err := optimize.Minimize(problem, begin, &optimize.Settings{FuncEvaluations: 2000}, &optimize.NelderMead{})
	if found == nil {
		return configs.RunSpread{}, nil, err
	}
	at := func(i int) float64 { return math.Round(1e3*math.Exp(found.X[i])) / 1e3 }
	spread := configs.RunSpread{Batch: at(batch), Width: at(width), Kind: at(kind)}
	return spread, &hardware.Source{
		Basis: fittedBasis,
		Source: fmt.Sprintf("agentsim validate --runs, pairs of runs of one stack, of fixed length and without drafts: "+
			"errors of a token's time, beside %.3f of equal runs", at(equal)),
		Points: len(list),
	}, nil
}

// place joins results with the cases that they are of.
func place(cases []Case, results []*Result) ([]placed, error) {
	byID := map[string]*Case{}
	for i := range cases {
		byID[cases[i].ID] = &cases[i]
	}
	var list []placed
	systems := accelerators{}
	for _, r := range results {
		for i := range r.Cases {
			c := &r.Cases[i]
			if c.Metric != TPOT.String() || c.Load != fixedLoad || c.MTP || !c.usable() {
				continue
			}
			of := byID[c.ID]
			if of == nil {
				return nil, fmt.Errorf("%s: is a result, but no run of the tables", c.ID)
			}
			stack, err := systems.stack(c)
			if err != nil {
				return nil, err
			}
			shape := pool(of.Decode).Normalised()
			list = append(list, placed{
				stack: stack.Own(),
				width: math.Log2(float64(shape.Accelerators)),
				batch: math.Log2(float64(requestsARank(of.Decode, of.Concurrency))),
				style: configs.SpreadStyle(shape.Spread(), shape.Accelerators),
				off:   c.off(),
			})
		}
	}
	return list, nil
}

func pairsOf(list []placed) []pair {
	runs := map[string]int{}
	for i := range list {
		runs[list[i].stack]++
	}
	var pairs []pair
	for i := range list {
		for j := range i {
			a, b := &list[i], &list[j]
			if a.stack != b.stack {
				continue
			}
			p := pair{width: math.Abs(a.width - b.width), batch: math.Abs(a.batch - b.batch),
				square: (a.off - b.off) * (a.off - b.off), weight: 2 / float64(runs[a.stack])}
			if a.style != b.style {
				p.kind = 1
			}
			pairs = append(pairs, p)
		}
	}
	return pairs
}

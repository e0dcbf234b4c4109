package deploy

import "agentsim/metrics"

// sieveAll sieves the workers of all roles.
func (f *Finder) sieveAll() {
	f.whole, f.first, f.second = f.sieve(f.priced[0]), f.sieve(f.priced[1]), f.sieve(f.priced[2])
	f.choice.Outdone = 0
	for i, kept := range [][]option{f.whole, f.first, f.second} {
		f.choice.Outdone += len(f.priced[i]) - len(kept)
	}
}

// sieve leaves out workers that another one of the same size and budget
// outdoes at the loads at which the service level lets them run: in time and
// in energy of a token, in how evenly steps go, and in room. The ranking then
// has fewer workers to combine.
func (f *Finder) sieve(list []option) []option {
	tops := make([]int, len(list))
	for i := range list {
		tops[i] = f.top(&list[i])
	}
	kept := make([]option, 0, len(list))
	for i := range list {
		outdone := false
		for j := range list {
			outdone = outdone || tops[j] >= tops[i] && outdoes(&list[j], &list[i], tops[i])
		}
		if !outdone {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// top is the heaviest load of a worker: for decode the one at which sequences
// get their tokens as fast as they must.
func (f *Finder) top(o *option) int {
	top := len(o.curve.Loads) - 1
	floor := 0.0
	for _, c := range f.scenario.SLO.Criteria() {
		if c.Measure != metrics.TTFT {
			floor = max(floor, c.Target)
		}
	}
	for o.pool.MaxBatchPerRank > 0 && top > 0 && 1/(o.curve.Loads[top].Seconds*sequences(top)) < floor {
		top--
	}
	return top
}

// sequences is the load at which a curve has its i-th value: 1, 2, 3, 4, 6, …
func sequences(i int) float64 {
	if i == 0 {
		return 1
	}
	n := float64(int(1) << ((i + 1) / 2))
	if i%2 == 0 {
		n += n / 2
	}
	return n
}

// outdoes compares two workers at loads from an eighth of the heaviest on.
func outdoes(p, q *option, top int) bool {
	const clearly = 0.98 // a gain that outweighs what the curves leave out
	const below = 6      // steps of the curve: down to an eighth
	if p.pool.Shape.Accelerators != q.pool.Shape.Accelerators || p.pool.TokenBudget != q.pool.TokenBudget ||
		p.curve.Room < clearly*q.curve.Room {
		return false
	}
	least := max(0, top-below)
	if q.pool.MaxBatchPerRank == 0 {
		least = 0
	}
	for i := least; i <= top; i++ {
		better, load := &p.curve.Loads[i], &q.curve.Loads[i]
		if better.Seconds > clearly*load.Seconds || better.Joules > load.Joules {
			return false
		}
	}
	return true
}

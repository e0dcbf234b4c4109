package serve

import (
	"math"
	"slices"

	"agentsim/portable"
	"agentsim/sim"
)

// drafts draws how many decode steps a call needs: with speculation a step
// gives one token and the drafted tokens that the model accepts. What is
// accepted differs from call to call; calls of one class are alike.
type drafts struct {
	draws
	classes []yields // equally likely; none without drafts
}

// yields are the distributions of the tokens of many steps, of fewer, …, of one.
type yields []yield

// Steps are drawn 64, 16 and 4 at a time while a call is far from its end.
const (
	yieldSizes  = 4
	yieldFactor = 4
)

// newDrafts takes the mean tokens of a step by depth of the pool that decodes.
func newDrafts(cfg *Config) drafts {
	d := drafts{draws: draws{seed: cfg.Seed}}
	lengths := cfg.models[len(cfg.models)-1].Lengths()
	if len(lengths) == 0 {
		return d
	}
	for _, l := range classLengths(lengths) {
		d.classes = append(d.classes, newYields(l))
	}
	return d
}

// newYields are the distributions at these mean tokens by depth.
func newYields(lengths []float64) yields {
	var list yields
	y := newYield(lengths)
	for range yieldSizes {
		list = append(list, y)
		one := y
		for range yieldFactor - 1 {
			y = y.plus(one)
		}
	}
	slices.Reverse(list)
	for i := range list {
		list[i].accumulate()
	}
	return list
}

// steps draws how many decode steps a request needs for so many tokens. Several
// steps are drawn together only where they cannot be too many.
func (d *drafts) steps(r *request, tokens int) int64 {
	if len(d.classes) == 0 {
		return int64(tokens)
	}
	sim.Rekey(&d.source, d.seed, "acceptance", uint64(r.luck), uint64(r.k), uint64(r.number))
	list := d.classes[int(d.next()*float64(len(d.classes)))]
	steps := 0
	for i := range list {
		y := &list[i]
		for tokens > y.most() || tokens > 0 && y.least == 1 {
			tokens -= y.at(d.next())
			steps += y.least
		}
	}
	return int64(steps)
}

// Acceptance differs by request as a Beta distribution around its mean
// (modelling.md 1.10). Its concentration is assumed: it makes a chance of 0.8
// deviate by 0.09, as kinds of prompts do that were measured apart (DeepSeek-R1:
// 0.85 on short, 0.66 on long contexts).
const (
	betaConcentration = 20
	betaClasses       = 8
)

// classLengths are the mean tokens of a step by depth in equally likely classes
// of requests. The chance of the first draft token is Beta distributed; the
// odds of the others follow it. Over all steps of equally long answers the mean
// is the given one.
func classLengths(mean []float64) [][]float64 {
	chances := conditional(mean)
	first := chances[0]
	if first <= 0 || first >= 1 {
		return [][]float64{mean}
	}
	quantiles := betaMeans(first*betaConcentration, (1-first)*betaConcentration, betaClasses)
	at := func(shift float64) ([][]float64, float64) {
		list, steps := make([][]float64, 0, betaClasses), 0.0
		for _, q := range quantiles {
			l := shifted(chances, shift*odds(q)/odds(first))
			list = append(list, l)
			steps += 1 / l[len(l)-1] / betaClasses
		}
		return list, 1 / steps
	}
	low, high := 1.0/4, 4.0
	for range 60 { // halvings: exact to the last bit
		mid := math.Sqrt(low * high)
		if _, tokens := at(mid); tokens < mean[len(mean)-1] {
			low = mid
		} else {
			high = mid
		}
	}
	list, _ := at(low)
	return list
}

func odds(p float64) float64 { return p / (1 - p) }

// conditional are the chances that a draft token is accepted once those before
// it were.
func conditional(mean []float64) []float64 {
	list := make([]float64, len(mean))
	reached, before := 1.0, 1.0
	for i, m := range mean {
		further := min(reached, max(0, m-before))
		if reached > 0 {
			list[i] = further / reached
		}
		reached, before = further, m
	}
	return list
}

// shifted is the mean tokens by depth when the odds of every chance are
// multiplied by a factor.
func shifted(chances []float64, factor float64) []float64 {
	list := make([]float64, len(chances))
	sum, reached := 1.0, 1.0
	for i, c := range chances {
		if c < 1 {
			o := odds(c) * factor
			c = o / (1 + o)
		}
		reached *= c
		sum += reached
		list[i] = sum
	}
	return list
}

// betaMeans are the means of a Beta(a, b) variable in n equally likely classes.
func betaMeans(a, b float64, n int) []float64 {
	const points = 2048
	weight, total := make([]float64, points), 0.0
	at := func(i int) float64 { return (float64(i) + 1.0/2) / points }
	for i := range weight {
		weight[i] = portable.Exp((a-1)*portable.Log(at(i)) + (b-1)*math.Log1p(-at(i)))
		total += weight[i]
	}
	means := make([]float64, n)
	each := total / float64(n)
	class, room := 0, each
	for i, w := range weight {
		for w > room && class < n-1 {
			means[class] += room * at(i)
			w -= room
			class, room = class+1, each
		}
		means[class] += w * at(i)
		room -= w
	}
	for i := range means {
		means[i] /= each
	}
	return means
}

// yield is the distribution of the tokens that a number of steps gives.
// chance[i] is the probability of least+i tokens and, after accumulate, of at
// most so many. Every step gives one token at least, so least is also the
// number of steps.
type yield struct {
	least  int
	chance []float64
	guide  [guides]int16 // place of the least number of each part
}

// guides is by how many parts of the numbers from 0 to 1 the place of a random
// number is known before it is looked for.
const guides = 256

// newYield is the distribution of one step's tokens, from the mean number of
// tokens a step gives at draft depth 1, 2, …: the i-th draft token is
// accepted, with all before it, in mean[i]-mean[i-1] of the steps.
func newYield(mean []float64) yield {
	y := yield{least: 1, chance: make([]float64, len(mean)+1)}
	reached, before := 1.0, 1.0
	for i, m := range mean {
		further := min(reached, max(0, m-before))
		y.chance[i] = reached - further
		reached, before = further, m
	}
	y.chance[len(mean)] = reached
	return y
}

// plus is the distribution of the sum of two independent yields.
func (y yield) plus(o yield) yield {
	sum := yield{least: y.least + o.least, chance: make([]float64, len(y.chance)+len(o.chance)-1)}
	for i, a := range y.chance {
		for j, b := range o.chance {
			sum.chance[i+j] += a * b
		}
	}
	return sum
}

func (y *yield) accumulate() {
	total := 0.0
	for i, c := range y.chance {
		total += c
		y.chance[i] = total
	}
	at := 0
	for part := range y.guide {
		at = y.after(at, float64(part)/guides)
		y.guide[part] = int16(at)
	}
}

func (y *yield) most() int { return y.least + len(y.chance) - 1 }

// at inverts the accumulated distribution.
func (y *yield) at(u float64) int { return y.least + y.after(int(y.guide[int(u*guides)]), u) }

// after is the first place from another one on that lies beyond a number.
func (y *yield) after(at int, u float64) int {
	for at < len(y.chance)-1 && u >= y.chance[at] {
		at++
	}
	return at
}

package plotting

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// Ticks marks an axis with numbers at three places at least, however short it is.
// The zero value is an even axis whose numbers are written as people do: 250,
// 100k, 1.5M.
type Ticks struct {
	Log  bool
	Show func(float64) string // how numbers are written; nil = as above
}

// Fewest is how many numbers an axis has at least.
const Fewest = 3

// most numbers do not run into each other.
const most = 8

// Ticks marks the axis between two ends, and nothing beyond them.
func (t Ticks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: t.show(low)}}
	}
	if t.Log && low > 0 {
		return t.logarithmic(low, high)
	}
	var ticks []plot.Tick
	labels := map[string]bool{}
	for _, tick := range (plot.DefaultTicks{}).Ticks(low, high) {
		if tick.Value < low || tick.Value > high {
			continue
		}
		if tick.Label != "" {
			tick.Label = t.show(tick.Value)
			labels[tick.Label] = true
		}
		ticks = append(ticks, tick)
	}
	if len(labels) >= Fewest {
		return ticks
	}
	return t.marked(round(low, high), nil)
}

func (t Ticks) show(v float64) string {
	if t.Show == nil {
		return Short(v)
	}
	return t.Show(v)
}

// logarithmic marks whole decades where the axis has enough of them, else more
// within each.
func (t Ticks) logarithmic(low, high float64) []plot.Tick {
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	each := func(every int, digits ...float64) (list []float64) {
		for exponent := first; exponent <= last; exponent++ {
			for _, digit := range digits {
				if v := digit * math.Pow10(exponent); exponent%every == 0 && v >= low && v <= high {
					list = append(list, v)
				}
			}
		}
		return list
	}
	minor := each(1, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	const decadesMost = 6 // with strokes between them
	if last-first > decadesMost {
		minor = nil
	}
	every := 1
	for len(each(every, 1)) > most {
		every++
	}
	for _, values := range [][]float64{each(every, 1), each(1, 1, 2, 5), each(1, 1, 2, 3, 5, 7)} {
		if len(values) >= Fewest {
			return t.marked(values, minor)
		}
	}
	return t.marked(round(low, high), nil)
}

// marked are ticks with numbers at some values, and without at others.
func (t Ticks) marked(values, minor []float64) (ticks []plot.Tick) {
	for _, v := range values {
		ticks = append(ticks, plot.Tick{Value: v, Label: t.show(v)})
	}
	for _, v := range minor {
		if !slices.Contains(values, v) {
			ticks = append(ticks, plot.Tick{Value: v})
		}
	}
	return ticks
}

// round are round numbers between two ends, three at least.
func round(low, high float64) (list []float64) {
	step := (high - low) / Fewest
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, digit := range []float64{5, 2.5, 2, 1} {
		if digit*power <= step {
			step = digit * power
			break
		}
	}
	for i := math.Ceil(low / step); i*step <= high; i++ {
		list = append(list, min(max(i*step, low), high)) // within, whatever floating point adds
	}
	return list
}

// Short writes a number as people do.
func Short(v float64) string {
	const digits = 6 // beyond them lies what floating point adds
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', digits, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}

package sweep

import (
	"cmp"
	"slices"
)

// Group is a value of an axis, or an interval of values, with what a column
// holds there.
type Group struct {
	Name   string
	Number float64 // the value, or the middle of the interval; 0 for texts
	Values []float64

	until float64 // the highest number of the group
}

// levelsMax is how many values of an axis are told apart in tables.
const levelsMax = 12

// intervals is how many intervals there are where there are too many values,
// with about equal numbers of points.
const intervals = 5

func (t *Table) effect(axis, column int) Effect {
	levels := t.Groups(axis, column, levelsMax)
	e := Effect{Axis: t.Axes[axis]}
	var all []float64
	for _, l := range levels {
		all = append(all, l.Values...)
		e.Levels = append(e.Levels, Level{l.Name, NewEstimate(l.Values)})
	}
	if len(all) == 0 {
		return e
	}
	center := mean(all)
	between, total := 0.0, 0.0
	for _, l := range levels {
		d := mean(l.Values) - center
		between += float64(len(l.Values)) * d * d
	}
	for _, v := range all {
		total += (v - center) * (v - center)
	}
	if total > 0 {
		e.Share = between / total
	}
	return e
}

// Groups gathers a column by the values of an axis: numbers in rising order,
// texts in the order of the study. If there are more numbers than are to be
// told apart, they are gathered in a few intervals.
func (t *Table) Groups(axis, column, most int) []Group {
	at := t.axisColumn(axis)
	var levels []Group
	for _, r := range t.Rows {
		if !r[column].Known {
			continue
		}
		name := t.Columns[at].Show(r[at])
		i := slices.IndexFunc(levels, func(l Group) bool { return l.Name == name })
		if i < 0 {
			i = len(levels)
			levels = append(levels, Group{Name: name, Number: r[at].Number, until: r[at].Number})
		}
		levels[i].Values = append(levels[i].Values, r[column].Number)
	}
	if t.Columns[at].Kind == Text {
		return levels
	}
	slices.SortStableFunc(levels, func(a, b Group) int { return cmp.Compare(a.Number, b.Number) })
	if len(levels) <= max(most, intervals) {
		return levels
	}
	return gathered(levels)
}

// gathered joins neighbouring levels to a few intervals.
func gathered(levels []Group) []Group {
	var list []Group
	for i := range intervals {
		part := levels[i*len(levels)/intervals : (i+1)*len(levels)/intervals]
		last := part[len(part)-1]
		joint := Group{Name: part[0].Name, until: last.until}
		if len(part) > 1 {
			joint.Name += " … " + last.Name
		}
		for _, l := range part {
			joint.Number += l.Number / float64(len(part))
			joint.Values = append(joint.Values, l.Values...)
		}
		list = append(list, joint)
	}
	return list
}

// Cross gathers a column by the groups of two axes at once: cells[i][j] is what
// it holds where the first axis is in its group i and the second in its group
// j; nothing where there is no point.
func (t *Table) Cross(first int, a []Group, second int, b []Group, column int) [][][]float64 {
	cells := make([][][]float64, len(a))
	for i := range cells {
		cells[i] = make([][]float64, len(b))
	}
	for _, r := range t.Rows {
		if r[column].Known {
			i, j := t.groupOf(first, a, r), t.groupOf(second, b, r)
			cells[i][j] = append(cells[i][j], r[column].Number)
		}
	}
	return cells
}

// groupOf finds the group of an axis that a row lies in: that of its value, or
// the interval around it.
func (t *Table) groupOf(axis int, groups []Group, row []Cell) int {
	at := t.axisColumn(axis)
	name := t.Columns[at].Show(row[at])
	if i := slices.IndexFunc(groups, func(g Group) bool { return g.Name == name }); i >= 0 {
		return i
	}
	i, _ := slices.BinarySearchFunc(groups, row[at].Number,
		func(g Group, v float64) int { return cmp.Compare(g.until, v) })
	return min(i, len(groups)-1)
}

package sweep

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrThreshold marks results that miss a threshold of their study.
var ErrThreshold = errors.New("threshold missed")

// Judge checks the thresholds of a study against its results. The error, if
// any, is ErrThreshold with the first points that miss; a threshold that
// cannot be read is another.
func (t *Table) Judge(thresholds []string) error {
	var missed []string
	for _, text := range thresholds {
		c, err := parseCondition(text)
		if err != nil {
			return err
		}
		points, err := t.missing(c)
		if err != nil {
			return fmt.Errorf("threshold %q: %w", text, err)
		}
		if len(points) > 0 {
			missed = append(missed, fmt.Sprintf("%s at %s", text, enumerate(points, len(t.Rows))))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("%w: %s", ErrThreshold, strings.Join(missed, "; "))
	}
	return nil
}

// enumerate names some of the points.
func enumerate(points []string, all int) string {
	const most = 5
	if len(points) == all && all > 1 {
		return fmt.Sprintf("all %d points", all)
	}
	more := ""
	if len(points) > most {
		more = fmt.Sprintf(" and %d more", len(points)-most)
		points = points[:most]
	}
	word := "point "
	if len(points) > 1 {
		word = "points "
	}
	return word + strings.Join(points, ", ") + more
}

// missing lists the points at which a condition does not hold.
func (t *Table) missing(c *condition) ([]string, error) {
	var points []string
	known := map[string]value{}
	for i, row := range t.Rows {
		holds, err := c.holds(&result{t, row, known})
		if err != nil && !errors.Is(err, errNoValue) {
			return nil, err
		}
		if err != nil || !holds {
			points = append(points, fmt.Sprint(t.Rows[i][0].Whole))
		}
	}
	return points, nil
}

// errNoValue is that of a point which has no result: a threshold does not
// hold there.
var errNoValue = errors.New("no value")

// result is a row as thresholds see it: names are columns.
type result struct {
	*Table
	row   []Cell
	known map[string]value // of functions, which give the same at every row
}

func (r *result) lookup(name string) (value, error) {
	i, ok := r.Column(name)
	if !ok {
		return value{}, fmt.Errorf("%w: %s is no column of the results, or of several; want one such as agents_per_mw.it",
			errUnknownName, name)
	}
	if !r.row[i].Known {
		return value{}, errNoValue
	}
	c := r.Columns[i]
	return value{number: r.row[i].Number, unit: c.Unit, text: r.row[i].Text, isText: c.Kind == Text}, nil
}

func (r *result) call(function, column string) (value, error) {
	key := function + " " + column
	if v, ok := r.known[key]; ok {
		return v, nil
	}
	v, err := r.overall(function, column)
	if err == nil {
		r.known[key] = v
	}
	return v, err
}

func (r *result) overall(function, column string) (value, error) {
	v := value{}
	var all []float64
	for _, row := range r.Rows {
		one, err := (&result{r.Table, row, nil}).lookup(column)
		switch {
		case errors.Is(err, errNoValue):
			continue
		case err != nil:
			return v, err
		case one.isText:
			return v, fmt.Errorf("%s: works on numbers, not on texts", function)
		}
		v.unit = one.unit
		all = append(all, one.number)
	}
	if len(all) == 0 {
		return v, errNoValue
	}
	v.number = aggregate(function, all)
	return v, nil
}

func aggregate(function string, values []float64) float64 {
	switch function {
	case "max":
		return slices.Max(values)
	case "min":
		return slices.Min(values)
	case "median":
		return median(values)
	}
	return mean(values)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// FirstFailure tells the first point that failed; empty if none did.
func (t *Table) FirstFailure() string {
	status, _ := t.Column(statusColumn)
	message, _ := t.Column(errorColumn)
	for _, r := range t.Rows {
		if r[status].Text == Failed {
			return fmt.Sprintf("point %d: %s", r[0].Whole, r[message].Text)
		}
	}
	return ""
}

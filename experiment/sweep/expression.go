package sweep

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"agentsim/units"
)

// Conditions are written as people write them:
//
//	deployment.prefill.workers * 4 + 8 <= 72
//	system.accelerator.hbm.capacity >= 192GB
//	deployment.router == least-loaded
//	max(agents_per_mw.it) >= 20000
//
// A minus between names needs spaces, as names may contain dashes.

// value is what an expression yields: a number, in the base unit where it has
// one, or a text.
type value struct {
	number float64
	unit   string
	text   string
	isText bool
}

// scope gives names and functions their meaning.
type scope interface {
	// lookup returns the value of a name; errUnknownName if it has none.
	lookup(name string) (value, error)
	// call applies a function to all that a name stands for.
	call(function, name string) (value, error)
}

var errUnknownName = errors.New("unknown name")

// expression is a node of the syntax tree.
type expression interface {
	eval(s scope) (value, error)
}

type (
	literal   struct{ value }
	name      struct{ name string }
	call      struct{ function, argument string }
	operation struct {
		operator    byte // + - * /
		left, right expression
	}
)

// condition compares two expressions.
type condition struct {
	text        string
	comparison  string
	left, right expression
}

func (l literal) eval(scope) (value, error) { return l.value, nil }

func (n name) eval(s scope) (value, error) { return s.lookup(n.name) }

func (c call) eval(s scope) (value, error) {
	return s.call(c.function, c.argument)
}

func (o operation) eval(s scope) (value, error) {
	a, err := o.left.eval(s)
	if err != nil {
		return a, err
	}
	b, err := o.right.eval(s)
	if err != nil {
		return b, err
	}
	if a.isText || b.isText {
		return a, fmt.Errorf("%c: works on numbers, not on %s", o.operator, strings.TrimSpace(a.text+" "+b.text))
	}
	switch o.operator {
	case '+', '-':
		if err := sameUnit(a, b); err != nil {
			return a, err
		}
		if o.operator == '-' {
			b.number = -b.number
		}
		return value{number: a.number + b.number, unit: a.unit + onlyIf(a.unit == "", b.unit)}, nil
	case '*':
		return value{number: a.number * b.number, unit: onlyIf(b.unit == "", a.unit) + onlyIf(a.unit == "", b.unit)}, nil
	}
	return value{number: a.number / b.number, unit: onlyIf(b.unit == "", a.unit)}, nil
}

func onlyIf(condition bool, text string) string {
	if condition {
		return text
	}
	return ""
}

// sameUnit refuses to compare or add seconds and bytes. Plain numbers go with
// everything.
func sameUnit(a, b value) error {
	if a.unit != "" && b.unit != "" && a.unit != b.unit {
		return fmt.Errorf("a number in %s beside one in %s", a.unit, b.unit)
	}
	return nil
}

// holds evaluates the condition.
func (c *condition) holds(s scope) (bool, error) {
	a, err := c.left.eval(s)
	if err != nil {
		return false, err
	}
	b, err := c.right.eval(s)
	if word, ok := c.right.(name); ok && errors.Is(err, errUnknownName) && a.isText {
		b, err = value{text: word.name, isText: true}, nil // a word to compare with
	}
	if err != nil {
		return false, err
	}
	if a.isText || b.isText {
		return c.compareTexts(a, b)
	}
	if err := sameUnit(a, b); err != nil {
		return false, err
	}
	switch c.comparison {
	case "<":
		return a.number < b.number, nil
	case "<=":
		return a.number <= b.number, nil
	case ">":
		return a.number > b.number, nil
	case ">=":
		return a.number >= b.number, nil
	case "!=":
		return a.number != b.number, nil
	}
	return a.number == b.number, nil
}

func (c *condition) compareTexts(a, b value) (bool, error) {
	if !a.isText {
		a.text = strconv.FormatFloat(a.number, 'g', -1, 64)
	}
	if !b.isText {
		b.text = strconv.FormatFloat(b.number, 'g', -1, 64)
	}
	switch c.comparison {
	case "==":
		return a.text == b.text, nil
	case "!=":
		return a.text != b.text, nil
	}
	return false, fmt.Errorf("%s: %q and %q are texts, want == or !=", c.comparison, a.text, b.text)
}

// quantity reads a number with or without a unit.
func quantity(text string) (value, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return value{number: n}, nil
	}
	for _, parse := range []func(string) (float64, string, error){
		unitful("B", units.ParseBytes), unitful("B/s", units.ParseByteRate), unitful("FLOPS", units.ParseFLOPRate),
		unitful("W", units.ParseWatts), unitful("J", units.ParseJoules), unitful("s", units.ParseSeconds),
		unitful("tok/s", units.ParseTokenRate), unitful("J/FLOP", units.ParseJoulesPerFLOP),
		unitful("J/B", units.ParseJoulesPerByte),
	} {
		if n, unit, err := parse(text); err == nil {
			return value{number: n, unit: unit}, nil
		}
	}
	return value{}, fmt.Errorf("%s: is no quantity; want a number with a unit such as 144GB, 2s or 20tok/s", text)
}

func unitful[T ~float64](unit string, parse func(string) (T, error)) func(string) (float64, string, error) {
	return func(text string) (float64, string, error) {
		v, err := parse(text)
		return float64(v), unit, err
	}
}

// names lists the names that an expression looks up.
func names(e expression) []string {
	switch e := e.(type) {
	case name:
		return []string{e.name}
	case call:
		return []string{e.argument}
	case operation:
		return append(names(e.left), names(e.right)...)
	}
	return nil
}

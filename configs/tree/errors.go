package tree

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"agentsim/fault"
)

// Error is a fault in a configuration: where it was written, which field it
// concerns, the value found, and what would be right.
type Error struct {
	At      Position
	Path    string // of the field, e.g. "system.accelerator.hbm.capacity"
	Value   string // as written; empty where the fault is not in a value
	Problem string

	cause error
}

// Unwrap returns the error that the fault was made from, if any.
func (e *Error) Unwrap() error { return e.cause }

// Bounds on what a message repeats of the input, in characters.
const (
	longestName    = 200
	longestProblem = 1000
)

// Error reads "file:line:column: path value: problem".
func (e *Error) Error() string {
	var b strings.Builder
	place := e.At.String()
	if e.At.Set != "" {
		place = "--set" // the path and the value follow
	}
	b.WriteString(place)
	for _, part := range []struct{ separator, text string }{
		{": ", shorten(printable(e.Path), longestName)},
		{" ", shorten(e.Value, longestName)},
		{": ", shorten(e.Problem, longestProblem)},
	} {
		if part.text == "" {
			continue
		}
		if b.Len() == len(place) && place != "" {
			b.WriteString(": ")
		} else if b.Len() > 0 {
			b.WriteString(part.separator)
		}
		b.WriteString(part.text)
	}
	return b.String()
}

// joined is the one error where there is one, and all of them otherwise.
func joined(faults []error) error {
	const most = 20 // a file in which all is wrong is of another sort
	var each []error
	for _, fault := range faults {
		if many, ok := fault.(interface{ Unwrap() []error }); ok {
			each = append(each, many.Unwrap()...)
		} else if fault != nil {
			each = append(each, fault)
		}
	}
	if faults = each; len(faults) == 1 {
		return faults[0]
	}
	if len(faults) == 0 {
		return nil
	}
	if more := len(faults) - most; more > 0 {
		faults = append(faults[:most:most], fmt.Errorf("and %d more", more))
	}
	return errors.Join(faults...)
}

// unknown says that name is none of those known, naming the nearest one.
func unknown(what, name string, known []string) string {
	hint := ""
	if near, ok := nearest(name, known); ok {
		hint = ", did you mean " + near + "?"
	}
	if len(known) == 0 {
		return "unknown " + what + hint
	}
	return "unknown " + what + hint + " (" + among(known) + ")"
}

// among lists names for a message, in order and not without end.
func among(names []string) string {
	const most = 40
	names = slices.Sorted(slices.Values(names))
	if len(names) > most {
		names = append(names[:most:most], "…")
	}
	return "known: " + strings.Join(names, ", ")
}

// Nearest is the known name most like the one that was written, if any is
// close enough to be what was meant.
func Nearest(name string, known []string) (string, bool) { return nearest(name, known) }

// nearest is the name at the smallest edit distance, if that is small beside
// the length of what was written.
func nearest(name string, known []string) (string, bool) {
	best, distance := "", max(2, utf8.RuneCountInString(name)/2)+1
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		if d := likeness(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	return best, best != ""
}

// likeness is the edit distance of two names, or that to the beginning of the
// candidate: gb200 is close to gb300-nvl72.
func likeness(name, candidate string) int {
	const shortest = 3 // of a beginning that means something
	whole := fault.Distance(name, candidate)
	if start := []rune(candidate); len(name) >= shortest && len(start) > len(name) {
		return min(whole, fault.Distance(name, string(start[:len(name)]))+1)
	}
	return whole
}

// quotedIfOdd puts quotes round text that would not read well without.
func quotedIfOdd(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// printable is text without line breaks and the like.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '�'
	}, text)
}

func shorten(text string, runes int) string {
	if utf8.RuneCountInString(text) <= runes {
		return text
	}
	return string([]rune(text)[:runes]) + "…"
}

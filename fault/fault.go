// Package fault has the one error that says which field of a configuration is
// wrong. Whatever has a Validate returns it, so that a reader of files can give
// every fault the place where its field was written, without reading the text.
//
//	func (s Spec) Validate() error {
//		var faults fault.List
//		faults.Check(s.Workers >= 1, "workers", s.Workers, "1 or more")
//		faults.In("cache", s.Cache.Validate())
//		return faults.Err()
//	}
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Field is one fault of one field.
type Field struct {
	// Path leads from the value that was checked to the field, as in YAML:
	// "hbm.capacity", "tiers[1].rate". It is empty where the fault is of the
	// whole value.
	Path string
	// Problem says what is wrong and what would be right, and begins with the
	// value where that helps: "0: want 1 or more".
	Problem string

	cause error
}

// Error reads "path: problem".
func (f *Field) Error() string {
	if f.Path == "" {
		return f.Problem
	}
	return f.Path + ": " + f.Problem
}

// Unwrap returns the error that the fault was made from, if any.
func (f *Field) Unwrap() error { return f.cause }

// New is the fault of the field at a path. The format is that of fmt.Errorf:
// the error under %w is the cause.
func New(path, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Field{Path: path, Problem: err.Error(), cause: errors.Unwrap(err)}
}

// Want is the fault of a field whose value is not what is wanted; it reads
// "path: value: want wanted".
func Want(path string, value any, wanted string) error {
	return &Field{Path: path, Problem: fmt.Sprintf("%v: want %s", value, wanted)}
}

// In moves every fault of a part to the path of that part: the fault of "rate"
// in "tiers[1]" is one of "tiers[1].rate". An error that is no fault of a field
// becomes one of the part itself. In of nil is nil.
func In(path string, err error) error {
	var moved List
	moved.In(path, err)
	return moved.Err()
}

// All lists the faults in an error, in order. What is no fault of a field is
// listed as one without a path, with the error as its cause.
func All(err error) []*Field {
	if err == nil {
		return nil
	}
	if field, ok := err.(*Field); ok {
		return []*Field{field}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Field
		for _, one := range joined.Unwrap() {
			all = append(all, All(one)...)
		}
		return all
	}
	return []*Field{{Problem: err.Error(), cause: err}}
}

// Join is the path of a field below a path: "decode" and "tp" make
// "decode.tp", "tiers" and "[1].rate" make "tiers[1].rate".
func Join(path, field string) string {
	if path == "" || field == "" || strings.HasPrefix(field, "[") {
		return path + field
	}
	return path + "." + field
}

// Index is the path of an item of a list: "tiers" and 1 make "tiers[1]".
func Index(path string, item int) string { return path + "[" + strconv.Itoa(item) + "]" }

// List gathers the faults of a value. The zero List is ready to use.
type List struct{ faults []error }

// Add notes the fault of a field, as New makes it.
func (l *List) Add(path, format string, args ...any) {
	l.faults = append(l.faults, New(path, format, args...))
}

// Want notes that the value of a field is not what is wanted.
func (l *List) Want(path string, value any, wanted string) {
	l.faults = append(l.faults, Want(path, value, wanted))
}

// Check is Want unless the value is right.
func (l *List) Check(right bool, path string, value any, wanted string) {
	if !right {
		l.Want(path, value, wanted)
	}
}

// In notes the faults of the part at a path; with an empty path those of the
// value itself.
func (l *List) In(path string, err error) {
	for _, f := range All(err) {
		l.faults = append(l.faults, &Field{Path: Join(path, f.Path), Problem: f.Problem, cause: f.cause})
	}
}

// Err is nil without faults, the *Field where there is one, and otherwise all
// of them joined, one a line.
func (l *List) Err() error {
	switch len(l.faults) {
	case 0:
		return nil
	case 1:
		return l.faults[0]
	}
	return errors.Join(slices.Clone(l.faults)...)
}

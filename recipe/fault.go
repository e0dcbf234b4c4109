package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// fault is one thing that is wrong, with its place.
type fault struct {
	at   place
	says string
}

// Error is "file:line: key: what is wrong".
func (f fault) Error() string {
	var b strings.Builder
	b.WriteString(f.at.file)
	if f.at.line > 0 {
		fmt.Fprintf(&b, ":%d", f.at.line)
	}
	if f.at.key != "" {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(f.at.key)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(strings.ReplaceAll(strings.TrimSpace(f.says), "\n", " "))
	return b.String()
}

// Errors are all faults of a recipe, one line each.
type Errors []error

// Error joins the lines.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Note is something that was not read, and where it stands.
type Note struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Key  string `json:"key"`
	Says string `json:"says"`
}

// log gathers faults and notes while files are read.
type log struct {
	faults []error
	notes  []Note
}

func (l *log) fail(at place, format string, args ...any) {
	l.add(fault{at: at, says: fmt.Sprintf(format, args...)})
}

func (l *log) add(err error) {
	const most = 200
	if len(l.faults) >= most {
		return
	}
	for _, old := range l.faults {
		if old.Error() == err.Error() {
			return
		}
	}
	l.faults = append(l.faults, err)
}

// note lists a key once, wherever else it stands.
func (l *log) note(at place, says string) {
	same := func(n Note) bool { return n.Key == at.key && n.Says == says }
	const most = 1000
	if len(l.notes) == most {
		l.notes = append(l.notes, Note{File: at.file, Line: at.line, Key: "…", Says: "and more, from here on: not read"})
	}
	if len(l.notes) < most && !slices.ContainsFunc(l.notes, same) {
		l.notes = append(l.notes, Note{File: at.file, Line: at.line, Key: at.key, Says: says})
	}
}

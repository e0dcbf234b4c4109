package readers

import (
	"maps"
	"slices"
	"strings"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
	"agentsim/trace/tokens"
)

// env is what formats share while a trace is read.
type env struct {
	counter tokens.Counter
	notes   map[string]int
	names   names
	ledger  ledger
	session map[string]string // by path of a file that holds one, where its name alone is not enough
	many    bool              // the trace has more than one file
	skipBad int               // bad records that may be passed over
	block   int               // tokens of a block, where the format does not tell; 0 = find out
	err     error             // setting up the counter
}

func newEnv(counter tokens.Counter) *env {
	e := &env{counter: counter, notes: map[string]int{}, names: names{}}
	e.ledger.env = e
	return e
}

// count returns the tokens of a text. The vocabulary is loaded at first use:
// most traces hold no text. An error is kept for Trace.Read.
func (e *env) count(text []byte) int {
	if e.counter == nil {
		counter, err := tokens.Default()
		if err != nil {
			e.err = err
			counter = tokens.ByRatio(tokens.CharactersPerToken)
		}
		e.counter = counter
		e.note("tokens of text counted with another vocabulary than the model's")
	}
	return e.counter(text)
}

// note counts something worth telling.
func (e *env) note(text string) { e.notes[text]++ }

// usable reports whether a call has a prompt, and notes it if not.
func (e *env) usable(c *trace.Call) bool {
	if c.Input <= 0 {
		e.note(noTokens)
	}
	return c.Input > 0
}

// notesMax bounds the distinct notes: keys come from the file.
const notesMax = 200

// unknown skips the value of a key that the format does not use. Keys that it
// does not know either are counted.
func (e *env) unknown(s *jsonscan.Scanner, key []byte, known string) {
	if !listed(known, key) {
		e.unknownName("key", string(key))
	}
	s.Skip()
}

// unknownName counts a key or column that a format does not know.
func (e *env) unknownName(what, name string) {
	if text := "unknown " + what + " " + name; e.notes[text] > 0 || len(e.notes) < notesMax {
		e.notes[text]++
	}
}

// listed reports whether key is one of the words of a list.
func listed(words string, key []byte) bool {
	for word := range strings.FieldsSeq(words) {
		if word == string(key) {
			return true
		}
	}
	return false
}

// sorted returns the notes by text.
func (e *env) sorted() []Note {
	var out []Note
	for _, text := range slices.Sorted(maps.Keys(e.notes)) {
		out = append(out, Note{text, e.notes[text]})
	}
	return out
}

// names keeps one copy of each of a trace's few distinct names.
type names map[string]string

// namesMax bounds the memory that names take.
const namesMax = 4096

func (n names) of(b []byte) string {
	if s, ok := n[string(b)]; ok {
		return s
	}
	if len(n) >= namesMax {
		clear(n)
	}
	s := string(b)
	n[s] = s
	return s
}

// unknownTimes is a call of which no time is known yet.
func unknownTimes() trace.Call {
	return trace.Call{Start: trace.Unknown, Gap: trace.Unknown, Service: trace.Unknown}
}

// object reads an object's fields; null and anything else has none.
func object(s *jsonscan.Scanner, field func(key []byte)) {
	if !s.Is('{') {
		s.Skip()
		return
	}
	s.Object(field)
}

// array reads the entries of a list; null and anything else has none.
func array(s *jsonscan.Scanner, element func()) {
	if !s.Is('[') {
		s.Skip()
		return
	}
	s.Array(element)
}

// text reads a string; anything else has none.
func text(s *jsonscan.Scanner) string {
	if !s.Is('"') {
		s.Skip()
		return ""
	}
	return s.String()
}

// nested reads the value that a path of keys leads to, and skips everything
// beside it. What is not an object on the way has no such value.
func nested(s *jsonscan.Scanner, read func(), path ...string) {
	switch {
	case len(path) == 0:
		read()
	case !s.Is('{'):
		s.Skip()
	default:
		s.Object(func(key []byte) {
			if string(key) == path[0] {
				nested(s, read, path[1:]...)
				return
			}
			s.Skip()
		})
	}
}

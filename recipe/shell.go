package recipe

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Limits on scripts.
const (
	largestScript = 256 << 10 // bytes
	largestWord   = 64 << 10  // bytes of a variable or a word
	mostParts     = 256       // expansions in one word
	mostSteps     = 5_000     // statements, loops and calls unrolled
	deepestCall   = 16
	mostLinks     = 100 // of a chain a && b && c
)

// word is one argument of a command, or why it has no value.
type word struct {
	text string
	line int
	why  string // empty if there is a value
	raw  string // of a word without one, what a script within would read; empty = cannot be told
}

// command is a command of a script that starts an engine or a router.
type command struct {
	words []word
	env   map[string]string
	at    place
}

// script walks through a script. Assignments, defaults, arithmetic, arrays,
// functions, and conditions over known values are evaluated; nothing is
// executed.
type script struct {
	file     string
	source   string
	vars     map[string]expand.Variable
	poisoned map[string]string // variables without a value, and why
	funcs    map[string]*syntax.Stmt
	written  map[string]string // files that the script itself writes, by path
	found    []command
	faults   []error
	steps    int
	calls    int
	expanded int // bytes
}

// readScript reads a script or a command line. Variables stand for what the
// environment would hold.
func readScript(file, text string, variables map[string]string) (*script, error) {
	s := &script{
		file:     file,
		source:   text,
		vars:     map[string]expand.Variable{},
		poisoned: map[string]string{},
		funcs:    map[string]*syntax.Stmt{},
		written:  map[string]string{},
	}
	for name, v := range map[string]string{"0": file, "#": "0", "?": "0", "!": "1", "$": "1"} {
		s.vars[name] = expand.Variable{Set: true, Kind: expand.String, Str: v}
	}
	for _, name := range []string{"@", "*"} {
		s.vars[name] = expand.Variable{Set: true, Kind: expand.Indexed}
	}
	for name, v := range variables {
		s.vars[name] = expand.Variable{Set: true, Kind: expand.String, Str: v, Exported: true}
	}
	return s, s.read(text, 0)
}

func (s *script) read(text string, line int) (err error) {
	at := place{file: s.file, line: line}
	if len(text) > largestScript {
		return fault{at: at, says: fmt.Sprintf("%d bytes of script, more than %d", len(text), largestScript)}
	}
	if deeper(text) {
		return fault{at: at, says: fmt.Sprintf("more than %d open brackets", deepest)}
	}
	defer func() {
		if recover() != nil {
			err = fault{at: at, says: "is not a script that can be read"}
		}
	}()
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		var broken syntax.ParseError
		if errors.As(err, &broken) {
			at.line = line + int(broken.Pos.Line())
			says := broken.Text
			if strings.Contains(says, "EOF") || strings.Contains(says, "without matching") {
				says += " (unterminated: unexpected end of the text)"
			}
			return fault{at: at, says: says}
		}
		return fault{at: at, says: err.Error()}
	}
	outer := s.source
	s.source = text
	s.statements(parsed.Stmts)
	s.source = outer
	return nil
}

func (s *script) statements(list []*syntax.Stmt) {
	for _, stmt := range list {
		s.statement(stmt)
	}
}

func (s *script) statement(stmt *syntax.Stmt) {
	if s.steps++; s.steps > mostSteps || stmt == nil || stmt.Cmd == nil {
		if s.steps == mostSteps+1 {
			s.fail(stmt.Pos(), "", fmt.Sprintf("more than %d statements with loops and functions unrolled", mostSteps))
		}
		return
	}
	switch c := stmt.Cmd.(type) {
	case *syntax.CallExpr:
		s.call(c, stmt)
	case *syntax.DeclClause:
		s.declare(c)
	case *syntax.BinaryCmd:
		s.binary(c)
	case *syntax.Block:
		s.statements(c.Stmts)
	case *syntax.Subshell:
		vars, poisoned := maps.Clone(s.vars), maps.Clone(s.poisoned)
		s.statements(c.Stmts)
		s.vars, s.poisoned = vars, poisoned
	case *syntax.IfClause:
		s.branch(c)
	case *syntax.CaseClause:
		s.choose(c)
	case *syntax.ForClause:
		s.loop(c)
	case *syntax.WhileClause:
		s.refuse(c, "a loop")
	case *syntax.FuncDecl:
		s.funcs[c.Name.Value] = c.Body
	case *syntax.TimeClause:
		s.statement(c.Stmt)
	case *syntax.ArithmCmd:
		if s.arithmetic(c.X) != nil {
			s.poison(c, "arithmetic without a value")
		}
	}
}

// binary reads a && b, a || b and a | b. A command is taken to succeed.
func (s *script) binary(c *syntax.BinaryCmd) {
	if links(c) > mostLinks {
		s.fail(c.Pos(), "", fmt.Sprintf("more than %d commands in one chain", mostLinks))
		return
	}
	if c.Op == syntax.Pipe || c.Op == syntax.PipeAll {
		s.statement(c.X)
		s.statement(c.Y)
		return
	}
	yes, known := conditions{s}.holds([]*syntax.Stmt{c.X})
	if !known && !isTest(c.X) {
		s.statement(c.X)
		yes, known = true, true
	}
	switch {
	case !known:
		s.refuse(c.Y, "a conditional")
	case yes == (c.Op == syntax.AndStmt):
		s.statement(c.Y)
	}
}

// links is the length of a chain of commands, which nests to the left.
func links(c *syntax.BinaryCmd) int {
	n := 1
	for ok := true; ok && c.X != nil; n++ {
		c, ok = c.X.Cmd.(*syntax.BinaryCmd)
		if !ok {
			break
		}
	}
	return n
}

func (s *script) branch(c *syntax.IfClause) {
	for clause := c; clause != nil; clause = clause.Else {
		if len(clause.Cond) == 0 {
			s.statements(clause.Then)
			return
		}
		yes, known := conditions{s}.holds(clause.Cond)
		if !known {
			s.refuse(clause, "a conditional")
			return
		}
		if yes {
			s.statements(clause.Then)
			return
		}
	}
}

func (s *script) choose(c *syntax.CaseClause) {
	text, why := s.literal(c.Word)
	if why != "" {
		s.refuse(c, "a conditional")
		return
	}
	for _, item := range c.Items {
		for _, p := range item.Patterns {
			if yes, known := (conditions{s}).matches(text, p); !known {
				s.refuse(c, "a conditional")
				return
			} else if yes {
				s.statements(item.Stmts)
				return
			}
		}
	}
}

func (s *script) loop(c *syntax.ForClause) {
	words, ok := c.Loop.(*syntax.WordIter)
	if !ok || c.Select {
		s.refuse(c, "a loop")
		return
	}
	items, ok := s.texts(words.Items)
	if !ok {
		s.refuse(c, "a loop")
		return
	}
	for _, item := range items {
		s.set(words.Name.Value, expand.Variable{Set: true, Kind: expand.String, Str: item})
		s.statements(c.Do)
	}
}

// refuse is what happens to statements that run or not: it is wrong if they
// start an engine, and what they assign has no value.
func (s *script) refuse(n syntax.Node, what string) {
	start, end := int(n.Pos().Offset()), int(n.End().Offset())
	if start < end && end <= len(s.source) && mentionsEngine(s.source[start:end]) {
		s.fail(n.Pos(), "", what+" that cannot be decided from the text around the command: give the command alone, "+
			"or the variables with --set NAME=VALUE")
	}
	s.poison(n, what+" that cannot be decided from the text")
}

func (s *script) poison(n syntax.Node, why string) {
	why = fmt.Sprintf("set in line %d by %s", n.Pos().Line(), why)
	syntax.Walk(n, func(n syntax.Node) bool {
		if a, ok := n.(*syntax.Assign); ok && a.Name != nil {
			s.poisoned[a.Name.Value] = why
			delete(s.vars, a.Name.Value)
		}
		return true
	})
}

func (s *script) fail(pos syntax.Pos, key, says string) {
	s.faults = append(s.faults, fault{at: place{file: s.file, line: int(pos.Line()), key: key}, says: says})
}

func (s *script) set(name string, v expand.Variable) {
	if old, ok := s.vars[name]; ok {
		v.Exported = v.Exported || old.Exported
	}
	s.vars[name] = v
	delete(s.poisoned, name)
}

func (s *script) assign(a *syntax.Assign, exported bool) {
	if a.Name == nil || a.Naked && a.Value == nil && a.Array == nil {
		if a.Name != nil && exported {
			if v, ok := s.vars[a.Name.Value]; ok {
				v.Exported = true
				s.vars[a.Name.Value] = v
			}
		}
		return
	}
	name := a.Name.Value
	v := expand.Variable{Set: true, Kind: expand.String, Exported: exported}
	switch {
	case a.Index != nil:
		s.poison(a, "an index")
		return
	case a.Array != nil:
		var words []*syntax.Word
		for _, e := range a.Array.Elems {
			if e.Index != nil || e.Value == nil {
				s.poison(a, "an array with indices")
				return
			}
			words = append(words, e.Value)
		}
		items, why := s.fields(words)
		if why != "" {
			s.poisoned[name] = root(why)
			delete(s.vars, name)
			return
		}
		v.Kind, v.List = expand.Indexed, items
		if a.Append {
			v.List = append(slices.Clone(s.vars[name].List), items...)
		}
	default:
		text, why := s.literal(a.Value)
		if why == "" && a.Append {
			text = s.vars[name].Str + text
		}
		if why != "" || len(text) > largestWord {
			s.poisoned[name] = root(why)
			delete(s.vars, name)
			return
		}
		v.Str = text
	}
	s.set(name, v)
}

func (s *script) declare(c *syntax.DeclClause) {
	exported := c.Variant.Value == "export"
	for _, a := range c.Args {
		s.assign(a, exported)
	}
}

// environment is what a command sees: all that is set, for a recipe is often a
// part of a script.
func (s *script) environment() map[string]string {
	env := map[string]string{}
	for name, v := range s.vars {
		if v.Kind == expand.String {
			env[name] = v.Str
		}
	}
	return env
}

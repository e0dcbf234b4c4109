package recipe

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// Get, Each and Set make a script the environment of expansions.
func (s *script) Get(name string) expand.Variable {
	if rest, home := strings.CutPrefix(name, "HOME"); home && s.vars[name].Kind == expand.Unknown {
		return expand.Variable{Set: true, Kind: expand.String, Str: "~" + strings.TrimSpace(rest)}
	}
	if name == "IFS" {
		return expand.Variable{Set: true, Kind: expand.String, Str: " \t\n"}
	}
	return s.vars[name]
}

// Each visits all variables.
func (s *script) Each(visit func(name string, v expand.Variable) bool) {
	for name, v := range s.vars {
		if !visit(name, v) {
			return
		}
	}
}

// Set assigns in the course of an expansion, as ${X:=1} and $((i += 1)) do.
func (s *script) Set(name string, v expand.Variable) error {
	if len(v.Str) > largestWord {
		return errors.New("too long")
	}
	s.set(name, v)
	return nil
}

func (s *script) config() *expand.Config { return &expand.Config{Env: s, NoUnset: true} }

// literal expands a word without splitting it.
func (s *script) literal(w *syntax.Word) (text, why string) {
	if w == nil {
		return "", ""
	}
	if why := s.unfit(w); why != "" {
		return "", why
	}
	text, err := expand.Literal(s.config(), w)
	return s.judged(text, err)
}

func (s *script) judged(text string, err error) (string, string) {
	if err != nil {
		return "", s.reason(err)
	}
	const most = 16 << 20 // bytes of a script's values, all together
	if s.expanded += len(text); len(text) > largestWord || s.expanded > most {
		return "", "too long a value"
	}
	return text, ""
}

// fields expands words and splits them as a shell does.
func (s *script) fields(words []*syntax.Word) (texts []string, why string) {
	for _, w := range words {
		if why := s.unfit(w); why != "" {
			return nil, why
		}
		more, err := expand.Fields(s.config(), w)
		if err != nil {
			return nil, s.reason(err)
		}
		if _, why := s.judged(strings.Join(more, " "), nil); why != "" {
			return nil, why
		}
		texts = append(texts, more...)
	}
	return texts, ""
}

func (s *script) texts(words []*syntax.Word) ([]string, bool) {
	texts, why := s.fields(words)
	return texts, why == ""
}

// unfit says why a word is not expanded at all.
func (s *script) unfit(w *syntax.Word) (why string) {
	parts := 0
	syntax.Walk(w, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			if why == "" {
				why = s.shown(n) + ": a substitution, which is never run"
			}
		case *syntax.ParamExp:
			if parts++; n.Param == nil {
				return true
			}
			if reason, ok := s.poisoned[n.Param.Value]; ok && why == "" && n.Exp == nil {
				why = fmt.Sprintf("$%s%s (%s)", n.Param.Value, valueless, reason)
			}
		}
		return true
	})
	if parts > mostParts {
		return fmt.Sprintf("more than %d expansions in one word", mostParts)
	}
	copied := *w
	if why == "" && syntax.SplitBraces(&copied) {
		return s.shown(w) + ": braces, which are not expanded"
	}
	return why
}

// root is the first reason of a chain of variables without a value.
func root(why string) string {
	if _, inner, ok := strings.Cut(why, valueless+" ("); ok {
		return strings.TrimSuffix(inner, ")")
	}
	return why
}

const valueless = " has no value here"

// shown is a piece of the script as it stands.
func (s *script) shown(n syntax.Node) string {
	start, end := int(n.Pos().Offset()), int(n.End().Offset())
	if start >= end || end > len(s.source) {
		return "a substitution"
	}
	const longest = 60
	text := strings.Join(strings.Fields(s.source[start:end]), " ")
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return text
}

func (s *script) reason(err error) string {
	var unset expand.UnsetParameterError
	if errors.As(err, &unset) && unset.Node.Param != nil {
		return fmt.Sprintf("$%s is not set here", unset.Node.Param.Value)
	}
	return err.Error()
}

func (s *script) arithmetic(x syntax.ArithmExpr) error {
	_, err := expand.Arithm(s.config(), x)
	return err
}

// conditions decides conditions as far as the text allows.
type conditions struct{ *script }

// holds decides a condition from known values.
func (s conditions) holds(cond []*syntax.Stmt) (yes, known bool) {
	if len(cond) != 1 || cond[0].Cmd == nil {
		return false, false
	}
	switch c := cond[0].Cmd.(type) {
	case *syntax.TestClause:
		yes, known = s.test(c.X)
	case *syntax.CallExpr:
		yes, known = s.bracket(c)
	case *syntax.ArithmCmd:
		n, err := expand.Arithm(s.config(), c.X)
		yes, known = n != 0, err == nil
	case *syntax.BinaryCmd:
		left, ok := s.holds([]*syntax.Stmt{c.X})
		right, ok2 := s.holds([]*syntax.Stmt{c.Y})
		switch c.Op {
		case syntax.AndStmt:
			yes, known = left && right, ok && ok2
		case syntax.OrStmt:
			yes, known = left || right, ok && ok2
		}
	}
	return yes != cond[0].Negated, known
}

func isTest(stmt *syntax.Stmt) bool {
	switch c := stmt.Cmd.(type) {
	case *syntax.TestClause, *syntax.ArithmCmd:
		return true
	case *syntax.CallExpr:
		return len(c.Args) > 0 && (c.Args[0].Lit() == "[" || c.Args[0].Lit() == "test")
	case *syntax.BinaryCmd:
		return isTest(c.X)
	}
	return false
}

func (s conditions) test(x syntax.TestExpr) (yes, known bool) {
	switch x := x.(type) {
	case *syntax.ParenTest:
		return s.test(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			yes, known = s.test(x.X)
			return !yes, known
		}
		if w, ok := x.X.(*syntax.Word); ok {
			return s.unary(x.Op.String(), w)
		}
	case *syntax.BinaryTest:
		if x.Op == syntax.AndTest || x.Op == syntax.OrTest {
			left, ok := s.test(x.X)
			right, ok2 := s.test(x.Y)
			if x.Op == syntax.AndTest {
				return left && right, ok && ok2
			}
			return left || right, ok && ok2
		}
		left, ok := x.X.(*syntax.Word)
		right, ok2 := x.Y.(*syntax.Word)
		if ok && ok2 {
			return s.compare(left, x.Op.String(), right, true)
		}
	case *syntax.Word:
		text, why := s.soft(x)
		return text != "", why == ""
	}
	return false, false
}

// soft expands a word in a test: variables that are not set are empty there,
// but those that a script left without a value are unknown.
func (s conditions) soft(w *syntax.Word) (text, why string) {
	if why := s.unfit(w); why != "" {
		return "", why
	}
	text, err := expand.Literal(&expand.Config{Env: s}, w)
	return s.judged(text, err)
}

func (s conditions) unary(op string, w *syntax.Word) (yes, known bool) {
	text, why := s.soft(w)
	switch op {
	case "-z":
		return text == "", why == ""
	case "-n":
		return text != "", why == ""
	}
	return false, false
}

func (s conditions) bracket(c *syntax.CallExpr) (yes, known bool) {
	if len(c.Args) == 1 && len(c.Assigns) == 0 && (c.Args[0].Lit() == "true" || c.Args[0].Lit() == "false") {
		return c.Args[0].Lit() == "true", true
	}
	if len(c.Args) < 2 || !isTest(&syntax.Stmt{Cmd: c}) {
		return false, false
	}
	args := c.Args[1:]
	if c.Args[0].Lit() == "[" {
		args = args[:len(args)-1]
	}
	negated := len(args) > 0 && args[0].Lit() == "!"
	if negated {
		args = args[1:]
	}
	switch len(args) {
	case 1:
		text, why := s.soft(args[0])
		yes, known = text != "", why == ""
	case 2:
		yes, known = s.unary(args[0].Lit(), args[1])
	case 3:
		yes, known = s.compare(args[0], args[1].Lit(), args[2], false)
	}
	return yes != negated, known
}

func (s conditions) compare(left *syntax.Word, op string, right *syntax.Word, patterns bool) (yes, known bool) {
	a, why := s.soft(left)
	if why != "" {
		return false, false
	}
	if patterns && (op == "==" || op == "=" || op == "!=") {
		yes, known = s.matches(a, right)
		return yes == (op != "!="), known
	}
	b, why := s.soft(right)
	if why != "" {
		return false, false
	}
	switch op {
	case "==", "=":
		return a == b, true
	case "!=":
		return a != b, true
	}
	m, ok := wholeNumber(a)
	n, ok2 := wholeNumber(b)
	switch op {
	case "-eq":
		yes = m == n
	case "-ne":
		yes = m != n
	case "-lt":
		yes = m < n
	case "-le":
		yes = m <= n
	case "-gt":
		yes = m > n
	case "-ge":
		yes = m >= n
	default:
		return false, false
	}
	return yes, ok && ok2
}

// matches holds a text against a pattern such as gb* or *.
func (s conditions) matches(text string, w *syntax.Word) (yes, known bool) {
	if s.unfit(w) != "" {
		return false, false
	}
	p, err := expand.Pattern(&expand.Config{Env: s}, w)
	if err != nil || len(p) > largestWord {
		return false, false
	}
	expression, err := pattern.Regexp(p, pattern.EntireString)
	if err != nil {
		return false, false
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return false, false
	}
	return compiled.MatchString(text), true
}

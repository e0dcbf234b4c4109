package recipe

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

var engineNames = regexp.MustCompile(`vllm|sglang|trtllm|dynamo\.|launch_server|launch_router`)

func mentionsEngine(text string) bool { return engineNames.MatchString(text) }

// call reads a command: an assignment, a function, a file that the script
// writes, a shell within, or an engine.
func (s *script) call(c *syntax.CallExpr, stmt *syntax.Stmt) {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			s.assign(a, false)
		}
		return
	}
	if body, ok := s.funcs[c.Args[0].Lit()]; ok {
		s.function(body, c.Args[1:])
		return
	}
	words := s.wordsOf(c.Args)
	if len(words) == 0 {
		return
	}
	switch path.Base(words[0].text) {
	case "cat", "echo", "tee", "printf":
		s.writes(words, stmt)
		return
	case "read", "unset", "shift", "getopts", "mapfile", "readarray":
		for _, w := range words[1:] {
			s.poisoned[w.text] = "taken away or read at run time in line " + strconv.Itoa(w.line)
			delete(s.vars, w.text)
		}
		return
	case "eval":
		if mentionsEngine(s.shown(c)) {
			s.fail(c.Pos(), "eval", "is never run: give the command itself")
		}
		return
	}
	env := map[string]string{}
	for _, a := range c.Assigns {
		if text, why := s.literal(a.Value); why == "" {
			env[a.Name.Value] = text
		}
	}
	s.found = append(s.found, s.within(words, env, c)...)
}

// within finds a shell's -c in the words; otherwise they are one command.
func (s *script) within(words []word, env map[string]string, c *syntax.CallExpr) []command {
	for i := 1; i < len(words); i++ {
		shells := []string{"sh", "bash", "ash", "dash", "zsh"}
		flag := words[i].text
		if strings.HasPrefix(flag, "-") && strings.HasSuffix(flag, "c") && i+1 < len(words) &&
			slices.Contains(shells, path.Base(words[i-1].text)) && s.calls < deepestCall {
			if w := words[i+1]; w.why != "" && w.raw != "" {
				words[i+1].text, words[i+1].why = w.raw, "" // what has no value has none in the script within
			}
			if words[i+1].why != "" {
				continue
			}
			s.inner(words[i+1], env)
			return nil
		}
	}
	remote := []string{"ssh", "tmux", "screen", "pdsh", "clush"}
	if last := words[len(words)-1]; slices.Contains(remote, path.Base(words[0].text)) && last.why == "" &&
		strings.Contains(last.text, " ") && s.calls < deepestCall {
		s.inner(last, env)
		return nil
	}
	all := s.environment()
	maps.Copy(all, env)
	return []command{{words: words, env: all, at: place{file: s.file, line: int(c.Pos().Line())}}}
}

// inner reads a script within a word.
func (s *script) inner(w word, env map[string]string) {
	vars := maps.Clone(s.vars)
	maps.Copy(s.vars, asVariables(env))
	s.calls++
	before := len(s.found)
	if err := s.read(w.text, w.line-1); err != nil {
		s.faults = append(s.faults, err)
	}
	for _, c := range s.found[before:] {
		for i := range c.words {
			c.words[i].line += w.line - 1
		}
	}
	for i := before; i < len(s.found); i++ {
		s.found[i].at.line += w.line - 1
	}
	s.calls--
	s.vars = vars
}

func asVariables(env map[string]string) map[string]expand.Variable {
	out := make(map[string]expand.Variable, len(env))
	for name, text := range env {
		out[name] = expand.Variable{Set: true, Kind: expand.String, Str: text, Exported: true}
	}
	return out
}

// wordsOf expands each word by itself, so that each has its own place and its
// own reason to have no value.
func (s *script) wordsOf(args []*syntax.Word) []word {
	var words []word
	for _, w := range args {
		line := int(w.Pos().Line())
		texts, why := s.fields([]*syntax.Word{w})
		if why != "" {
			words = append(words, word{text: leading(w), line: line, why: why, raw: s.quoted(w)})
			continue
		}
		for _, text := range texts {
			words = append(words, word{text: text, line: line})
		}
	}
	return words
}

// quoted is the text of a word in double quotes, as a shell within would read it;
// empty where something would have to be run for it.
func (s *script) quoted(w *syntax.Word) string {
	if len(w.Parts) != 1 {
		return ""
	}
	q, ok := w.Parts[0].(*syntax.DblQuoted)
	if !ok || q.Dollar {
		return ""
	}
	runs := false
	syntax.Walk(q, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			runs = true
		}
		return !runs
	})
	start, end := int(q.Pos().Offset())+1, int(q.End().Offset())-1
	if runs || start >= end || end > len(s.source) {
		return ""
	}
	return strings.NewReplacer(`\$`, "$", `\"`, `"`, `\\`, `\`, "\\`", "`", "\\\n", "").Replace(s.source[start:end])
}

// leading is the literal text that a word begins with: --flag= of --flag=$X.
func leading(w *syntax.Word) string {
	if len(w.Parts) > 0 {
		if lit, ok := w.Parts[0].(*syntax.Lit); ok {
			return lit.Value
		}
	}
	return ""
}

// function runs a function's body with its arguments.
func (s *script) function(body *syntax.Stmt, args []*syntax.Word) {
	if s.calls >= deepestCall {
		s.fail(body.Pos(), "", "functions call each other too deep")
		return
	}
	names := []string{"@", "*", "#", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	before := map[string]expand.Variable{}
	for _, name := range names {
		before[name] = s.vars[name]
		delete(s.vars, name)
	}
	texts, ok := s.texts(args)
	if ok {
		list := expand.Variable{Set: true, Kind: expand.Indexed, List: texts}
		s.vars["@"], s.vars["*"] = list, list
		s.vars["#"] = expand.Variable{Set: true, Kind: expand.String, Str: strconv.Itoa(len(texts))}
		for i, text := range texts {
			if i+3 < len(names) {
				s.vars[names[i+3]] = expand.Variable{Set: true, Kind: expand.String, Str: text}
			}
		}
	}
	s.calls++
	s.statement(body)
	s.calls--
	maps.Copy(s.vars, before)
}

// writes keeps the files that a script writes itself: cat > FILE <<EOF.
func (s *script) writes(words []word, stmt *syntax.Stmt) {
	var target, text string
	ok, add := false, false
	if words[0].text == "echo" {
		var parts []string
		for _, w := range words[1:] {
			if w.why != "" {
				return
			}
			if w.text != "-e" && w.text != "-n" {
				parts = append(parts, w.text)
			}
		}
		text, ok = strings.Join(parts, " ")+"\n", true
	}
	for _, r := range stmt.Redirs {
		switch r.Op {
		case syntax.Hdoc, syntax.DashHdoc:
			var why string
			if text, why = s.document(r.Hdoc); why != "" {
				s.refuseFile(stmt, why)
				return
			}
			ok = true
		case syntax.RdrOut, syntax.AppOut, syntax.RdrClob:
			var why string
			if target, why = s.literal(r.Word); why != "" {
				return
			}
			add = r.Op == syntax.AppOut
		}
	}
	if words[0].text == "tee" && len(words) > 1 {
		target = words[len(words)-1].text
	}
	if !ok || target == "" {
		return
	}
	if add {
		text = s.written[target] + text
	}
	if len(text) <= largestFile {
		s.written[target] = text
	}
}

func (s *script) document(w *syntax.Word) (text, why string) {
	if w == nil {
		return "", ""
	}
	if why := s.unfit(w); why != "" && !strings.Contains(why, "braces") {
		return "", why
	}
	text, err := expand.Document(s.config(), w)
	return s.judged(text, err)
}

// refuseFile remembers why a file that the script writes cannot be read.
func (s *script) refuseFile(stmt *syntax.Stmt, why string) {
	for _, r := range stmt.Redirs {
		if r.Op == syntax.RdrOut || r.Op == syntax.AppOut {
			if target, bad := s.literal(r.Word); bad == "" {
				s.poisoned["file "+target] = why
			}
		}
	}
}

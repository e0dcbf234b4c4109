package tidy

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

var (
	unfinished  = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`)
	issueNumber = regexp.MustCompile(`(^|[\s(])#\d+\b|\b(issue|PR) #?\d+\b`)
	machinePath = regexp.MustCompile(`(^|["\s(])/(work|home|root|Users|mnt)/`)
)

// checkComments wants comments about what is there now: nothing left to do, no
// history, and no paths of the machine that something was written on.
func checkComments(f *source) {
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			if m := unfinished.FindString(c.Text); m != "" {
				f.reportf(c.Pos(), "%s: finish it or leave it out", m)
			}
			if issueNumber.MatchString(c.Text) {
				f.reportf(c.Pos(), "issue number: comments say why, history is git's")
			}
			if m := machinePath.FindString(c.Text); m != "" {
				f.reportf(c.Pos(), "path of one machine: %s", strings.TrimSpace(m))
			}
		}
	}
	f.inspect(func(n ast.Node, _ []ast.Node) {
		lit, ok := n.(*ast.BasicLit)
		if ok && lit.Kind == token.STRING && f.dir != "internal/tidy" && machinePath.MatchString(lit.Value) {
			f.reportf(lit.Pos(), "path of one machine: %s", lit.Value)
		}
	})
}

package tidy

import (
	"go/ast"
	"slices"
	"strings"
)

// checkBans looks for what the table of bans lists.
func checkBans(f *source) {
	imports := f.importNames()
	f.inspect(func(n ast.Node, _ []ast.Node) {
		if pkg, name, ok := selected(n, imports); ok {
			if why := banned(f, pkg, name); why != "" {
				f.reportf(n.Pos(), "%s.%s: %s", pkg, name, why)
			}
		}
		if call, ok := n.(*ast.CallExpr); ok {
			fn, ok := call.Fun.(*ast.Ident)
			if ok && (fn.Name == "print" || fn.Name == "println") {
				f.reportf(n.Pos(), "%s: a leftover of debugging", fn.Name)
			}
		}
	})
}

func banned(f *source, pkg, name string) string {
	for _, b := range bans {
		if b.pkg != pkg || f.test && !b.tests || within(f.dir, b.except) {
			continue
		}
		if len(b.names) == 0 || slices.Contains(b.names, name) {
			return b.why
		}
	}
	return ""
}

func checkGoroutines(f *source) {
	if f.test || !within(f.dir, deterministic) {
		return
	}
	f.inspect(func(n ast.Node, _ []ast.Node) {
		if g, ok := n.(*ast.GoStmt); ok {
			f.reportf(g.Pos(), "goroutine: only experiment and cmd run things side by side")
		}
	})
}

// checkDotImports keeps names traceable. An external test may import the very
// package it tests that way.
func checkDotImports(f *source) {
	if f.test {
		return
	}
	for _, spec := range f.syntax.Imports {
		if spec.Name != nil && spec.Name.Name == "." {
			f.reportf(spec.Pos(), "dot import of %s", strings.Trim(spec.Path.Value, `"`))
		}
	}
}

package tidy

import (
	"go/ast"
	"slices"
	"testing"
)

// What a scenario may name stands in a table, and the laws and fuzz targets go
// through the table: whoever adds an entry has it covered without being told.
func TestTablesAreTested(t *testing.T) {
	var found []string
	files := sources(t, &found)
	for _, x := range tables {
		if !slices.ContainsFunc(files, func(f *source) bool { return f.dir == x.dir && !f.test && f.declares(x.table) }) {
			t.Errorf("%s: no table %s", x.dir, x.table)
			continue
		}
		for _, by := range x.by {
			if !slices.ContainsFunc(files, func(f *source) bool { return f.dir == x.dir && f.test && f.calls(by, x.table) }) {
				t.Errorf("%s: the test function %s must go through the table %s", x.dir, by, x.table)
			}
		}
	}
}

// declares reports whether the file has a function of that name.
func (f *source) declares(name string) bool { return f.function(name) != nil }

func (f *source) function(name string) *ast.FuncDecl {
	for _, decl := range f.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == name {
			return fn
		}
	}
	return nil
}

// calls reports whether the file has a function that ranges over what another
// returns, or passes all of it on.
func (f *source) calls(function, table string) bool {
	fn, all := f.function(function), false
	if fn == nil {
		return false
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.RangeStmt:
			all = all || isCallOf(x.X, table)
		case *ast.CallExpr:
			all = all || x.Ellipsis.IsValid() && isCallOf(x.Args[len(x.Args)-1], table)
		}
		return true
	})
	return all
}

func isCallOf(e ast.Expr, name string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	fn, ok := call.Fun.(*ast.Ident)
	return ok && fn.Name == name
}

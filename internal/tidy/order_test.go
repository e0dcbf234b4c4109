package tidy

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Go ranges over maps in random order, so a deterministic room does not do it:
// it ranges over slices.Sorted(maps.Keys(m)).
func TestNoMapOrder(t *testing.T) {
	var patterns []string
	for _, dir := range deterministic {
		patterns = append(patterns, "./"+dir+"/...")
	}
	loaded, err := packages.Load(&packages.Config{
		Dir:  root,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo,
	}, patterns...)
	require.NoError(t, err)
	base, err := filepath.Abs(root)
	require.NoError(t, err)
	for _, p := range loaded {
		if len(p.Errors) > 0 && !strings.Contains(p.Errors[0].Msg, "matched no packages") {
			t.Error(p.Errors[0])
		}
		for _, file := range p.Syntax {
			for _, pos := range mapRanges(file, p.TypesInfo) {
				at := p.Fset.Position(pos)
				path, err := filepath.Rel(base, at.Filename)
				require.NoError(t, err)
				t.Errorf("%s:%d: ranges over a map: range over slices.Sorted(maps.Keys(m))", filepath.ToSlash(path), at.Line)
			}
		}
	}
}

// mapRanges finds loops over maps, and iterators over maps that are not sorted
// at once.
func mapRanges(file *ast.File, info *types.Info) []token.Pos {
	var found []token.Pos
	sorted := map[ast.Expr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.RangeStmt:
			if t := info.TypeOf(x.X); t != nil && isMap(t) {
				found = append(found, x.Pos())
			}
		case *ast.CallExpr:
			switch name := calledFunction(x, info); {
			case strings.HasPrefix(name, "slices.Sorted"):
				sorted[x.Args[0]] = true
			case slices.Contains([]string{"maps.Keys", "maps.Values", "maps.All"}, name) && !sorted[x]:
				found = append(found, x.Pos())
			}
		}
		return true
	})
	return found
}

func isMap(t types.Type) bool {
	_, ok := t.Underlying().(*types.Map)
	return ok
}

// calledFunction is the full name of a called package function, e.g. maps.Keys.
func calledFunction(call *ast.CallExpr, info *types.Info) string {
	fun := ast.Unparen(call.Fun)
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	fn, ok := info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Signature().Recv() != nil {
		return ""
	}
	return fn.Pkg().Path() + "." + fn.Name()
}

package tidy

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A type with many methods is a program of its own: its state is reachable
// from all of them. Those that embed it count for themselves.
func TestMethodsOfAType(t *testing.T) {
	var found []string
	counts := methodCounts(sources(t, &found))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if most := max(maxMethods, wideTypes[name]); counts[name] > most {
			t.Errorf("%s has %d methods, more than %d: split it by what its users need", name, counts[name], most)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wideTypes)) {
		switch n := counts[name]; {
		case n <= maxMethods:
			t.Errorf("%s has %d methods: take it out of wideTypes", name, n)
		case n < wideTypes[name]:
			t.Errorf("%s has %d methods: lower its number in wideTypes from %d", name, n, wideTypes[name])
		}
	}
}

// methodCounts maps directory.Type to how many methods its package declares.
func methodCounts(files []*source) map[string]int {
	counts := map[string]int{}
	for _, f := range files {
		if f.test {
			continue
		}
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv != nil {
				counts[f.dir+"."+receiver(fn)]++
			}
		}
	}
	return counts
}

// receiver is the name of the type that a method belongs to.
func receiver(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestMethodsAreCounted(t *testing.T) {
	var found []string
	texts := map[string]string{
		"a/a.go":      "package a\ntype T[K comparable] struct{}\nfunc (T[K]) f() {}\nfunc g() {}",
		"a/b.go":      "package a\nfunc (t *T[K]) h() {}\ntype U int\nfunc (U) f() {}",
		"a/b_test.go": "package a\nfunc (U) g() {}",
		"b/a.go":      "package b\ntype T int\nfunc (T) f() {}",
	}
	var files []*source
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		f, err := parse(token.NewFileSet(), path, texts[path], &found)
		require.NoError(t, err)
		files = append(files, f)
	}
	require.Equal(t, map[string]int{"a.T": 2, "a.U": 1, "b.T": 1}, methodCounts(files))
}

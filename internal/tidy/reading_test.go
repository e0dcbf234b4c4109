package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

var (
	// listedFile matches a line of a package comment that is about one file,
	// mentionedFile any file that a comment names.
	listedFile    = regexp.MustCompile(`(?m)^[ \t]+(\w+\.go)\b`)
	mentionedFile = regexp.MustCompile(`\b(\w+\.go)\b`)
)

// readingOrder is the files that a package comment lists, one a line, or in
// running text where that has to be an order.
func readingOrder(comment string, ordered bool) []string {
	pattern := listedFile
	if ordered {
		pattern = mentionedFile
	}
	var order []string
	for _, m := range pattern.FindAllStringSubmatch(comment, -1) {
		if !slices.Contains(order, m[1]) {
			order = append(order, m[1])
		}
	}
	return order
}

// A package that lists its files is read in that order from the top down: what
// a file uses is mostly explained further below. A use of something that an
// earlier file declares is an arrow back, of which there may be few.
func TestReadingOrder(t *testing.T) {
	var found []string
	orders, files := map[string][]string{}, map[string][]string{}
	for _, f := range sources(t, &found) {
		if f.test {
			continue
		}
		name := filepath.Base(f.path)
		_, ordered := backShares[f.dir]
		if list := readingOrder(f.syntax.Doc.Text(), ordered); len(list) > 0 {
			orders[f.dir] = list
		}
		if name != "doc.go" {
			files[f.dir] = append(files[f.dir], name)
		}
	}
	for dir := range backShares {
		require.Contains(t, orders, dir, "the comment of the package lists no files")
	}
	for _, dir := range slices.Sorted(maps.Keys(orders)) {
		t.Run(strings.ReplaceAll(dir, "/", "-"), func(t *testing.T) {
			most, known := backShares[dir]
			if !known {
				most = maxBackShare
			}
			slices.Sort(files[dir])
			require.Equal(t, files[dir], slices.Sorted(slices.Values(orders[dir])), "files of %s and those its comment lists", dir)
			checkShare(t, dir, orders[dir], most)
		})
	}
}

func checkShare(t *testing.T, dir string, order []string, most int) {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{
		Dir:  root,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo,
	}, "./"+dir)
	require.NoError(t, err)
	require.Len(t, loaded, 1)
	p := loaded[0]
	require.Empty(t, p.Errors)
	all, back := arrows(p.Fset, p.Syntax, p.TypesInfo, order)
	t.Logf("%s: %d of %d arrows run back", dir, len(back), all)
	if 100*len(back) > most*all {
		t.Errorf("%s: %d of %d uses run back to an earlier file of the reading order, more than %d %%:\n%s",
			dir, len(back), all, most, strings.Join(back, "\n"))
	}
}

// arrows counts the uses of functions, methods, types and constants that
// another file of the package declares, and lists those that run back.
func arrows(fset *token.FileSet, files []*ast.File, info *types.Info, order []string) (all int, back []string) {
	base := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			o := info.Uses[id]
			if o == nil || o.Pkg() == nil || isField(o) || !o.Pos().IsValid() {
				return true
			}
			from, to := slices.Index(order, base(id.Pos())), slices.Index(order, base(o.Pos()))
			if from < 0 || to < 0 || from == to || !declaredIn(o, files) {
				return true
			}
			all++
			if to < from {
				back = append(back, fmt.Sprintf("%s uses %s of %s", fset.Position(id.Pos()), o.Name(), order[to]))
			}
			return true
		})
	}
	return all, back
}

func isField(o types.Object) bool {
	v, ok := o.(*types.Var)
	return ok && v.IsField()
}

// declaredIn tells objects of the package from those of others.
func declaredIn(o types.Object, files []*ast.File) bool {
	return slices.ContainsFunc(files, func(f *ast.File) bool { return f.FileStart <= o.Pos() && o.Pos() < f.FileEnd })
}

func TestArrowsAreCounted(t *testing.T) {
	texts := map[string]string{
		"a.go": "package a\ntype t struct{ n int }\nfunc f(x t) { g(x) }",
		"b.go": "package a\nfunc g(x t) { x.n = c; g(x) }",
		"c.go": "package a\nconst c = 1",
	}
	fset := token.NewFileSet()
	var files []*ast.File
	var found []string
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		f, err := parse(fset, path, texts[path], &found)
		require.NoError(t, err)
		files = append(files, f.syntax)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	_, err := (&types.Config{}).Check("a", fset, files, info)
	require.NoError(t, err)
	all, back := arrows(fset, files, info, []string{"a.go", "b.go", "c.go"})
	require.Equal(t, 3, all, "f calls g; g takes a t and uses c")
	require.Equal(t, []string{"b.go:2:10 uses t of a.go"}, back)
	require.Equal(t, []string{"x.go", "y.go"}, readingOrder("Package a is b.go.\n\n\tx.go  what\n\ty.go  more, with z.go\n", false))
	require.Equal(t, []string{"x.go", "y.go", "z.go"}, readingOrder("Read x.go, y.go (as x.go), then z.go.", true))
}

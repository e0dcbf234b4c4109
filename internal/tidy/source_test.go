package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the path of this module, root its directory from here.
const (
	module = "agentsim"
	root   = "../.."
)

// source is one parsed file.
type source struct {
	path   string // from the root, with slashes
	dir    string
	test   bool
	text   string
	fset   *token.FileSet
	syntax *ast.File
	found  *[]string
}

// reportf notes a violation at pos.
func (f *source) reportf(pos token.Pos, format string, args ...any) {
	f.reportLine(f.fset.Position(pos).Line, format, args...)
}

func (f *source) reportLine(line int, format string, args ...any) {
	*f.found = append(*f.found, fmt.Sprintf("%s:%d: %s", f.path, line, fmt.Sprintf(format, args...)))
}

func parse(fset *token.FileSet, path, text string, found *[]string) (*source, error) {
	syntax, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("tidy: parse: %w", err)
	}
	return &source{
		path: path, dir: filepath.ToSlash(filepath.Dir(path)), test: strings.HasSuffix(path, "_test.go"),
		text: text, fset: fset, syntax: syntax, found: found,
	}, nil
}

// sources parses every Go file of the module.
func sources(t *testing.T, found *[]string) []*source {
	t.Helper()
	fset := token.NewFileSet()
	var files []*source
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != root {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") {
				return filepath.SkipDir // of another module, or no code
			}
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fromRoot, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f, err := parse(fset, filepath.ToSlash(fromRoot), string(text), found)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	}))
	return files
}

// within reports whether dir is one of rooms or lies below one.
func within(dir string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool { return dir == r || strings.HasPrefix(dir, r+"/") })
}

// roomOf finds the room that dir belongs to, the most specific one.
func roomOf(dir string) (room, bool) {
	best, ok := room{}, false
	for _, r := range rooms {
		if within(dir, []string{r.dir}) && len(r.dir) >= len(best.dir) {
			best, ok = r, true
		}
	}
	return best, ok
}

// inspect calls visit for every node with the nodes around it, outermost first.
func (f *source) inspect(visit func(n ast.Node, around []ast.Node)) {
	var around []ast.Node
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if n == nil {
			around = around[:len(around)-1]
			return true
		}
		visit(n, around)
		around = append(around, n)
		return true
	})
}

// importNames maps the names under which f uses packages to their paths.
func (f *source) importNames() map[string]string {
	names := map[string]string{}
	for _, spec := range f.syntax.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		if spec.Name != nil {
			names[spec.Name.Name] = path
			continue
		}
		names[defaultName(path)] = path
	}
	return names
}

// defaultName is the last element of an import path that is not a version.
func defaultName(path string) string {
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	if len(parts) > 1 && len(last) > 1 && last[0] == 'v' && strings.Trim(last[1:], "0123456789") == "" {
		last = parts[len(parts)-2]
	}
	return last
}

// selected returns the import path and name of a reference such as time.Now.
func selected(n ast.Node, imports map[string]string) (pkg, name string, ok bool) {
	sel, isSelector := n.(*ast.SelectorExpr)
	if !isSelector {
		return "", "", false
	}
	x, isIdent := sel.X.(*ast.Ident)
	if !isIdent {
		return "", "", false
	}
	path, imported := imports[x.Name]
	return path, sel.Sel.Name, imported
}

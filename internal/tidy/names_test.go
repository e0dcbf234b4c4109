package tidy

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

func checkPackageName(f *source) {
	if name := f.syntax.Name.Name; slices.Contains(vagueNames, name) {
		f.reportf(f.syntax.Name.Pos(), "package %s: a package is named after what it provides", name)
	}
}

// checkDocs wants a comment on every exported name. That of a function, a
// method or a type starts with its name; constants and variables of one group
// may share a comment.
func checkDocs(f *source) {
	if f.test {
		return
	}
	for _, decl := range f.syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) {
				f.wantDoc(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			f.checkGroupDocs(d)
		}
	}
}

func (f *source) checkGroupDocs(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			doc := s.Doc
			if doc == nil && !d.Lparen.IsValid() {
				doc = d.Doc
			}
			if s.Name.IsExported() {
				f.wantDoc(s.Name, doc)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
					f.reportf(name.Pos(), "exported %s has no comment", name.Name)
				}
			}
		}
	}
}

func (f *source) wantDoc(name *ast.Ident, doc *ast.CommentGroup) {
	switch {
	case doc == nil:
		f.reportf(name.Pos(), "exported %s has no comment", name.Name)
	case !startsWithName(doc.Text(), name.Name):
		f.reportf(name.Pos(), "the comment of %s must start with its name", name.Name)
	}
}

// startsWithName also allows for an article, as in "A Session is …".
func startsWithName(text, name string) bool {
	words := strings.Fields(text)
	if len(words) > 1 && slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	return len(words) > 0 && strings.TrimRight(words[0], ".,:;'s()") == strings.TrimRight(name, "s")
}

// exportedReceiver is false for methods of unexported types.
func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
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
			return token.IsExported(x.Name)
		default:
			return true
		}
	}
}

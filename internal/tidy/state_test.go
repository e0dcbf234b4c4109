package tidy

import (
	"go/ast"
	"go/token"
	"strings"
)

// checkState allows no code that runs before main and no variable that outlives
// a call: two simulations in one process share nothing.
func checkState(f *source) {
	for _, decl := range f.syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "init" && d.Recv == nil {
				f.reportf(d.Pos(), "init(): initialise in a constructor")
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR && !f.test {
				f.checkVariables(d)
			}
		}
	}
}

func (f *source) checkVariables(d *ast.GenDecl) {
	imports := f.importNames()
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			embedded := hasEmbed(d.Doc) || hasEmbed(v.Doc)
			constant := i < len(v.Values) && isConstantValue(v.Values[i], imports)
			if name.Name != "_" && !embedded && !constant {
				f.reportf(name.Pos(), "package variable %s: pass it in, or make a table a function", name.Name)
			}
		}
	}
}

func hasEmbed(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// isConstantValue recognises errors and compiled regular expressions, which are
// constants in all but name.
func isConstantValue(e ast.Expr, imports map[string]string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	pkg, name, ok := selected(call.Fun, imports)
	switch {
	case !ok:
		return false
	case pkg == "errors" && name == "New", pkg == "fmt" && name == "Errorf":
		return true
	}
	return pkg == "regexp" && strings.HasPrefix(name, "MustCompile")
}

// checkAny allows `any` in the core only as a type constraint: events and
// payloads are typed there.
func checkAny(f *source) {
	if f.test || !within(f.dir, core) {
		return
	}
	f.inspect(func(n ast.Node, around []ast.Node) {
		switch x := n.(type) {
		case *ast.Ident:
			if x.Name != "any" {
				return
			}
		case *ast.InterfaceType:
			if x.Methods.NumFields() > 0 {
				return
			}
		default:
			return
		}
		if !isConstraint(around) {
			f.reportf(n.Pos(), "any: say which types are meant")
		}
	})
}

// isConstraint reports whether the innermost parameter list is one of types.
func isConstraint(around []ast.Node) bool {
	for i := len(around) - 1; i > 0; i-- {
		list, ok := around[i].(*ast.FieldList)
		if !ok {
			continue
		}
		switch owner := around[i-1].(type) {
		case *ast.FuncType:
			return owner.TypeParams == list
		case *ast.TypeSpec:
			return owner.TypeParams == list
		}
	}
	return false
}

package tidy

import (
	"go/ast"
	"strings"
	"unicode/utf8"
)

func checkFileSize(f *source) {
	limit := maxFileLines
	if f.test {
		limit = maxTestFileLines
	}
	if lines := strings.Count(f.text, "\n"); lines > limit {
		f.reportLine(1, "file of %d lines, more than %d", lines, limit)
	}
}

func checkLines(f *source) {
	limit := maxLineColumns
	if f.test {
		limit = maxTestLineColumns
	}
	for i, line := range strings.Split(f.text, "\n") {
		columns := utf8.RuneCountInString(line)
		if columns > limit && !strings.Contains(line, "://") {
			f.reportLine(i+1, "line of %d columns, more than %d", columns, limit)
		}
	}
}

func checkFunctions(f *source) {
	for _, decl := range f.syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
		if lines > maxFunctionLines && !isTable(fn.Body) {
			f.reportf(fn.Pos(), "function %s of %d lines, more than %d", fn.Name.Name, lines, maxFunctionLines)
		}
		if n := fn.Type.Params.NumFields(); n > maxParameters {
			f.reportf(fn.Pos(), "function %s with %d parameters, more than %d", fn.Name.Name, n, maxParameters)
		}
	}
}

// isTable reports whether a function does nothing but return one literal.
func isTable(body *ast.BlockStmt) bool {
	if len(body.List) != 1 {
		return false
	}
	ret, ok := body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	_, ok = ret.Results[0].(*ast.CompositeLit)
	return ok
}

func checkInterfaces(f *source) {
	f.inspect(func(n ast.Node, _ []ast.Node) {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return
		}
		if it, ok := spec.Type.(*ast.InterfaceType); ok && it.Methods.NumFields() > maxInterfaceMethod {
			f.reportf(spec.Pos(), "interface %s with %d methods, more than %d",
				spec.Name.Name, it.Methods.NumFields(), maxInterfaceMethod)
		}
	})
}

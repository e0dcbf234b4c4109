package tidy

import (
	"go/ast"
	"go/token"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var sourceWord = regexp.MustCompile(`(?i)\b(` + strings.Join(sourceWords, "|") + `)s?\b`)

// checkConstants wants numbers that describe the world to be named, and their
// names to say where the number comes from. A floating-point literal is taken
// for such a number unless it is plainly arithmetic: see isArithmetic.
func checkConstants(f *source) {
	if f.test || !within(f.dir, constantsIn) {
		return
	}
	f.inspect(func(n ast.Node, around []ast.Node) {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.FLOAT || isArithmetic(lit.Value) {
			return
		}
		group, spec := enclosingConstant(around)
		switch {
		case spec == nil:
			f.reportf(lit.Pos(), "%s has no name: make it a constant whose comment names its source", lit.Value)
		case !namesSource(group.Doc, spec.Doc, spec.Comment):
			f.reportf(lit.Pos(), "the comment of %s = %s names no source (see sourceWords)", spec.Names[0].Name, lit.Value)
		}
	})
}

// checkNumberNames allows no constant that is called what it is: a name says
// what a number is for, and where there is nothing to say the number says more.
func checkNumberNames(f *source) {
	f.inspect(func(n ast.Node, around []ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(around) == 0 {
			return
		}
		if group, ok := around[len(around)-1].(*ast.GenDecl); !ok || group.Tok != token.CONST {
			return
		}
		for _, name := range spec.Names {
			if slices.Contains(numberNames, strings.ToLower(name.Name)) {
				f.reportf(name.Pos(), "constant %s is named after its value: write the number, or say what it is for", name.Name)
			}
		}
	})
}

// isArithmetic recognises numbers that claim nothing: whole numbers up to ten,
// a half, and powers of ten, which are prefixes of units or tolerances.
func isArithmetic(literal string) bool {
	v, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return false
	}
	exponent := math.Log10(v)
	return v == 0.5 || v == math.Trunc(v) && v <= 10 || math.Abs(exponent-math.Round(exponent)) < 1e-12
}

func enclosingConstant(around []ast.Node) (*ast.GenDecl, *ast.ValueSpec) {
	for i := len(around) - 1; i > 0; i-- {
		spec, ok := around[i].(*ast.ValueSpec)
		if !ok {
			continue
		}
		if group, ok := around[i-1].(*ast.GenDecl); ok && group.Tok == token.CONST {
			return group, spec
		}
	}
	return nil, nil
}

func namesSource(comments ...*ast.CommentGroup) bool {
	for _, c := range comments {
		if c != nil && sourceWord.MatchString(c.Text()) {
			return true
		}
	}
	return false
}

package tidy

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixture is a made-up file and what one check has to say about it: what it is
// for, and nothing about the lines beside.
type fixture struct {
	name       string
	check      func(*source)
	path, text string
	want       []string
}

var fixtures = []fixture{
	{
		"import upwards", checkImports,
		"units/a.go", "package units; import \"agentsim/sim/x\"",
		[]string{"units/a.go:1: imports agentsim/sim/x: imports run strictly downwards, and units does not lie above sim"},
	},
	{
		"import of a neighbour that is allowed", checkImports,
		"models/llm/a.go", "package llm; import \"agentsim/models/hardware\"", nil,
	},
	{
		"import of a room that must stay unknown", checkImports,
		"models/step/a.go", "package step; import \"agentsim/sim\"",
		[]string{"models/step/a.go:1: imports agentsim/sim: models/step must not know of it"},
	},
	{
		"import within a room", checkImports,
		"trace/readers/a.go", "package readers; import \"agentsim/trace\"", nil,
	},
	{
		"import of an unknown room", checkImports,
		"cmd/agentsim/a.go", "package main; import \"agentsim/attic\"",
		[]string{"cmd/agentsim/a.go:1: imports agentsim/attic: attic is not in the table of rooms; give it a layer"},
	},
	{
		"module of another room", checkImports,
		"serve/a.go", "package serve; import \"github.com/spf13/viper\"",
		[]string{"serve/a.go:1: imports github.com/spf13/viper: for cmd only"},
	},
	{
		"module for tests", checkImports,
		"serve/a.go", "package serve; import \"pgregory.net/rapid\"",
		[]string{"serve/a.go:1: imports pgregory.net/rapid: for tests only"},
	},
	{
		"module that is not listed, in a test", checkImports,
		"serve/a_test.go", "package serve; import \"github.com/stretchr/testify/assert\"",
		[]string{"serve/a_test.go:1: imports github.com/stretchr/testify/assert: not in the table of modules"},
	},
	{
		"dot import", checkDotImports,
		"serve/a.go", "package serve; import . \"agentsim/sim\"",
		[]string{"serve/a.go:1: dot import of agentsim/sim"},
	},
	{
		"lines", checkLines,
		"a.go", "package a\n// " + strings.Repeat("é", 118) + "\n// " + strings.Repeat("é", 117),
		[]string{"a.go:2: line of 121 columns, more than 120"},
	},
	{
		"long function", checkFunctions,
		"a.go", "package a\nfunc f() {\n" + strings.Repeat("\tf()\n", 69) + "}\n",
		[]string{"a.go:2: function f of 71 lines, more than 70"},
	},
	{
		"long table", checkFunctions,
		"a.go", "package a\nfunc f() []int {\n\treturn []int{\n" + strings.Repeat("\t\t1,\n", 90) + "\t}\n}\n", nil,
	},
	{
		"parameters", checkFunctions,
		"a.go", "package a\nfunc f(a, b, c, d, e int) {}\nfunc g(a, b, c, d, e int, f bool) {}\n",
		[]string{"a.go:3: function g with 6 parameters, more than 5"},
	},
	{
		"long file", checkFileSize,
		"a.go", "package a\n" + strings.Repeat("\n", 500),
		[]string{"a.go:1: file of 501 lines, more than 500"},
	},
	{
		"wide interface", checkInterfaces,
		"a.go", "package a\ntype i interface { a(); b(); c(); d(); e(); f() }\ntype j interface { a(); b(); c(); d(); e() }",
		[]string{"a.go:2: interface i with 6 methods, more than 5"},
	},
	{
		"vague package", checkPackageName,
		"a/a.go", "package util",
		[]string{"a/a.go:1: package util: a package is named after what it provides"},
	},
	{
		"documentation", checkDocs,
		"a.go", `package a
func F() {}
// Does it.
func G() {}
// H does it.
func H() {}
type T int
func (u) F() {}
const C = 1
const D = 1 // one
// All of them.
const (
	E = iota
)
// A U is it.
type U int
`,
		[]string{
			"a.go:2: exported F has no comment",
			"a.go:4: the comment of G must start with its name",
			"a.go:7: exported T has no comment",
			"a.go:9: exported C has no comment",
		},
	},
	{
		"package state", checkState,
		"a.go", `package a
import "errors"
func init() {}
var n int
var ErrA = errors.New("a")
var _ = n
//go:embed x
var files embed.FS
var table = map[int]int{}
`,
		[]string{
			"a.go:3: init(): initialise in a constructor",
			"a.go:4: package variable n: pass it in, or make a table a function",
			"a.go:9: package variable table: pass it in, or make a table a function",
		},
	},
	{
		"any", checkAny,
		"serve/a.go", `package serve
type k[P any] struct{ p P }
func f[T any, U interface{}](t T) {}
var x any
func g(x interface{}) {}
`,
		[]string{"serve/a.go:4: any: say which types are meant", "serve/a.go:5: any: say which types are meant"},
	},
	{
		"banned calls", checkBans,
		"serve/a.go", `package serve
import ("fmt"; "math/rand/v2"; clock "time")
func f() {
	clock.Now()
	rand.IntN(3)
	rand.New(rand.NewPCG(1, 2)).IntN(3)
	fmt.Println()
	fmt.Sprint(clock.Second)
	println()
}
`,
		[]string{
			"serve/a.go:4: time.Now: results may not depend on the wall clock",
			"serve/a.go:5: math/rand/v2.IntN: the global source is not seeded; draw from an explicit *rand.Rand",
			"serve/a.go:7: fmt.Println: return it, or write it to an io.Writer that the caller gave",
			"serve/a.go:9: println: a leftover of debugging",
		},
	},
	{
		"files in a model", checkBans,
		"models/moe/a.go", "package moe\nimport \"os\"\nvar _, _ = os.ReadFile(\"x\")",
		[]string{"models/moe/a.go:3: os.ReadFile: models and the simulation know no files; pass an io.Reader or fs.FS"},
	},
	{
		"calls in a room that is excepted", checkBans,
		"cmd/agentsim/a.go", "package main\nimport \"os\"\nfunc main() { os.Exit(1) }", nil,
	},
	{
		"goroutine", checkGoroutines,
		"trace/a.go", "package trace\nfunc f() {\n\tgo f()\n}",
		[]string{"trace/a.go:3: goroutine: only experiment and cmd run things side by side"},
	},
	{
		"comments", checkComments,
		"a.go", "package a\n// TO" + "DO: more\n// see #12\n// from /ho" + "me/me/x\n// the 1st of /v1/home\n",
		[]string{
			"a.go:2: TO" + "DO: finish it or leave it out",
			"a.go:3: issue number: comments say why, history is git's",
			"a.go:4: path of one machine: /ho" + "me/",
		},
	},
	{
		"constants", checkConstants,
		"models/step/a.go", `package step
const a = 0.7
// b is fitted.
const b = 0.7
const (
	c = 1e-9
	d = 3.5 // NVIDIA H200 data sheet
)
func f(x float64) float64 { return 0.5 * x * 1.12 }
`,
		[]string{
			"models/step/a.go:2: the comment of a = 0.7 names no source (see sourceWords)",
			"models/step/a.go:9: 1.12 has no name: make it a constant whose comment names its source",
		},
	},
	{
		"constants named after their value", checkNumberNames,
		"a.go", "package a\nconst percent = 100\nfunc f(half int) {\n\tconst Two, edge = 2, 3\n}",
		[]string{
			"a.go:2: constant percent is named after its value: write the number, or say what it is for",
			"a.go:4: constant Two is named after its value: write the number, or say what it is for",
		},
	},
}

func TestRulesFindWhatTheyAreFor(t *testing.T) {
	checked := map[string]bool{}
	for _, x := range fixtures {
		t.Run(x.name, func(t *testing.T) {
			var found []string
			f, err := parse(token.NewFileSet(), x.path, x.text, &found)
			require.NoError(t, err)
			x.check(f)
			require.Equal(t, x.want, found)
		})
		checked[nameOf(x.check)] = true
	}
	for _, r := range rules {
		require.True(t, checked[nameOf(r.check)], "no fixture for the rule %s", r.name)
	}
}

func nameOf(check func(*source)) string {
	return runtime.FuncForPC(reflect.ValueOf(check).Pointer()).Name()
}

func TestMapRangesAreFound(t *testing.T) {
	const text = `package a

import (
	"maps"
	"slices"
)

type named map[string]int

func f(m map[string]int, n named, s []int) {
	for range s {
	}
	for range m {
	}
	for range n {
	}
	for range slices.Sorted(maps.Keys(m)) {
	}
	for range maps.Values(m) {
	}
	_ = slices.Collect(maps.Keys(m))
}
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "a.go", text, 0)
	require.NoError(t, err)
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	_, err = (&types.Config{Importer: importer.Default()}).Check("a", fset, []*ast.File{file}, info)
	require.NoError(t, err)
	var lines []int
	for _, pos := range mapRanges(file, info) {
		lines = append(lines, fset.Position(pos).Line)
	}
	require.Equal(t, []int{13, 15, 19, 21}, lines)
}

package tidy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rules are the checks that look at one file at a time.
var rules = []struct {
	name  string
	check func(*source)
}{
	{"imports", checkImports},
	{"dot imports", checkDotImports},
	{"file size", checkFileSize},
	{"line length", checkLines},
	{"functions", checkFunctions},
	{"interfaces", checkInterfaces},
	{"package names", checkPackageName},
	{"documentation", checkDocs},
	{"package state", checkState},
	{"any", checkAny},
	{"banned calls", checkBans},
	{"goroutines", checkGoroutines},
	{"comments", checkComments},
	{"constants", checkConstants},
	{"names of numbers", checkNumberNames},
}

func TestRules(t *testing.T) {
	var found []string
	files := sources(t, &found)
	for _, r := range rules {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) {
			found = nil
			for _, f := range files {
				r.check(f)
			}
			for _, violation := range found {
				t.Error(violation)
			}
		})
	}
}

func TestEveryDirectoryHasARoom(t *testing.T) {
	var found []string
	for _, f := range sources(t, &found) {
		if _, ok := roomOf(f.dir); !ok {
			t.Errorf("%s is in no room: add it to the table with its layer", f.path)
		}
	}
}

// The table of rooms is itself held to what it demands.
func TestRoomsRunDownwards(t *testing.T) {
	layers := map[string]int{}
	for _, r := range rooms {
		layers[r.dir] = r.layer
	}
	for _, r := range rooms {
		for _, b := range r.beside {
			require.Equal(t, r.layer, layers[b], "%s beside %s", r.dir, b)
			other, _ := roomOf(b)
			require.NotContains(t, other.beside, r.dir, "%s and %s would import each other", r.dir, b)
		}
	}
}

func TestEveryPackageHasAComment(t *testing.T) {
	var found []string
	has := map[string]bool{}
	for _, f := range sources(t, &found) {
		if !f.test {
			has[f.dir] = has[f.dir] || f.syntax.Doc != nil
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(has)) {
		if !has[dir] {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}

// A new package of experiment takes a place among its neighbours rather than
// falling under the room above it.
func TestEveryPackageOfExperimentHasALayer(t *testing.T) {
	var found []string
	for _, f := range sources(t, &found) {
		r, ok := roomOf(f.dir)
		if ok && within(f.dir, []string{"experiment"}) && r.dir != f.dir {
			t.Errorf("%s: add %s to the table of rooms with its layer", f.path, f.dir)
		}
	}
}

// Package scenarios holds the named questions that come with the program:
// scenarios, studies of one scenario at many points, and comparisons of two.
package scenarios

import (
	"embed"
	"io/fs"
)

// FS holds the scenarios by name, as YAML; those of the folder what-if change
// one thing about another and say what comes of it.
//
//go:embed *.yaml what-if/*.yaml
var FS embed.FS

//go:embed studies/*.yaml comparisons/*.yaml
var others embed.FS

// Studies holds the studies by name, as YAML.
func Studies() fs.FS { return folder("studies") }

// Comparisons holds the comparisons of two scenarios by name, as YAML.
func Comparisons() fs.FS { return folder("comparisons") }

func folder(name string) fs.FS {
	sub, err := fs.Sub(others, name)
	if err != nil { // only for a path that is no path
		return others
	}
	return sub
}

package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed comparisons/*.yaml
var comparisons embed.FS

// Comparisons holds the comparisons of two scenarios by name, as YAML.
func Comparisons() fs.FS {
	sub, err := fs.Sub(comparisons, "comparisons")
	if err != nil { // only for a path that is no path
		return comparisons
	}
	return sub
}

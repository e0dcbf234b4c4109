package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed studies/*.yaml
var studies embed.FS

// Studies holds the studies by name, as YAML.
func Studies() fs.FS {
	sub, err := fs.Sub(studies, "studies")
	if err != nil { // only for a path that is no path
		return studies
	}
	return sub
}

package web

import (
	"embed"
	"io/fs"
)

// The page is plain HTML, CSS and ES modules, served as they are written.
//
//go:embed page
var sources embed.FS

// Page is the page's own files: what a static build is made of, beside the
// simulator as WebAssembly.
func Page() fs.FS {
	sub, err := fs.Sub(sources, "page")
	if err != nil { // only for a path that is no path
		return sources
	}
	return sub
}

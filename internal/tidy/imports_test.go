package tidy

import (
	"slices"
	"strings"
)

// checkImports holds a file to the layers and to the third-party policy. Tests
// may look down or up as they need; they only may not bring in new modules.
func checkImports(f *source) {
	for _, spec := range f.syntax.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		why := ""
		switch {
		case path == module || strings.HasPrefix(path, module+"/"):
			if !f.test {
				why = refusedImport(f.dir, strings.TrimPrefix(path, module+"/"))
			}
		case strings.Contains(strings.Split(path, "/")[0], "."):
			why = refusedModule(f.dir, path, f.test)
		}
		if why != "" {
			f.reportf(spec.Pos(), "imports %s: %s", path, why)
		}
	}
}

func refusedImport(from, to string) string {
	a, ok := roomOf(from)
	if !ok {
		return from + " is not in the table of rooms; give it a layer"
	}
	b, ok := roomOf(to)
	if !ok {
		return to + " is not in the table of rooms; give it a layer"
	}
	switch {
	case a.dir == b.dir, slices.Contains(a.beside, b.dir):
		return ""
	case within(b.dir, a.never):
		return a.dir + " must not know of it"
	case b.layer >= a.layer:
		return "imports run strictly downwards, and " + a.dir + " does not lie above " + b.dir
	}
	return ""
}

func refusedModule(dir, path string, test bool) string {
	for _, m := range modules {
		if !within(path, []string{m.path}) {
			continue
		}
		switch {
		case test || within(dir, m.in):
			return ""
		case len(m.in) == 0:
			return "for tests only"
		}
		return "for " + strings.Join(m.in, ", ") + " only"
	}
	return "not in the table of modules"
}

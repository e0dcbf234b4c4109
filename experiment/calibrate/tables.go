package calibrate

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// location is one table: <system>/<family>/<engine>/<version>/<name>.parquet.
type location struct {
	System, Family, Engine, Version, Name string
	Path                                  string // of the file
}

// String is the table's path inside the directory, without its suffix.
func (l location) String() string {
	return strings.Join([]string{l.System, l.Family, l.Engine, l.Version, l.Name}, "/")
}

const (
	tableSuffix = ".parquet"
	tableDepth  = 5
)

// find lists the tables under dir, newest version first within a table name.
func find(dir string) ([]location, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("kernel tables: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("kernel tables: %s is a file; name the directory that holds the systems", dir)
	}
	var found []location
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if l, ok := locate(dir, path); ok && !entry.IsDir() {
			found = append(found, l)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("kernel tables: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("kernel tables: no <system>/<family>/<engine>/<version>/<table>%s under %s", tableSuffix, dir)
	}
	slices.SortFunc(found, func(a, b location) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Engine, b.Engine),
			hardware.CompareVersions(b.Version, a.Version))
	})
	return found, nil
}

func locate(dir, path string) (location, bool) {
	inside, err := filepath.Rel(dir, path)
	if err != nil || !strings.HasSuffix(inside, tableSuffix) {
		return location{}, false
	}
	parts := strings.Split(filepath.ToSlash(strings.TrimSuffix(inside, tableSuffix)), "/")
	if len(parts) < tableDepth {
		return location{}, false
	}
	p := parts[len(parts)-tableDepth:]
	return location{
		System:  p[0],
		Family:  p[1],
		Engine:  p[2],
		Version: p[3],
		Name:    p[4],
		Path:    path,
	}, true
}

// accelerator is the preset name of a system directory: h200_sxm is h200.
func accelerator(system string) string {
	name, _, _ := strings.Cut(system, "_")
	return name
}

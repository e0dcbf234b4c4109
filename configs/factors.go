package configs

import (
	"fmt"

	"agentsim/configs/tree"
	"agentsim/fault"
)

// Factors names the groups of fields in which two scenarios may differ, so
// that a gap between them can be shared out.
type Factors struct {
	Name    string   `yaml:"name"`
	Factors []Factor `yaml:"factors"`
}

// Factor is one named group.
type Factor struct {
	Name     string `yaml:"name"`
	Explains string `yaml:"explains,omitempty"` // in a line, what the factor means
	// Fields are paths of fields of a scenario; each stands for all below it.
	Fields []string `yaml:"fields"`
}

// Of returns the number of the factor that a field belongs to; -1 for none.
func (f *Factors) Of(path string) int {
	for i := range f.Factors {
		for _, field := range f.Factors[i].Fields {
			if tree.Holds(field, path) {
				return i
			}
		}
	}
	return -1
}

// Validate reports factors without a name or without fields, names that stand
// twice, and fields that belong to two factors.
func (f *Factors) Validate() error {
	if len(f.Factors) == 0 {
		return fault.New("factors", "want a list of factors, each with a name and fields")
	}
	named := map[string]bool{}
	for i := range f.Factors {
		x := &f.Factors[i]
		at := fmt.Sprintf("factors[%d]", i)
		switch {
		case x.Name == "":
			return fault.New(at+".name", "want a name")
		case named[x.Name]:
			return fault.New(at+".name", "%q: want a name that no other factor has", x.Name)
		case len(x.Fields) == 0:
			return fault.New(at+".fields", "want paths of fields, e.g. system.domain")
		}
		named[x.Name] = true
		if err := f.overlap(i, at); err != nil {
			return err
		}
	}
	return nil
}

// overlap reports a field of factor i that one before it, or the factor
// itself, holds already.
func (f *Factors) overlap(i int, at string) error {
	for n, field := range f.Factors[i].Fields {
		for j := range i + 1 {
			for k, other := range f.Factors[j].Fields {
				if (i == j && k >= n) || !(tree.Holds(field, other) || tree.Holds(other, field)) {
					continue
				}
				return fault.New(fmt.Sprintf("%s.fields[%d]", at, n), "%s overlaps with %s of %q: a field belongs to one factor",
					field, other, f.Factors[j].Name)
			}
		}
	}
	return nil
}

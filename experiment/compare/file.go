package compare

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/fault"
	"agentsim/serve"
)

// File is a comparison as it is written down.
type File struct {
	Name     string `yaml:"name"`
	Question string `yaml:"question,omitempty"`
	// A and B are scenarios by name, or by a path from the file. The ratio is
	// A over B; factors turn B into A.
	A string `yaml:"a"`
	B string `yaml:"b"`

	Set  []string `yaml:"set,omitempty"`   // overrides of both, path=value
	SetA []string `yaml:"set_a,omitempty"` // of A alone
	SetB []string `yaml:"set_b,omitempty"`

	Factors   configs.Factors `yaml:"factors"`             // preset kind: factors; by default rack
	Per       Metric          `yaml:"per,omitempty"`       // by default accelerator_measured
	Published []Published     `yaml:"published,omitempty"` // by metric

	ofA, ofB *configs.Provenance // of the scenarios
}

// Provenance is that of both scenarios, of a file that Load read.
func (f *File) Provenance() (a, b *configs.Provenance) { return f.ofA, f.ofB }

// Published are measured values of the two scenarios.
type Published struct {
	Per    Metric  `yaml:"per"`
	A      float64 `yaml:"a"`
	B      float64 `yaml:"b"`
	Source string  `yaml:"source"`
}

// DefaultFactors is the preset of factors where a comparison names none.
const DefaultFactors = "rack"

// DefaultPresets names the factors of a comparison that has none of its own.
func (File) DefaultPresets(func(string) string) []configs.Preset {
	return []configs.Preset{{Path: "factors", Name: DefaultFactors}}
}

// Validate reports the first field that cannot be.
func (f *File) Validate() error {
	switch {
	case f.A == "":
		return fault.New("a", "want a scenario")
	case f.B == "":
		return fault.New("b", "want a scenario")
	case f.Per != "":
		if err := f.Per.check(); err != nil {
			return err
		}
	}
	seen := map[Metric]bool{}
	for i, p := range f.Published {
		at := fmt.Sprintf("published[%d].", i)
		switch {
		case p.Per.check() != nil || seen[p.Per]:
			return fault.New(at+"per", "%q: want a metric, each once: one of %s", p.Per, metricNames())
		case !(p.A > 0):
			return fault.New(at+"a", "%g: want more than 0", p.A)
		case !(p.B > 0):
			return fault.New(at+"b", "%g: want more than 0", p.B)
		case p.Source == "":
			return fault.New(at+"source", "want where the values are published")
		}
		seen[p.Per] = true
	}
	for i := range f.Factors.Factors {
		for j, path := range f.Factors.Factors[i].Fields {
			if err := checkField(path); err != nil {
				return fault.New(fmt.Sprintf("factors.factors[%d].fields[%d]", i, j), "%w", err)
			}
		}
	}
	return nil
}

// checkField reports a path that is no field of a scenario as it is compared.
func checkField(path string) error {
	for _, pool := range []string{serve.Aggregated, serve.PrefillPool, serve.DecodePool} {
		rest, ok := strings.CutPrefix(path, "deployment."+pool)
		switch {
		case !ok || (rest != "" && rest[0] != '.'):
		case rest == ".draft_tokens" || rest == ".draft" || rest == ".experts_path":
			return fmt.Errorf("%s: pools come and go from corner to corner: want deployment%s", path, rest)
		default:
			return fmt.Errorf("%s: the sizes of pools are chosen anew at every corner and belong to no factor", path)
		}
	}
	return configs.CheckPath[Terms](path)
}

// Source is where a comparison comes from.
type Source struct {
	File      configs.Source
	Scenarios fs.FS    // holds the scenarios that go by name
	Set       []string // further overrides of both scenarios
	SetA      []string // of a alone
	SetB      []string
	Factors   string // preset or path instead of the file's factors; empty = the file's
	Per       Metric // instead of the file's; empty = the file's
}

// Two is a comparison of two scenarios by their names or paths.
func Two(a, b string) configs.Source {
	quoted := func(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }
	return configs.Source{Text: fmt.Appendf(nil, "a: %s\nb: %s\n", quoted(a), quoted(b))}
}

// Load reads a comparison and its two scenarios. Faults of what was written
// are *configs.Error.
//
// The file keeps the scenarios' provenance.
func Load(source Source) (f *File, a, b *configs.Scenario, err error) {
	var sets []string
	if source.Factors != "" {
		sets = append(sets, "factors="+source.Factors)
	}
	if source.Per != "" {
		sets = append(sets, "per="+string(source.Per))
	}
	if f, _, err = configs.Load[File](configs.Presets(), source.File, sets); err != nil {
		return nil, nil, nil, err
	}
	if f.Per == "" {
		f.Per = PerMWMeasured
	}
	load := func(name string, own []string, keep **configs.Provenance) (*configs.Scenario, error) {
		beside := source.File.Beside(name)
		beside.FS = source.Scenarios
		s, provenance, err := configs.LoadScenario(beside, slices.Concat(f.Set, source.Set, own))
		*keep = provenance
		return s, err
	}
	if a, err = load(f.A, slices.Concat(f.SetA, source.SetA), &f.ofA); err != nil {
		return nil, nil, nil, err
	}
	b, err = load(f.B, slices.Concat(f.SetB, source.SetB), &f.ofB)
	return f, a, b, err
}

package tree

import (
	"errors"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

// A small configuration with everything the loader must handle.
type study struct {
	Name    string           `yaml:"name"`
	Rack    rack             `yaml:"rack"`
	Tuning  tuning           `yaml:"tuning"`
	Agents  int              `yaml:"agents,omitempty"`
	Ratio   float64          `yaml:"ratio,omitempty"`
	Seed    uint64           `yaml:"seed,omitempty"`
	Quick   bool             `yaml:"quick,omitempty"`
	Gap     gap              `yaml:"gap,omitempty"`
	Extra   *extra           `yaml:"extra,omitempty"`
	Pair    [2]float64       `yaml:"pair,omitempty"`
	Labels  map[string]label `yaml:"labels,omitempty"`
	private int              // must not be reachable
}

func (study) DefaultPresets(value func(string) string) []Preset {
	return []Preset{{Path: "tuning", Name: value("rack.chip.tuned_by")}}
}

func (s study) Validate() error {
	if s.Agents > 1000 {
		return fmt.Errorf("agents: %d is more than 1000", s.Agents)
	}
	if s.Tuning.Name == "" {
		return errors.New("tuning: rack.chip is tuned by nothing")
	}
	if s.Seed == 13 {
		return errors.New("an unlucky study")
	}
	return nil
}

type rack struct {
	Name    string  `yaml:"name"`
	Chip    chip    `yaml:"chip"`
	Chips   int     `yaml:"chips"`
	Trays   []tray  `yaml:"trays,omitempty"`
	Sources sources `yaml:"sources"`
}

func (r *rack) Validate() error {
	var faults []error
	if r.Chips < 1 {
		faults = append(faults, fmt.Errorf("chips: %d is not 1 or more", r.Chips))
	}
	if r.Chip.Memory.Capacity <= 0 {
		faults = append(faults, errors.New("chip.memory.capacity: is not above 0"))
	}
	for i, t := range r.Trays {
		if t.Slots > 9 {
			faults = append(faults, fmt.Errorf("trays[%d].slots: want at most 9", i))
		}
	}
	return errors.Join(faults...)
}

type tray struct {
	Slots int         `yaml:"slots"`
	Fans  units.Watts `yaml:"fans,omitempty"`
}

type chip struct {
	Name    string                    `yaml:"name"`
	TunedBy string                    `yaml:"tuned_by,omitempty"`
	Memory  memory                    `yaml:"memory"`
	Peak    map[string]units.FLOPRate `yaml:"peak,omitempty"`
	Sources sources                   `yaml:"sources"`
}

type memory struct {
	Capacity  units.Bytes    `yaml:"capacity"`
	Bandwidth units.ByteRate `yaml:"bandwidth"`
}

func (t tuning) Validate() error {
	if t.Name == "" {
		return errors.New("name: is empty")
	}
	return nil
}

type tuning struct {
	Name    string             `yaml:"name"`
	Floors  map[string]floor   `yaml:"floors"`
	Steps   []int              `yaml:"steps,omitempty"`
	Sources sources            `yaml:"sources"`
	Shares  map[string]float64 `yaml:"shares,omitempty"`
}

type floor struct {
	Time units.Seconds `yaml:"time"`
}

type gap struct {
	Kind      string        `yaml:"kind,omitempty"`
	Value     units.Seconds `yaml:"value,omitempty"`
	Median    units.Seconds `yaml:"median,omitempty"`
	Sigma     float64       `yaml:"sigma,omitempty"`
	truncated `yaml:",inline"`
}

type truncated struct {
	Max units.Seconds `yaml:"max,omitempty"`
}

type extra struct {
	Note  string `yaml:"note"`
	Inner *extra `yaml:"inner,omitempty"`
}

type label struct {
	Color string `yaml:"color"`
}

type sources map[string]struct {
	Basis   string     `yaml:"basis"`
	Source  string     `yaml:"source"`
	Density string     `yaml:"density,omitempty"`
	Range   [2]float64 `yaml:"range,omitempty"`
	Points  int        `yaml:"points,omitempty"`
}

const (
	bigChip = `name: big
tuned_by: fast
memory: {capacity: 288GB, bandwidth: 8TB/s}
peak: {fp8: 5PFLOPS}
sources:
  memory: {basis: vendor, source: data sheet}
  memory.capacity: {basis: measured, source: nvidia-smi, range: [0.9, 1.01]}
  peak: {basis: vendor, source: data sheet, density: dense}
`
	smallChip = `name: small
tuned_by: slow
memory:
  capacity: 141GB
  bandwidth: 4.8TB/s
sources:
  memory: {basis: assumed, source: guess, range: [0.5, 2]}
`
	bigRack = `# A big rack,
# of big chips.
name: big-rack
chip: big
chips: 72
trays:
  - {slots: 4}
  - {slots: 8, fans: 60W}
sources:
  chips: {basis: vendor, source: data sheet}
  trays: {basis: assumed, source: photo, range: [0.5, 2]}
`
	smallRack = `name: small-rack
chip: {preset: small, memory: {capacity: 140GB}}
chips: 8
sources:
  chips: {basis: vendor, source: data sheet}
  chip.memory.capacity: {basis: published, source: a report}
`
	fastTuning = `name: fast
floors:
  gemm: {time: 5us}
  hca.prefill: {time: 12us}
steps: [1, 2, 4]
sources:
  floors: {basis: fitted, source: tables, points: 12}
  steps: {basis: vendor, source: manual}
`
	slowTuning = `name: slow
floors: {gemm: {time: 9us}}
sources: {floors: {basis: fitted, source: tables, points: 3}}
`
)

func testFiles() fstest.MapFS {
	return fstest.MapFS{
		"racks/big-rack.yaml":   {Data: []byte(bigRack)},
		"racks/small-rack.yaml": {Data: []byte(smallRack)},
		"chips/big.yaml":        {Data: []byte(bigChip)},
		"chips/small.yaml":      {Data: []byte(smallChip)},
		"tunings/fast.yaml":     {Data: []byte(fastTuning)},
		"tunings/slow.yaml":     {Data: []byte(slowTuning)},
		"chips/README.md":       {Data: []byte("not a preset")},
	}
}

func testLibrary() *Library {
	tunings := KindOf[tuning]("tunings")
	tunings.Key = "profile"
	return &Library{FS: testFiles(), Root: "lib", Kinds: []Kind{KindOf[rack]("racks"), KindOf[chip]("chips"), tunings}}
}

func loadText(text string, sets ...string) (*study, *Provenance, error) {
	return Load[study](testLibrary(), Source{Name: "s.yaml", Text: []byte(text)}, sets)
}

func mustLoad(t *testing.T, text string, sets ...string) (*study, *Provenance) {
	t.Helper()
	s, p, err := loadText(text, sets...)
	require.NoError(t, err)
	return s, p
}

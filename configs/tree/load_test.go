package tree

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

func TestPresetsAreFilledInByName(t *testing.T) {
	s, _ := mustLoad(t, "{name: x, rack: big-rack}")
	require.Equal(t, "big-rack", s.Rack.Name)
	require.Equal(t, "big", s.Rack.Chip.Name)
	require.Equal(t, units.FLOPRate(5e15), s.Rack.Chip.Peak["fp8"])
	require.Equal(t, []tray{{Slots: 4}, {Slots: 8, Fans: 60}}, s.Rack.Trays)
	require.Equal(t, "fast", s.Tuning.Name, "follows from the chip")
}

type loadCase struct {
	name, text string
	sets       []string
	value      func(*study) any
	want       any
}

func runLoadCases(t *testing.T, cases []loadCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := mustLoad(t, c.text, c.sets...)
			require.Equal(t, c.want, c.value(s))
		})
	}
}

// Presets give way to the file, the file to the sets, a set to a later one.
func TestPrecedence(t *testing.T) {
	capacity := func(s *study) any { return s.Rack.Chip.Memory.Capacity }
	const overridden = "rack: {preset: big-rack, chip: {memory: {capacity: 144GB}}}"
	cases := []loadCase{
		{"preset", "rack: big-rack", nil, capacity, units.Bytes(288e9)},
		{"preset over its preset", "rack: small-rack", nil, capacity, units.Bytes(140e9)},
		{"file over preset", overridden, nil, capacity, units.Bytes(144e9)},
		{"set over preset", "rack: big-rack", []string{"rack.chip.memory.capacity=1TB"}, capacity, units.Bytes(1e12)},
		{"set over file", overridden, []string{"rack.chip.memory.capacity=1TB"}, capacity, units.Bytes(1e12)},
		{"later set over set", "rack: big-rack",
			[]string{"rack.chip.memory.capacity=1TB", "rack.chip.memory={capacity: 2TB}"}, capacity, units.Bytes(2e12)},
		{"whole preset by set", overridden, []string{"rack=small-rack"}, capacity, units.Bytes(140e9)},
		{"preset below what is laid over it", overridden, []string{"rack.preset=small-rack"}, capacity,
			units.Bytes(144e9)},
		{"preset below an earlier set", "rack: big-rack",
			[]string{"rack.chip.memory.capacity=1TB", "rack.chips=5", "rack.preset=small-rack"}, capacity,
			units.Bytes(1e12)},
		{"all else of the new preset", overridden, []string{"rack.preset=small-rack"},
			func(s *study) any { return s.Rack.Chips }, 8},
		{"preset and field by set", overridden, []string{"rack={preset: small-rack, chip: big}"}, capacity,
			units.Bytes(288e9)},
		{"inner preset by set", overridden, []string{"rack.chip=small"}, capacity, units.Bytes(141e9)},
		{"set after whole preset", overridden, []string{"rack=small-rack", "rack.chip.memory.capacity=1GB"}, capacity,
			units.Bytes(1e9)},
		{"whole preset after set", overridden, []string{"rack.chip.memory.capacity=1GB", "rack=small-rack"}, capacity,
			units.Bytes(140e9)},
		{"the rest of a mapping stays", overridden, nil,
			func(s *study) any { return s.Rack.Chip.Memory.Bandwidth }, units.ByteRate(8e12)},
	}
	runLoadCases(t, cases)
}

// What an override does to lists, maps, default presets and forms of a value.
func TestOverrides(t *testing.T) {
	cases := []loadCase{
		{"lists replace", "rack: {preset: big-rack, trays: [{slots: 1}]}", nil,
			func(s *study) any { return s.Rack.Trays }, []tray{{Slots: 1}}},
		{"item by index", "rack: big-rack", []string{"rack.trays[1].slots=5"},
			func(s *study) any { return s.Rack.Trays }, []tray{{Slots: 4}, {Slots: 5, Fans: 60}}},
		{"item by dot", "rack: big-rack", []string{"rack.trays.0.slots=5", "rack.trays.0.fans=1W"},
			func(s *study) any { return s.Rack.Trays }, []tray{{Slots: 5, Fans: 1}, {Slots: 8, Fans: 60}}},
		{"item of a list of numbers", "rack: big-rack", []string{"tuning.steps[2]=8"},
			func(s *study) any { return s.Tuning.Steps }, []int{1, 2, 8}},
		{"new key of a map", "rack: big-rack", []string{"rack.chip.peak.nvfp4=15PFLOPS"},
			func(s *study) any { return s.Rack.Chip.Peak["nvfp4"] }, units.FLOPRate(15e15)},
		{"key with a dot", "rack: big-rack", []string{"tuning.floors.hca.prefill.time=1us"},
			func(s *study) any { return s.Tuning.Floors["hca.prefill"].Time }, units.Seconds(1e-6)},
		{"default preset follows the set", "rack: big-rack", []string{"rack.chip=small"},
			func(s *study) any { return s.Tuning.Name }, "slow"},
		{"file over default preset", "{rack: big-rack, tuning: {floors: {gemm: {time: 1s}}}}", nil,
			func(s *study) any { return s.Tuning.Floors },
			map[string]floor{"gemm": {1}, "hca.prefill": {12e-6}}},
		{"set over default preset", "rack: big-rack", []string{"tuning.floors.gemm.time=2s"},
			func(s *study) any { return s.Tuning.Floors["gemm"].Time }, units.Seconds(2)},
		{"named preset instead of the default", "{rack: big-rack, tuning: slow}", nil,
			func(s *study) any { return s.Tuning.Name }, "slow"},
		{"the kind's own key", "{rack: big-rack, tuning: {profile: slow, steps: [7]}}", nil,
			func(s *study) any { return s.Tuning.Steps }, []int{7}},
		{"parameter of a gap", "gap: {kind: lognormal, median: 1s, sigma: 2}\nrack: big-rack", []string{"gap.median=3s"},
			func(s *study) any { return s.Gap }, gap{Kind: "lognormal", Median: 3, Sigma: 2}},
		{"another kind drops the parameters", "gap: {kind: lognormal, median: 1s, max: 9s}\nrack: big-rack",
			[]string{"gap={kind: constant, value: 3s}"},
			func(s *study) any { return s.Gap }, gap{Kind: "constant", Value: 3}},
		{"null takes away", "{rack: big-rack, extra: {note: a}}", []string{"extra=null"},
			func(s *study) any { return s.Extra }, (*extra)(nil)},
		{"set builds what is absent", "rack: big-rack", []string{"extra.inner.note=deep", "extra.note=a"},
			func(s *study) any { return s.Extra }, &extra{Note: "a", Inner: &extra{Note: "deep"}}},
		{"text with an equals sign", "rack: big-rack", []string{"name=a=b"},
			func(s *study) any { return s.Name }, "a=b"},
	}
	runLoadCases(t, cases)
}

func TestScalars(t *testing.T) {
	s, _ := mustLoad(t, `
name: "12"
rack: big-rack
agents: 0x10
ratio: 4e+10
seed: 18446744073709551615
quick: true
pair: [1, -2.5e-3]
labels: {DeepSeek-V3: {color: red}, 7: {color: blue}}
`)
	require.Equal(t, "12", s.Name)
	require.Zero(t, s.private)
	require.Equal(t, 16, s.Agents)
	require.Equal(t, 4e10, s.Ratio)
	require.Equal(t, uint64(18446744073709551615), s.Seed)
	require.True(t, s.Quick)
	require.Equal(t, [2]float64{1, -0.0025}, s.Pair)
	require.Equal(t, map[string]label{"DeepSeek-V3": {"red"}, "7": {"blue"}}, s.Labels)
}

func TestSourceByName(t *testing.T) {
	scenarios := fstest.MapFS{"one.yaml": {Data: []byte("{name: one, rack: big-rack}")}}
	s, p, err := Load[study](testLibrary(), Source{Name: "one", FS: scenarios}, nil)
	require.NoError(t, err)
	require.Equal(t, "one", s.Name)
	require.Equal(t, "one.yaml:1:2", p.At("").String())

	_, _, err = Load[study](testLibrary(), Source{Name: "won", FS: scenarios}, nil)
	require.EqualError(t, err, "won: unknown name, did you mean one? (known: one); a file ends in .yaml")
	_, _, err = Load[study](testLibrary(), Source{Name: "won.yaml", FS: scenarios}, nil)
	require.EqualError(t, err, "won.yaml: files cannot be read here")
}

// Paths in a file are relative to it.
func TestSourceByPath(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "hardware"), 0o755))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("s.yaml", "name: mine\nrack: hardware/rack.yaml")
	write("hardware/rack.yaml", "{name: r, chip: {preset: ./chip.yaml, memory: {bandwidth: 1TB/s}}, chips: 2}")
	write("hardware/chip.yaml", "{preset: small, name: c, memory: {capacity: 1GB}}")
	source := Source{Name: filepath.Join(dir, "s.yaml"), ReadFile: os.ReadFile}

	s, p, err := Load[study](testLibrary(), source, nil)
	require.NoError(t, err)
	require.Equal(t, "slow", s.Tuning.Name, "from the preset under the file")
	require.Equal(t, memory{1e9, 1e12}, s.Rack.Chip.Memory)
	require.Equal(t, filepath.Join(dir, "hardware", "chip.yaml")+":1:45", p.At("rack.chip.memory.capacity").String())

	sets := []string{"rack=" + filepath.Join(dir, "hardware", "rack.yaml"), "rack.chips=3"}
	s, _, err = Load[study](testLibrary(), source, sets)
	require.NoError(t, err)
	require.Equal(t, 3, s.Rack.Chips)

	source.Name = filepath.Join(dir, "missing.yaml")
	_, _, err = Load[study](testLibrary(), source, nil)
	require.EqualError(t, err, source.Name+": no such file or directory")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLoadPreset(t *testing.T) {
	r, _, err := LoadPreset[rack](testLibrary(), "racks", "big-rack", []string{"chips=3"})
	require.NoError(t, err)
	require.Equal(t, 3, r.Chips)
	require.Equal(t, "big", r.Chip.Name)
	_, _, err = LoadPreset[rack](testLibrary(), "rack", "big-rack", nil)
	require.EqualError(t, err, "rack: unknown kind, did you mean racks? (known: chips, racks, tunings)")
	_, _, err = LoadPreset[rack](testLibrary(), "racks", "it's", nil)
	require.EqualError(t, err, "it's: unknown rack (known: big-rack, small-rack)")
}

package tree

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"agentsim/fault"
)

const studyKeys = "(known: agents, extra, gap, labels, name, pair, quick, rack, ratio, seed, tuning)"

// Every kind of slip is one line: place, field, value, and what would be right.
func TestErrorsInFiles(t *testing.T) {
	cases := []struct{ text, want string }{
		{"", "s.yaml: is empty"},
		{"# only a comment", "s.yaml: is empty"},
		{"- a", "s.yaml:1:1: (a list): want a mapping of keys to values"},
		{"name: [a", "s.yaml:1:7: sequence end token ']' not found"},
		{"name: a\n  b: c", "s.yaml:1:7: mapping value is not allowed in this context"},
		{"name: a\n---\nname: b", "s.yaml:3:5: a second document: want one per file"},
		{"a: &x 1\nb: *x", "s.yaml:1:4: anchors and aliases are not used here: " +
			"name a preset and override its fields"},
		{"name: !!str a", "s.yaml:1:7: tags such as !!str are not used here"},
		{"<<: {a: b}", "s.yaml:1:1: merge keys are not used here: name a preset and override its fields"},

		{"name: x\nrack: big-rack\nagnets: 5", "s.yaml:3:1: agnets: unknown key, did you mean agents? " + studyKeys},
		{"rack: big-rack\nprivate: 3", "s.yaml:2:1: private: unknown key " + studyKeys},
		{"name: x\nname: y", "s.yaml:2:1: name: given twice, first in line 1"},
		{"rack: {preset: big-rack, chip: {memory: {capcity: 1GB}}}",
			"s.yaml:1:42: rack.chip.memory.capcity: unknown key, did you mean capacity? (known: bandwidth, capacity)"},

		{"rack: big-rak",
			"s.yaml:1:7: rack big-rak: unknown rack, did you mean big-rack? (known: big-rack, small-rack)"},
		{"rack: zzz", "s.yaml:1:7: rack zzz: unknown rack (known: big-rack, small-rack)"},
		{"rack: [a]", "s.yaml:1:7: rack (a list): want the name of one of the racks, or a mapping"},
		{"rack: {preset: [a]}", "s.yaml:1:16: rack (a list): want the name of one of the racks"},
		{"rack: x/y.yaml", "s.yaml:1:7: rack x/y.yaml: files cannot be read here"},
		{"name: x", "s.yaml:1:1: rack (not set): want the name of one of the racks (known: big-rack, small-rack)"},
		{"{rack: big-rack, tuning: nope}", "s.yaml:1:26: tuning nope: unknown tuning (known: fast, slow)"},

		{"rack: {preset: big-rack, chip: {memory: {capacity: 141}}}", "s.yaml:1:52: rack.chip.memory.capacity 141: " +
			"needs a unit, e.g. 141GB (accepted: B, kB, MB, GB, TB, PB, EB, KiB, MiB, GiB, TiB, PiB)"},
		{"rack: {preset: big-rack, chip: {memory: {capacity: 1400W}}}",
			"s.yaml:1:52: rack.chip.memory.capacity 1400W: is a power, want a memory size such as 141GB"},
		{"rack: {preset: big-rack, chip: {memory: {capacity: }}}",
			"s.yaml:1:51: rack.chip.memory.capacity: has no value, want a quantity with its unit"},
		{"rack: {preset: big-rack, chip: {memory: {capacity: [1GB]}}}",
			"s.yaml:1:52: rack.chip.memory.capacity (a list): want a quantity with its unit"},
		{"rack: {preset: big-rack, chip: {memory: 3GB}}",
			"s.yaml:1:41: rack.chip.memory 3GB: want a mapping with capacity, bandwidth"},

		{"rack: big-rack\nagents: many", "s.yaml:2:9: agents many: want a whole number"},
		{"rack: big-rack\nagents: 1.5", "s.yaml:2:9: agents 1.5: want a whole number"},
		{"rack: big-rack\nagents: 99999999999999999999", "s.yaml:2:9: agents 99999999999999999999: want a whole number"},
		{"rack: big-rack\nseed: -1", "s.yaml:2:7: seed -1: want a whole number, 0 or more"},
		{"rack: big-rack\nratio: .inf", "s.yaml:2:8: ratio .inf: want a plain number"},
		{"rack: big-rack\nratio: .nan", "s.yaml:2:8: ratio .nan: want a plain number"},
		{"rack: big-rack\nratio: '1'", "s.yaml:2:8: ratio 1: want a plain number"},
		{"rack: big-rack\nquick: yes", "s.yaml:2:8: quick yes: want true or false"},
		{"rack: big-rack\nname: 1.2", `s.yaml:2:7: name 1.2: want text; in quotes if it is meant, "1.2"`},
		{"rack: big-rack\nname: {a: b}", "s.yaml:2:8: name (a mapping): want text"},
		{"rack: big-rack\npair: [1]", "s.yaml:2:7: pair (a list): has 1 items, want 2"},
		{"rack: big-rack\npair: 1", "s.yaml:2:7: pair 1: want a list"},
		{"rack: big-rack\nlabels: red", "s.yaml:2:9: labels red: want a mapping"},

		{"{rack: {name: r, chips: 3}, tuning: slow}",
			"s.yaml:1:9: rack.chip.memory.capacity (not set): is not above 0"},
		{"rack: big-rack\nagents: 2000", "s.yaml:2:9: agents: 2000 is more than 1000"},
		{"rack: big-rack\nseed: 13", "s.yaml:1:1: an unlucky study"},
		{"rack: {preset: big-rack, chips: 0}", "s.yaml:1:33: rack.chips: 0 is not 1 or more"},
		{"rack: {name: r, chip: {name: c}, chips: 3}\ntuning: slow",
			"s.yaml:1:24: rack.chip.memory.capacity (not set): is not above 0"},
		{"rack:\n  preset: big-rack\n  trays:\n    - slots: 1\n    - slots: 12",
			"s.yaml:5:14: rack.trays[1].slots 12: want at most 9"},
	}
	for _, c := range cases {
		_, _, err := loadText(c.text)
		require.EqualError(t, err, c.want, c.text)
		require.ErrorAs(t, err, new(*Error))
	}
}

func TestErrorsInSets(t *testing.T) {
	cases := []struct{ set, want string }{
		{"rakc.chips=3", "--set: rakc: unknown key, did you mean rack? " + studyKeys},
		{"rack.chip.memory.bandwidht=1TB/s",
			"--set: rack.chip.memory.bandwidht: unknown key, did you mean bandwidth? (known: bandwidth, capacity)"},
		{"rack={preset: big-rack, chps: 3}",
			"--set: rack.chps: unknown key, did you mean chips? (known: chip, chips, name, sources, trays)"},
		{"tuning.floors.gmm.time=3us",
			"--set: tuning.floors.gmm: unknown key, did you mean gemm? (known: gemm, hca.prefill)"},
		{"rack.chips", "--set: rack.chips: want path=value, e.g. system.domain=8"},
		{"rack..chips=3", "--set: rack..chips: a path is keys with dots between, e.g. system.domain"},
		{"=3", `--set: "": a path is keys with dots between, e.g. system.domain`},
		{"rack.chips={a: [}", `--set: rack.chips "{a: [}": could not find '{' character corresponding to '}'`},
		{"rack={a: 1, a: 2}", `--set: rack.a "{a: 1, a: 2}": given twice`},
		{"rack.chips=lots", "--set: rack.chips lots: want a whole number"},
		{"rack.chips=", "--set: rack.chips: has no value, want a whole number"},
		{"rack.chips=0", "--set: rack.chips: 0 is not 1 or more"},
		{"rack.chip.memory.capacity=1400W",
			"--set: rack.chip.memory.capacity 1400W: is a power, want a memory size such as 141GB"},
		{"rack.chip=gib", "--set: rack.chip gib: unknown chip, did you mean big? (known: big, small)"},
		{"rack.chip.preset=bgi", "--set: rack.chip bgi: unknown chip, did you mean big? (known: big, small)"},
		{"rack.trays[7].slots=3", "--set: rack.trays [7]: want an index of the list's 2 items, counted from 0"},
		{"rack.trays.x=3", "--set: rack.trays [x]: want an index of the list's 2 items, counted from 0"},
		{"rack.trays[0].slots.deep=3",
			"--set: rack.trays[0].slots.deep: rack.trays[0].slots is a single value (4) with nothing below it"},
		{"agents.deep=3", "--set: agents.deep: agents is a single value (not set) with nothing below it"},
	}
	for _, c := range cases {
		_, _, err := loadText("rack: big-rack", c.set)
		require.EqualError(t, err, c.want, c.set)
		require.ErrorAs(t, err, new(*Error))
	}
}

// A fault in a preset is told where the preset has it.
func TestErrorsInPresets(t *testing.T) {
	cases := []struct{ chip, want string }{
		{"name: c\nmemry: {}", "lib/chips/x.yaml:2:1: rack.chip.memry: unknown key, did you mean memory? " +
			"(known: memory, name, peak, sources, tuned_by)"},
		{"name: c\nmemory: {capacity: 3W}",
			"lib/chips/x.yaml:2:20: rack.chip.memory.capacity 3W: is a power, want a memory size such as 141GB"},
		{"name: c\nmemory: {capacity: 0GB}", "lib/chips/x.yaml:2:20: rack.chip.memory.capacity 0GB: is not above 0"},
		{"preset: x", "lib/chips/x.yaml:1:9: rack.chip x: refers to itself: " +
			"lib/racks/big-rack.yaml → lib/chips/x.yaml → lib/chips/x.yaml"},
		{"preset: y", "lib/chips/y.yaml:1:9: rack.chip x: refers to itself: " +
			"lib/racks/big-rack.yaml → lib/chips/x.yaml → lib/chips/y.yaml → lib/chips/x.yaml"},
	}
	for _, c := range cases {
		files := testFiles()
		files["racks/big-rack.yaml"] = &fstest.MapFile{Data: []byte("{name: r, chips: 1, chip: x}")}
		files["chips/x.yaml"] = &fstest.MapFile{Data: []byte(c.chip)}
		files["chips/y.yaml"] = &fstest.MapFile{Data: []byte("preset: x")}
		library := testLibrary()
		library.FS = files
		_, _, err := Load[study](library, Source{Name: "s.yaml", Text: []byte("{rack: big-rack, tuning: slow}")}, nil)
		require.EqualError(t, err, c.want, c.chip)
	}
}

// Where a preset that follows from others is not known, the configuration
// itself says why.
func TestMissingDefaultPreset(t *testing.T) {
	_, _, err := loadText("rack: {preset: big-rack, chip: {tuned_by: ''}}")
	require.EqualError(t, err, "s.yaml:1:1: tuning (not set): rack.chip is tuned by nothing")
}

func TestNearest(t *testing.T) {
	cases := []struct {
		name string
		want string
	}{
		{"bandwith", "bandwidth"},
		{"BANDWIDTH", "bandwidth"},
		{"cpaacity", "capacity"},
		{"band", "bandwidth"},
		{"comqute_peak", "compute"},
		{"temperature", ""},
		{"", ""},
	}
	for _, c := range cases {
		got, _ := nearest(c.name, []string{"capacity", "bandwidth", "compute"})
		require.Equal(t, c.want, got, c.name)
	}
}

func TestEditDistance(t *testing.T) {
	cases := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"capacity", "capactiy", 1}, {"µs", "us", 1},
	}
	for _, c := range cases {
		require.Equal(t, c.want, fault.Distance(c.a, c.b), "%s %s", c.a, c.b)
		require.Equal(t, c.want, fault.Distance(c.b, c.a), "%s %s", c.b, c.a)
	}
}

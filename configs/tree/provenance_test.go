package tree

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// fields maps paths to "value basis position".
func fields(p *Provenance) map[string]string {
	all := map[string]string{}
	for _, f := range p.Fields() {
		all[f.Path] = f.Value + " " + f.Basis + " " + f.At.String()
	}
	return all
}

func TestFieldsNameTheirBasisAndPlace(t *testing.T) {
	_, p := mustLoad(t, "{rack: small-rack, agents: 7}", "rack.chip.memory.bandwidth=5TB/s")
	require.Equal(t, map[string]string{
		"rack.chip.memory.capacity":  "140GB published lib/racks/small-rack.yaml:2:42",
		"rack.chip.memory.bandwidth": "5TB/s given --set rack.chip.memory.bandwidth=5TB/s",
		"rack.chips":                 "8 vendor lib/racks/small-rack.yaml:3:8",
		"tuning.floors.gemm.time":    "9us fitted lib/tunings/slow.yaml:2:23",
		"agents":                     "7 given s.yaml:1:28",
	}, fields(p))
}

// An entry covers its subtree unless a longer path is there.
func TestLongestPathCovers(t *testing.T) {
	_, p := mustLoad(t, "rack: big-rack")
	all := fields(p)
	require.Equal(t, "288GB measured lib/chips/big.yaml:3:20", all["rack.chip.memory.capacity"])
	require.Equal(t, "8TB/s vendor lib/chips/big.yaml:3:38", all["rack.chip.memory.bandwidth"])
	require.Equal(t, "8 assumed lib/racks/big-rack.yaml:8:13", all["rack.trays[1].slots"])
	require.Equal(t, "12us fitted lib/tunings/fast.yaml:4:23", all["tuning.floors.hca.prefill.time"])
	require.Equal(t, "4 vendor lib/tunings/fast.yaml:5:15", all["tuning.steps[2]"])
}

// The source of a preset's number says nothing about the one that replaces
// it; who overrides may give a source of his own.
func TestOverridesNeedTheirOwnSource(t *testing.T) {
	_, p := mustLoad(t, "rack: {preset: big-rack, chip: {memory: {capacity: 144GB}}}")
	require.Equal(t, "144GB given s.yaml:1:52", fields(p)["rack.chip.memory.capacity"])
	_, p = mustLoad(t, "rack: {preset: big-rack, chip: {memory: {capacity: 144GB},"+
		" sources: {memory.capacity: {basis: assumed, source: me, range: [0.9, 1.1]}}}}")
	require.Equal(t, "144GB assumed s.yaml:1:52", fields(p)["rack.chip.memory.capacity"])
	require.Equal(t, "8TB/s vendor lib/chips/big.yaml:3:38", fields(p)["rack.chip.memory.bandwidth"])
}

// Overriding a field by itself, scaled, gives what was asked for.
func TestScaledFieldsLoad(t *testing.T) {
	_, p := mustLoad(t, "{rack: big-rack, agents: 7, seed: 3, ratio: 0.5}")
	for _, f := range p.Fields() {
		_, scaled := mustLoad(t, "{rack: big-rack, agents: 7, seed: 3, ratio: 0.5}", f.Scaled(1))
		require.Equal(t, f.Value, valueAt(t, scaled, f.Path), f.Path)
	}
	_, p = mustLoad(t, "rack: big-rack", fieldAt(t, p, "rack.chip.memory.capacity").Scaled(0.5))
	require.Equal(t, "144GB", valueAt(t, p, "rack.chip.memory.capacity"))
	require.Equal(t, [2]float64{0.5, 2}, fieldAt(t, p, "rack.trays[0].slots").Range)
	require.Equal(t, "rack.trays[0].slots=6", fieldAt(t, p, "rack.trays[0].slots").Scaled(1.4))
}

func valueAt(t *testing.T, p *Provenance, path string) string { return fieldAt(t, p, path).Value }

func fieldAt(t *testing.T, p *Provenance, path string) Field {
	t.Helper()
	for _, f := range p.Fields() {
		if f.Path == path {
			return f
		}
	}
	require.Fail(t, "no field", path)
	return Field{}
}

func TestAt(t *testing.T) {
	_, p := mustLoad(t, "name: x\nrack:\n  preset: big-rack\n  chips: 4")
	require.Equal(t, "s.yaml:4:10", p.At("rack.chips").String())
	require.Equal(t, "lib/racks/big-rack.yaml:8:6", p.At("rack.trays[1]").String())
	require.Equal(t, "s.yaml:1:1", p.At("gap.median").String(), "not written: where it would be")
}

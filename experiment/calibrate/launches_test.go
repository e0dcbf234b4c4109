package calibrate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/units"
)

// A module whose floor at the largest degree is more than 1.6 times that of the
// same engine on the same generation, or else of another engine on the same
// accelerator, takes its floors and keeps its slopes; one that is within that, or
// of another generation, does not.
func TestFloorsThatMeasureAHostAreTakenFromGraphs(t *testing.T) {
	set := func(name, engine, generation string, one, sixteen units.Seconds) *fitted {
		lines := func() []hardware.Linear {
			return []hardware.Linear{
				{TP: 1, Floor: one, PerToken: one / 1000},
				{TP: 16, Floor: sixteen, PerToken: sixteen / 1000},
			}
		}
		return &fitted{target: target{engine: engine, accelerator: hardware.Accelerator{Name: name, Generation: generation}},
			set: hardware.KernelSet{Name: name + "-" + engine, Sources: hardware.Sources{},
				Attention: map[string]hardware.AttentionKernel{"mla": {Kind: "mla", Prefill: lines(), Decode: lines()}}}}
	}
	sets := []*fitted{
		set("grace", "a", "new", 136e-6, 105e-6), // launched
		set("plain", "a", "new", 97e-6, 50e-6),
		set("near", "a", "new", 99e-6, 70e-6),   // within 1.6
		set("plain", "b", "new", 99e-6, 105e-6), // launched: plain-a is of another engine
		set("old", "a", "old", 136e-6, 105e-6),
	}
	unlaunch(sets)
	for i, want := range [][2]units.Seconds{{97e-6, 50e-6}, {97e-6, 50e-6}, {99e-6, 70e-6}, {97e-6, 50e-6}, {136e-6, 105e-6}} {
		k := sets[i].set.Attention["mla"]
		for _, lines := range [][]hardware.Linear{k.Prefill, k.Decode} {
			require.Equal(t, want, [2]units.Seconds{lines[0].Floor, lines[1].Floor}, i)
		}
	}
	k := sets[0].set.Attention["mla"]
	require.Equal(t, units.Seconds(105e-6)/1000, k.Decode[1].PerToken, "what tokens take stays")
	require.Contains(t, sets[0].set.Sources["attention.mla"].Note, "plain-a")
	require.Contains(t, sets[3].set.Sources["attention.mla"].Note, "plain-a")
	require.Empty(t, sets[1].set.Sources)
}

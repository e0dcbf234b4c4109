package prefix

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/units"
)

// v4Parts is what DeepSeek V4 Pro keeps, by layer: entries of 584 bytes, as
// vLLM and SGLang have them, or of 512 as TensorRT-LLM has.
func v4Parts(entry, index float64) []Part {
	return []Part{
		{Name: "csa_kv", Kind: Grows, Layers: 30, Bytes: entry / 4},
		{Name: "csa_index_keys", Kind: Grows, Layers: 30, Bytes: index / 4},
		{Name: "hca_kv", Kind: Grows, Layers: 31, Bytes: entry / 128},
		{Name: "window_kv", Kind: Window, Layers: 61, Bytes: entry, Window: 128},
		{Name: "csa_state", Kind: Window, Layers: 30, Bytes: 8_192, Window: 8},
		{Name: "csa_index_state", Kind: Window, Layers: 30, Bytes: 2_048, Window: 8},
		{Name: "hca_state", Kind: Window, Layers: 31, Bytes: 4_096, Window: 128},
	}
}

func qwenParts() []Part {
	return []Part{
		{Name: "kv", Kind: Grows, Layers: 15, Bytes: 1_024},
		{Name: "gdn_state", Kind: State, Layers: 45, Bytes: 533_504},
	}
}

func TestLayerGroupsHaveAPoolForEachLifeTime(t *testing.T) {
	got, pools, err := Arrange(ByGroup, v4Parts(512, 68), 128, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"history", "window 128", "window 8"}, pools)
	want := v4TensorRT()
	for i := range want {
		require.Equal(t, []any{want[i].Kind, want[i].Page, want[i].Window, want[i].Bytes, want[i].Pool},
			[]any{got[i].Kind, got[i].Page, got[i].Window, got[i].Bytes, got[i].Pool})
	}
	require.Equal(t, "csa_state+csa_index_state", got[2].Name)

	// Drafts lengthen the window, and with it what a checkpoint takes.
	got, _, err = Arrange(ByGroup, v4Parts(512, 68), 128, 3)
	require.NoError(t, err)
	require.Equal(t, 2, got[1].checkpointPages(1<<20, false))
}

func TestARatioHasAPoolOfWindowsAndOneOfStates(t *testing.T) {
	got, pools, err := Arrange(ByRatio, v4Parts(584, 132), 256, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"history", "window"}, pools)
	require.InDelta(t, 5_511, float64(got[0].Bytes)/256, 1)
	require.Len(t, got, 3, "windows of equal length are one component")

	got, pools, err = Arrange(ByRatio, qwenParts(), 1, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"history", "states"}, pools)
	require.Equal(t, qwen35(1)[1].Bytes, got[1].Bytes)
}

func TestSlotsHavePagesOfEqualBytes(t *testing.T) {
	got, pools, err := Arrange(OneOfSlots, v4Parts(584, 132), 256, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"blocks"}, pools)
	// A checkpoint of a window of 128 is four blocks either way, 2 groups of 64
	// tokens a page or one of 32; states have pages of 4 and 8 tokens.
	checkpoint := map[string]int{}
	pages := map[string]int{}
	all := 0
	for i := range got[1:] {
		c := &got[i+1]
		checkpoint[c.Name] = c.checkpointPages(1<<20, false)
		pages[c.Name] = c.Page
		all += checkpoint[c.Name]
		require.LessOrEqual(t, float64(c.Bytes), 1_435_968.0)
	}
	require.Equal(t, 4, checkpoint["window_kv"])
	require.Equal(t, 16, checkpoint["hca_state"])
	require.Equal(t, 8, pages["hca_state"])
	require.Equal(t, 4, pages["csa_state+csa_index_state"])
	require.Equal(t, 22, all, "blocks of a checkpoint")
	require.Equal(t, 256, align(got))

	got, _, err = Arrange(OneOfSlots, qwenParts(), 16, 0)
	require.NoError(t, err)
	require.Equal(t, []int{528, 528, 3}, []int{got[0].Page, got[1].Page, got[1].Groups})
	require.Equal(t, 3, got[1].checkpointPages(528, false))

	moe := []Part{
		{Name: "kv", Kind: Grows, Layers: 18, Bytes: 2_048},
		{Name: "window", Kind: Window, Layers: 18, Bytes: 2_048, Window: 128},
	}
	got, _, err = Arrange(OneOfSlots, moe, 16, 0)
	require.NoError(t, err)
	require.Equal(t, []int{16, 16}, []int{got[0].Page, got[1].Page})
	require.Equal(t, units.Bytes(589_824), got[0].Bytes)
}

func TestWhatCannotBeLaidOutIsRefused(t *testing.T) {
	_, _, err := Arrange("heap", qwenParts(), 16, 0)
	require.EqualError(t, err, "pools: heap: want slots, ratio, groups or shared")
	_, _, err = Arrange(ByRatio, qwenParts()[1:], 16, 0)
	require.ErrorContains(t, err, "of which nothing grows")
	_, _, err = Arrange(ByRatio, qwenParts(), 0, 0)
	require.EqualError(t, err, "page: 0: want 1 to 65536 tokens")
	huge := qwenParts()
	huge[1].Bytes = 1e12
	_, _, err = Arrange(OneOfSlots, huge, 16, 0)
	require.ErrorContains(t, err, "to hold a state: want at most 65536")
}

// ATOM: windows and history in one pool, each in pages of its own bytes, with a
// tail at every 8,192 tokens and at the end.
func TestASharedPoolLends(t *testing.T) {
	components, pools, err := Arrange(Shared, v4Parts(584, 132), 256, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"history"}, pools)
	for i := range components {
		require.Zero(t, components[i].Pool)
	}
	spec := Spec{
		Components: components,
		Pools:      []Pool{{Name: "history", Capacity: 1e12}},
		Policy:     preset(t, "atom-tails").For(components, 16_384, 1),
	}
	s := newScene(t, spec)
	s.call(0, Turn{Prompt: 20_000}, 1)
	tail := int64(0)
	for i := range components[1:] {
		tail += int64(components[1+i].checkpointPages(20_000, false)) * spec.pageBytes(&components[1+i])
	}
	require.Equal(t, 78*spec.pageBytes(&components[0])+3*tail, s.Used(0), "tails at 8,192, 16,384 and 19,968")
	s.contents.Begin(1, Turn{Prompt: 17_000, Inherited: 16_900})
	require.Equal(t, 16_384, s.Lookup(Request{Session: 1, Prompt: 17_000}).Tokens)

	// Before August 2026 a hit computed its last window again.
	spec.Policy = preset(t, "atom-ring").For(components, 16_384, 1)
	s = newScene(t, spec)
	s.call(0, Turn{Prompt: 20_000}, 1)
	s.contents.Begin(1, Turn{Prompt: 17_000, Inherited: 16_900})
	require.Equal(t, 16_896-256, s.Lookup(Request{Session: 1, Prompt: 17_000}).Tokens)
}

package step

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// engine-schedulers, example 15: host 12.5 ms.
func TestTheHostIsHiddenAsFarAsTheScheduleLetsIt(t *testing.T) {
	const device, drafts, loop = 33e-3, 3e-3, 12.5e-3
	for hidden, want := range map[string]float64{"": 33e-3, HiddenFull: 33e-3, HiddenNone: 45.5e-3, HiddenDrafts: 42.5e-3} {
		h := host{loop: loop, hidden: hidden}
		require.InDelta(t, want, device+h.exposed(device, drafts, &ledger{}, 0), 1e-12, hidden)
	}
	h := host{loop: loop}
	require.InDelta(t, 12.5e-3, 9e-3+h.exposed(9e-3, 0, &ledger{}, 0), 1e-12)
	h = host{loop: 10e-3, perSequence: 10e-6, perStep: 1e-3}
	require.InDelta(t, 13.5e-3, 9e-3+h.exposed(9e-3, 0, &ledger{}, 250), 1e-12, "by sequence, and what nothing hides")
}

// A step outside the graphs takes at least the time to launch its kernels.
func TestStepsWithPromptsAreLaunchedKernelByKernel(t *testing.T) {
	h := host{least: 90e-3}
	require.InDelta(t, 90e-3, 20e-3+h.exposed(20e-3, 0, &ledger{prompts: true}, 0), 1e-12)
	require.InDelta(t, 120e-3, 120e-3+h.exposed(120e-3, 0, &ledger{prompts: true}, 0), 1e-12)
	require.Zero(t, h.exposed(20e-3, 0, &ledger{}, 0), "decode is replayed")
}

func TestSchedulesThatCannotBe(t *testing.T) {
	no := false
	for want, s := range map[string]Schedule{
		"order: \"first\"":            {Order: "first"},
		"order: decode, but mix":      {Order: DecodeFirst, Mix: &no},
		"interval.kind":               {Interval: Interval{N: 3}},
		"gather.timeout":              {Gather: Gathering{AllRanks: true}},
		"gather.fill: 2":              {Gather: Gathering{Fill: 2, Timeout: 3}},
		"poll: -1":                    {Poll: -1},
		"host.hidden: \"half\"":       {Host: HostHiding{Hidden: "half"}},
		"handover.first_token: \"a\"": {Handover: HandoverSet{FirstToken: "a"}},
	} {
		require.ErrorContains(t, s.Validate(), want)
	}
}

// engine-schedulers, example 7.
func TestLimitsOfAWorkerAreDividedOverItsRanks(t *testing.T) {
	s := Schedule{Budget: 65536, Slots: 1024, Divide: true}
	budget, _ := s.Limits(8)
	_, slots := s.Limits(16)
	require.Equal(t, [2]int{8192, 64}, [2]int{budget, slots})
	budget, slots = s.Limits(1)
	require.Equal(t, [2]int{65536, 1024}, [2]int{budget, slots})
}

// M/D/1 waits ρ·s/(2(1-ρ)): at 50 requests a second of 10 ms, 5 ms.
func TestTheFrontEndIsAQueue(t *testing.T) {
	h := HostCost{Processes: 1, PerRequest: 4e-3, PerPromptToken: 5e-6, PerOutputToken: 1e-6}
	require.InDelta(t, 5e-3, h.WaitSeconds(50, 1000, 1000, 1), 1e-9)
	require.True(t, math.IsInf(h.WaitSeconds(100, 1000, 1000, 1), 1))
	require.Less(t, h.WaitSeconds(50, 1000, 1000, 2), 2e-3)
	h.Processes = 0
	require.Zero(t, h.WaitSeconds(1e6, 1000, 1000, 1), "as many as it takes")
}

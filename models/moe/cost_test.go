package moe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// v4Experts are the MXFP4 experts of DeepSeek-V4-Pro (modelling.md 1.2).
func v4Experts() ExpertWeights { return ExpertWeights{ExpertBytes: 35.09e6, Layers: 61} }

// modelling.md 2.3: 32 replicas at EP32 cost 2.14 GB on each rank.
func TestMemoryOfReplicas(t *testing.T) {
	table := tabulate(t, v4(0.6, 32, EPLB, 32))
	require.Equal(t, 13, table.SlotsPerRank())
	require.Equal(t, 416, table.HBMSlots())
	require.InEpsilon(t, 2.14e9, table.RedundantBytes(v4Experts()), 0.001)
	require.InEpsilon(t, 13*61*35.09e6, table.HBMBytes(v4Experts()), 1e-9)
}

// 384 experts over 72 ranks: 6 slots each, 5.33 of them needed.
func TestMemoryOfPadding(t *testing.T) {
	table := tabulate(t, v4(0.6, 72, Contiguous, 0))
	require.Equal(t, 432, table.HBMSlots())
	require.InEpsilon(t, (6-384.0/72)*61*35.09e6, table.RedundantBytes(v4Experts()), 1e-9)
}

// modelling.md 2.3: 178 GB in all, 0.2 to 0.3 s of one NVLink's time (900 and
// 650 GB/s), spread over 32 ranks.
func TestRebalance(t *testing.T) {
	table := tabulate(t, v4(0.6, 32, EPLB, 32))
	cost := table.Rebalance(v4Experts(), MovedShare, 650e9)
	require.InEpsilon(t, 0.2*416*61, cost.Slots, 1e-9)
	require.InEpsilon(t, 178e9, cost.Bytes, 0.001)
	require.InDelta(t, 0.27/32, cost.Seconds, 0.01/32)
}

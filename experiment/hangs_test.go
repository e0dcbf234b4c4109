package experiment

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

// Sessions of a trace that last longer than the protocol allows make it grow,
// and the result says so, and what it hangs on.
func TestLongSessionsOfATrace(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("request_id,session_id,round_index,input_tokens,output_tokens,arrival_time_us,last_chunk_time_us,think_time_us\n")
	for i := range 20 {
		for round := range 3 {
			fmt.Fprintf(&rows, "%d,s%d,%d,%d,20,%d,%d,%d\n", 3*i+round, i, round, 1000*(round+1), 1000*round, 1000*round+1, int(900e6)*min(round, 1))
		}
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "t.csv")
	require.NoError(t, os.WriteFile(path, []byte(rows.String()), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "t.yaml"), []byte("trace_version: 3\n"), 0o600))
	s := load(t, "workload.trace="+path, "protocol.duration_max=1200s")
	base, err := prepare(s)
	require.NoError(t, err)
	require.InDelta(t, 1800, base.mean.gaps, 1e-3, "two gaps of 15 minutes")
	require.InDelta(t, 1800, base.mean.people, 1e-3)
	d := base.duration(s, 4)
	sessions := max(float64(s.Protocol.SessionsMin)/4, s.Protocol.SessionsPerAgent)
	require.GreaterOrEqual(t, d.most, sessions*1800)
	require.Contains(t, d.notes[0], "protocol.duration_max grew to")

	r, err := Run(context.Background(), s, 4, Options{})
	require.NoError(t, err)
	require.Contains(t, strings.Join(r.Warnings, "\n"), "100 % of the time between the trace's calls is people's: the answer hangs on "+
		"workload.gap_max (none), workload.arrivals (closed) and protocol.start (stationary)")
	s.Workload.GapMax = 10
	base, err = prepare(s)
	require.NoError(t, err)
	require.Empty(t, base.duration(s, 4).notes)
}

// By hand: half of a step at four times the most that its table measured, half
// inside: 0.5 · ln 4 / 2. The worst step counts.
func TestBeyondTablesByHand(t *testing.T) {
	steps := []metrics.StepAccount{
		{Operators: []metrics.OperatorShare{{Share: 0.5, Beyond: 4}, {Share: 0.5}}},
		{Operators: []metrics.OperatorShare{{Share: 1, Beyond: 1.1}}},
	}
	require.InEpsilon(t, 0.5*math.Log(4)/2, beyond(steps), 1e-12)
	require.Zero(t, beyond(nil))
}

package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// viewed is an event as ui.perfetto.dev reads it: Trace Event Format, times
// in microseconds.
type viewed struct {
	Name, Ph string
	Ts, Dur  float64
	Pid, Tid int
	Args     map[string]any
}

// nanoseconds of a time: what viewers round to.
func (v *viewed) span() (from, to int64) {
	return int64(math.Round(v.Ts * 1e3)), int64(math.Round((v.Ts + v.Dur) * 1e3))
}

func TestTimelineIsATraceThatViewersOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timeline.json")
	o := agentsim(t, "run", "gb300-agentperf-slo20", "--agents", "60", "--set", "protocol=steady-state",
		"--set", "protocol.warmup=5s", "--set", "protocol.ramp=5s", "--set", "protocol.duration=30s",
		"--set", "protocol.duration_max=30s", "--set", "protocol.calls_min=0",
		"--timeline", file, "--timeline-from", "10s", "--timeline-span", "20s")
	require.Zero(t, o.code, o.stderr)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var trace struct{ TraceEvents []viewed }
	require.NoError(t, json.Unmarshal(text, &trace))

	workers, seen := map[int]string{}, map[string]int{}
	tracks := map[[2]int][]viewed{}
	for _, e := range trace.TraceEvents {
		switch e.Ph {
		case "M":
			require.Equal(t, "process_name", e.Name)
			workers[e.Pid] = e.Args["name"].(string)
		case "C":
			require.Equal(t, "power", e.Name)
			require.Positive(t, e.Args["watts"])
			seen["power"]++
		case "X":
			require.GreaterOrEqual(t, e.Dur, 0.0)
			seen[e.Name]++
			tracks[[2]int{e.Pid, e.Tid}] = append(tracks[[2]int{e.Pid, e.Tid}], e)
		default:
			t.Fatalf("event type %q", e.Ph)
		}
	}
	for pid := range tracks {
		require.Contains(t, workers, pid[0], "every track has a name")
	}
	require.Len(t, workers, 1+7, "agents, six prefill workers and a decode worker")
	for _, name := range []string{"power", "prefill", "decode", "transfer", "queue"} {
		require.Positive(t, seen[name], name)
	}
	for id, track := range tracks {
		slices.SortFunc(track, func(a, b viewed) int {
			from, _ := a.span()
			other, _ := b.span()
			return int(from - other)
		})
		for i := 1; i < len(track); i++ {
			_, end := track[i-1].span()
			begin, _ := track[i].span()
			require.LessOrEqual(t, end, begin, "slices of track %v do not overlap: %+v %+v", id, track[i-1], track[i])
		}
	}
}

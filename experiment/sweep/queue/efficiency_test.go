//go:build unix

package queue

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/experiment/sweep"
)

// simulated is a study of 200 points, each of which is simulated for about a
// tenth of a second.
const simulated = "name: simulated\nscenario: h200-agentperf-slo20\nset: [protocol=steady-state, protocol.calls_min=100]\n" +
	"axes:\n  - {path: slo.output_speed.p25, range: {from: 10tok/s, to: 34tok/s, steps: 25}}\n" +
	"  - {path: deployment.aggregated.draft_tokens, values: [0, 1, 2, 3]}\n  - {path: deployment.batching, values: [mixed, prefill-priority]}\n"

// BenchmarkEfficiency evaluates the same points one after the other without a
// queue, then with two workers through the queue. Of the processors' time
// cpu-% went into points; wall-% is how near two workers come to half the time,
// which says something on an idle machine only.
func BenchmarkEfficiency(b *testing.B) {
	for b.Loop() {
		o := options(b, simulated)
		e := sweep.NewEvaluator(o.Plan, o.Version)
		alone, aloneCPU := spent(b, func() {
			for point := range o.Plan.Len() {
				_, err := e.Row(context.Background(), e.Load(point))
				require.NoError(b, err)
			}
		})
		queued, queuedCPU := spent(b, func() {
			_, m, err := Run(context.Background(), o)
			require.NoError(b, err)
			require.Equal(b, 200, m.Done)
		})
		b.ReportMetric(100*aloneCPU.Seconds()/queuedCPU.Seconds(), "cpu-%")
		b.ReportMetric(100*alone.Seconds()/(float64(o.Workers)*queued.Seconds()), "wall-%")
		b.Logf("alone %v (cpu %v), queued %v (cpu %v)", alone, aloneCPU, queued, queuedCPU)
	}
}

// spent is the time, on the wall and of the processors, that work takes.
func spent(b *testing.B, work func()) (wall, cpu time.Duration) {
	start, before := time.Now(), used(b)
	work()
	return time.Since(start), used(b) - before
}

func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

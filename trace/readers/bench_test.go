package readers

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/trace"
	"agentsim/trace/writers"
)

// millionCalls writes a trace of a million calls of agents, about 550 MB of JSON.
func millionCalls(b *testing.B) string {
	b.Helper()
	data, err := os.ReadFile("../../configs/workloads/aa-agentperf.yaml")
	require.NoError(b, err)
	var p trace.Profile
	require.NoError(b, yaml.Unmarshal(data, &p))
	path := filepath.Join(b.TempDir(), "million.jsonl")
	calls := &first{r: trace.NewGenerator(&p, 1, 1<<30), left: 1_000_000}
	n, err := writers.AgenticMooncake(path, calls, mooncakeBlock)
	require.NoError(b, err)
	require.Equal(b, 1_000_000, n)
	return path
}

// first is a Reader of the first calls of another.
type first struct {
	r    trace.Reader
	left int
}

func (f *first) Read(c *trace.Call) error {
	if f.left == 0 {
		return io.EOF
	}
	f.left--
	return f.r.Read(c)
}

// watched notes the memory in use now and then while calls pass through.
type watched struct {
	r     trace.Reader
	calls int
	peak  uint64
}

func (w *watched) Read(c *trace.Call) error {
	if w.calls++; w.calls%100_000 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.peak = max(w.peak, m.HeapSys+m.StackSys)
	}
	return w.r.Read(c)
}

// BenchmarkMillionCalls reads a trace of a million calls. The goal is 150 MB/s
// of JSON or more in less than 300 MB of memory on two cores.
func BenchmarkMillionCalls(b *testing.B) {
	path := millionCalls(b)
	info, err := os.Stat(path)
	require.NoError(b, err)
	run := func(name string, use func(r trace.Reader) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(info.Size())
			for b.Loop() {
				tr, err := Open(path, Auto)
				require.NoError(b, err)
				w := &watched{r: tr}
				require.NoError(b, use(w))
				require.NoError(b, tr.Close())
				b.ReportMetric(float64(w.peak)/1e6, "MB-memory")
			}
		})
	}
	run("stats", func(r trace.Reader) error {
		_, err := trace.ReadStats(r, false)
		return err
	})
	run("convert", func(r trace.Reader) error {
		_, err := writers.Parquet(filepath.Join(b.TempDir(), "x.parquet"), r, writers.About{})
		return err
	})
	run("pool", func(r trace.Reader) error {
		_, err := trace.NewPool(r, trace.PoolOptions{})
		return err
	})
}

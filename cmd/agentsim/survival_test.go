package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"agentsim/experiment/sweep/results"
)

// survivor is a study that takes some seconds: every point is simulated, for
// about a tenth of a second.
const survivor = `
name: survival
scenario: h200-agentperf-slo20
interval: none
set: [protocol=steady-state, protocol.calls_min=100, protocol.duration_max=240s, protocol.tolerance=0.3,
  protocol.sessions_seen=0, protocol.cycles_min=0]
axes:
  - {path: slo.output_speed.p25, range: {from: 10tok/s, to: 20tok/s, steps: 6}}
  - {path: deployment.aggregated.draft_tokens, values: [0, 1, 2, 3]}
`

const points = 24

// actAs is the variable that makes a process of this test binary one of the
// programs that the test kills, so that nothing is built for it.
const actAs = "AGENTSIM_TEST_ACT_AS"

func TestMain(m *testing.M) {
	switch os.Getenv(actAs) {
	case "agentsim":
		main()
	case "nats-server":
		serveNATS(os.Args[1], os.Args[2])
	default:
		os.Exit(m.Run())
	}
}

// serveNATS is a server like those of a cluster, until it is killed.
func serveNATS(port, store string) {
	n, err := strconv.Atoi(port)
	if err != nil {
		panic(err)
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: n, JetStream: true, StoreDir: store, NoLog: true})
	if err != nil {
		panic(err)
	}
	s.Start()
	s.WaitForShutdown()
}

// bench is a folder with the study, and the results of an undisturbed run.
type bench struct {
	dir         string
	undisturbed []byte
}

func newBench(t *testing.T) *bench {
	b := &bench{dir: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "study.yaml"), []byte(survivor), 0o600))
	b.run(t, "sweep", "study.yaml", "--out", "undisturbed")
	b.undisturbed = b.results(t, "undisturbed")
	return b
}

func (b *bench) command(program string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	c := exec.Command(self, args...)
	c.Dir = b.dir
	c.Env = append(os.Environ(), actAs+"="+program, "AGENTSIM_NO_CACHE=true", "AGENTSIM_QUIET=true", "AGENTSIM_SILENCE=1s")
	return c
}

// run runs the program to its end.
func (b *bench) run(t *testing.T, args ...string) {
	t.Helper()
	out, err := b.command("agentsim", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// start runs a program in the background.
func (b *bench) start(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	c := b.command(program, args...)
	require.NoError(t, c.Start())
	t.Cleanup(func() { kill(c) })
	return c
}

// kill ends a process without warning.
func kill(c *exec.Cmd) {
	if c.Process.Signal(syscall.SIGKILL) == nil {
		c.Wait() // an error is what is wanted
	}
}

func (b *bench) results(t *testing.T, folder string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(b.dir, folder, "results.parquet"))
	require.NoError(t, err)
	return content
}

// same checks that a folder holds every point once and the bytes of the
// undisturbed run.
func (b *bench) same(t *testing.T, folder string) {
	t.Helper()
	table, err := results.Read(filepath.Join(b.dir, folder))
	require.NoError(t, err)
	require.Len(t, table.Rows, points)
	for i, row := range table.Rows {
		require.Equal(t, int64(i), row[0].Whole)
	}
	require.True(t, bytes.Equal(b.undisturbed, b.results(t, folder)), "the results differ")
	manifest, err := results.ReadManifest(filepath.Join(b.dir, folder))
	require.NoError(t, err)
	require.Equal(t, points, manifest.Done)
	require.Zero(t, manifest.Failed)
}

// A study survives whatever is killed: a worker, the server, the process that
// works alone, and it can be interrupted, and cut in shards.
func TestSurvival(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a study five times")
	}
	b := newBench(t)
	t.Run("worker and server", b.testWorkerAndServer)
	t.Run("process", b.testProcess)
	t.Run("interrupt", b.testInterrupt)
	t.Run("shards", b.testShards)
}

func (b *bench) testWorkerAndServer(t *testing.T) {
	port := freePort(t)
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	serve := func() *exec.Cmd {
		s := b.start(t, "nats-server", fmt.Sprint(port), filepath.Join(b.dir, "store"))
		require.Eventually(t, func() bool { return dial(port) == nil }, 20*time.Second, 50*time.Millisecond)
		return s
	}
	server := serve()
	var workers []*exec.Cmd
	for range 3 {
		workers = append(workers, b.start(t, "agentsim", "worker", "--nats", url, "--workers", "1"))
	}
	coordinator := b.command("agentsim", "sweep", "study.yaml", "--out", "cluster", "--nats", url, "--workers", "0")
	var said bytes.Buffer
	coordinator.Stdout, coordinator.Stderr = &said, &said
	require.NoError(t, coordinator.Start())
	t.Cleanup(func() { kill(coordinator) })

	watch := newWatch(t, url)
	watch.until(t, points/8)
	kill(workers[0])
	watch.until(t, points/4)
	kill(server)
	time.Sleep(time.Second / 2) // some points end while there is no server
	serve()
	require.NoError(t, coordinator.Wait(), "%s", &said)
	b.same(t, "cluster")
	for _, w := range workers[1:] {
		require.NoError(t, w.Process.Signal(os.Interrupt))
		w.Wait()
		require.Equal(t, 130, w.ProcessState.ExitCode())
	}
}

// watch counts the results on a server; each subject has one at most.
type watch struct {
	stream func(ctx context.Context) (jetstream.Stream, error)
}

func newWatch(t *testing.T, url string) *watch {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return &watch{func(ctx context.Context) (jetstream.Stream, error) { return js.Stream(ctx, "AGENTSIM_RESULTS") }}
}

// until waits for so many results.
func (w *watch) until(t *testing.T, want int) {
	require.Eventually(t, func() bool {
		s, err := w.stream(context.Background())
		if err != nil {
			return false
		}
		info, err := s.Info(context.Background(), jetstream.WithSubjectFilter(">"))
		if err != nil {
			return false
		}
		for subject, n := range info.State.Subjects {
			require.Equal(t, uint64(1), n, subject)
		}
		return len(info.State.Subjects) >= want
	}, 60*time.Second, 20*time.Millisecond)
}

func freePort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func dial(port int) error {
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err == nil {
		c.Close()
	}
	return err
}

// size is how much a process has stored in the queue of a folder, in bytes.
func (b *bench) size(folder string) int64 {
	size := int64(0)
	filepath.Walk(filepath.Join(b.dir, folder, "queue"), func(name string, info os.FileInfo, err error) error {
		if err == nil && filepath.Ext(name) == ".jsonl" {
			size += info.Size()
		}
		return nil
	})
	return size
}

// begin starts a sweep and waits until it has stored some more results.
func (b *bench) begin(t *testing.T, c *exec.Cmd, folder string) {
	const some = 10_000 // bytes: a handful of points
	before := b.size(folder)
	require.NoError(t, c.Start())
	t.Cleanup(func() { kill(c) })
	require.Eventually(t, func() bool { return b.size(folder) > before+some }, 60*time.Second, 20*time.Millisecond)
}

func (b *bench) testProcess(t *testing.T) {
	for range 2 {
		c := b.command("agentsim", "sweep", "study.yaml", "--out", "killed")
		b.begin(t, c, "killed")
		kill(c)
	}
	require.NoFileExists(t, filepath.Join(b.dir, "killed", "results.parquet"))
	b.run(t, "sweep", "study.yaml", "--out", "killed")
	b.same(t, "killed")
	manifest, err := results.ReadManifest(filepath.Join(b.dir, "killed"))
	require.NoError(t, err)
	require.Equal(t, 3, manifest.Runs)
	b.run(t, "sweep", "study.yaml", "--out", "killed") // there is nothing left to do
	b.same(t, "killed")
}

func (b *bench) testInterrupt(t *testing.T) {
	c := b.command("agentsim", "sweep", "study.yaml", "--out", "interrupted")
	var said bytes.Buffer
	c.Stderr = &said
	b.begin(t, c, "interrupted")
	require.NoError(t, c.Process.Signal(os.Interrupt))
	c.Wait()
	require.Equal(t, 130, c.ProcessState.ExitCode(), "%s", &said)
	require.Contains(t, said.String(), "run the same command to go on")
	table, err := results.Read(filepath.Join(b.dir, "interrupted"))
	require.NoError(t, err)
	require.NotEmpty(t, table.Rows)
	require.Less(t, len(table.Rows), points)
	b.run(t, "sweep", "study.yaml", "--out", "interrupted")
	b.same(t, "interrupted")
}

func (b *bench) testShards(t *testing.T) {
	for index := range 3 {
		c := b.command("agentsim", "sweep", "study.yaml", "--out", "sharded", "--shard-count", "3")
		c.Env = append(c.Env, fmt.Sprintf("JOB_COMPLETION_INDEX=%d", index))
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s", out)
		merge, err := b.command("agentsim", "sweep", "merge", "sharded").CombinedOutput()
		if index < 2 {
			require.Error(t, err)
			require.Contains(t, string(merge), "points are missing")
		} else {
			require.NoError(t, err, "%s", merge)
		}
	}
	b.same(t, "sharded")
}

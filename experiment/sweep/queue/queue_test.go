package queue

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
	"agentsim/scenarios"
)

// domains is a quick study of some points.
const domains = "name: domains\nscenario: h200-agentperf-slo20\nevaluate: analytic\ninterval: none\n" +
	"axes: [{path: slo.output_speed.p25, values: [10tok/s, 20tok/s, 30tok/s, 500tok/s]}]\n"

// options are those of a study given as text.
func options(t testing.TB, text string) Options {
	t.Helper()
	file := filepath.Join(t.TempDir(), "study.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	source := &sweep.Source{Study: configs.Source{Name: file, ReadFile: os.ReadFile}, Scenarios: scenarios.FS, Open: open}
	p, err := sweep.NewPlan(*source)
	require.NoError(t, err)
	return Options{Plan: p, Bundle: NewBundle(source, p), Library: Library{Scenarios: scenarios.FS, Open: open},
		Dir: filepath.Join(t.TempDir(), "out"), Build: "0123456789abcdef0123456789abcdef", Version: "v1", Host: "here",
		Workers: 2, Silence: 2 * time.Second, Clock: time.Now, Every: 20 * time.Millisecond}
}

func open(name string) (io.ReadCloser, error) { return os.Open(name) }

func TestRun(t *testing.T) {
	o := options(t, domains)
	var last Progress
	o.Progress = func(p Progress) { last = p }
	table, m, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.Len(t, table.Rows, 4)
	require.Equal(t, 4, last.Done)
	require.Equal(t, 1, last.Infeasible)
	require.Less(t, last.Best.Point, 3, "one of those that hold an agent")
	require.Equal(t, "here", m.Host)
	require.Equal(t, 1, m.Infeasible)
	require.True(t, m.Complete())
	require.False(t, m.Ended.Before(m.Started))
	stored, err := results.Read(o.Dir)
	require.NoError(t, err)
	require.Equal(t, len(table.Rows), len(stored.Rows))
	require.NoDirExists(t, filepath.Join(o.Dir, queueFolder), "the queue has done its work")

	again, n, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.Equal(t, stored, again, "what is done is not done again")
	require.Equal(t, m.Ended, n.Ended)
}

// Results are kept across studies, by scenario, seed and build.
func TestCache(t *testing.T) {
	dir := t.TempDir()
	o := options(t, domains)
	o.Cache = &Cache{dir}
	first, _, err := Run(context.Background(), o)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	edit := func(f string, sealed bool) {
		content, err := os.ReadFile(f)
		require.NoError(t, err)
		old, entry, ok := bytes.Cut(content, []byte("\n"))
		require.True(t, ok)
		entry = bytes.Replace(entry, []byte(`"fingerprint":"analytic"`), []byte(`"fingerprint":"kept"`), 1)
		if sealed {
			old = seal(filepath.Base(f), entry)
		}
		require.NoError(t, os.WriteFile(f, append(append(old, '\n'), entry...), 0o600))
	}
	for _, f := range files { // to know them again
		edit(f, true)
	}
	fingerprints := func(text, build string) []string {
		o := options(t, text)
		o.Cache, o.Build = &Cache{dir}, build
		table, _, err := Run(context.Background(), o)
		require.NoError(t, err)
		column, ok := table.Column("fingerprint")
		require.True(t, ok)
		var list []string
		for _, r := range table.Rows {
			list = append(list, r[column].Text)
		}
		return list
	}
	other := strings.Replace(domains, "[10tok/s, 20tok/s, 30tok/s, 500tok/s]", "[30tok/s, 40tok/s]", 1)
	require.Equal(t, []string{"kept", "analytic"}, fingerprints(other, o.Build))
	require.Equal(t, []string{"analytic", "analytic"}, fingerprints(other, "another build"))
	computed := []string{"analytic", "analytic", "analytic", ""}
	for _, spoil := range []func(i int, f string){
		func(_ int, f string) { require.NoError(t, os.WriteFile(f, []byte("{broken"), 0o600)) },
		func(_ int, f string) { edit(f, false) },
		func(i int, f string) { // each under the name of another
			content, err := os.ReadFile(f)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(files[(i+1)%len(files)], content, 0o600))
		},
	} {
		for i, f := range files {
			spoil(i, f)
		}
		require.Equal(t, computed, fingerprints(domains, o.Build), "what is not as it was written is computed")
	}
	require.Len(t, first.Rows, 4)
}

// One point that fails is recorded; with FailFast it ends the study.
func TestFailure(t *testing.T) {
	broken := strings.Replace(domains, "[10tok/s, 20tok/s, 30tok/s, 500tok/s]", "[10tok/s, 0tok/s, 30tok/s]", 1)
	o := options(t, broken)
	table, m, err := Run(context.Background(), o)
	require.ErrorIs(t, err, ErrFailed)
	require.ErrorContains(t, err, "1 points failed, the first: point 1: ")
	require.Len(t, table.Rows, 3)
	require.Equal(t, 1, m.Failed)
	_, _, err = Run(context.Background(), o)
	require.ErrorIs(t, err, ErrFailed, "a second run tells the same")

	o = options(t, broken)
	o.FailFast, o.Workers = true, 1
	_, _, err = Run(context.Background(), o)
	require.ErrorContains(t, err, "point 1 failed: ")
}

func TestFolderRefused(t *testing.T) {
	o := options(t, domains)
	_, _, err := Run(context.Background(), o)
	require.NoError(t, err)

	other := options(t, domains+"seed: 4\n")
	other.Dir = o.Dir
	_, _, err = Run(context.Background(), other)
	require.ErrorContains(t, err, "holds results of another study")
	require.IsType(t, &configs.Error{}, err)

	newer := o
	newer.Build = "feedfeedfeedfeedfeed"
	_, _, err = Run(context.Background(), newer)
	require.ErrorContains(t, err, "another version of the program")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	o.Dir = filepath.Join(file, "below")
	_, _, err = Run(context.Background(), o)
	require.ErrorContains(t, err, "the folder of the results cannot be made")
	require.ErrorContains(t, err, "choose another --out")
}

// A folder that cannot be written is told before anything is computed.
func TestReadOnlyFolder(t *testing.T) {
	o := options(t, domains)
	o.Dir = "/sys/agentsim" // where not even root can write
	if os.Getuid() != 0 {
		closed := filepath.Join(t.TempDir(), "closed")
		require.NoError(t, os.Mkdir(closed, 0o500))
		o.Dir = filepath.Join(closed, "out")
	} else if runtime.GOOS != "linux" {
		t.Skip("root writes everywhere")
	}
	_, _, err := Run(context.Background(), o)
	require.ErrorContains(t, err, "the folder of the results cannot be made")
	require.ErrorContains(t, err, "choose another --out")
}

// Two runs do not share a folder.
func TestLock(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("locks are files there")
	}
	o := options(t, domains)
	require.NoError(t, os.MkdirAll(o.Dir, 0o755))
	release, err := lock(filepath.Join(o.Dir, lockFile))
	require.NoError(t, err)
	_, _, err = Run(context.Background(), o)
	require.ErrorContains(t, err, "another sweep is at work there")
	release()
	_, _, err = Run(context.Background(), o)
	require.NoError(t, err)
}

// What an earlier run has left in the journal is not computed again; a line that
// was cut off when it was killed, and one that is damaged, are.
func TestTheJournalIsTakenUp(t *testing.T) {
	o := options(t, domains)
	whole, _, err := Run(context.Background(), o)
	require.NoError(t, err)

	o = options(t, domains)
	e := sweep.NewEvaluator(o.Plan, o.Version)
	row := func(point int) string {
		data, err := compute(context.Background(), e, nil, o.Build, point)
		require.NoError(t, err)
		return string(data)
	}
	kept := strings.Replace(row(1), `"fingerprint":"analytic"`, `"fingerprint":"kept"`, 1)
	journal := filepath.Join(o.Dir, queueFolder, o.id()+".jsonl")
	require.NoError(t, os.MkdirAll(filepath.Dir(journal), 0o755))
	text := kept + "\n" + row(2)[10:] + "\n" + `{"point":77,"status":"infeasible"}` + "\n" + row(0)[:40]
	require.NoError(t, os.WriteFile(journal, []byte(text), 0o600))
	table, m, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.True(t, m.Complete())
	require.Len(t, table.Rows, 4)
	column, ok := table.Column("fingerprint")
	require.True(t, ok)
	require.Equal(t, "kept", table.Rows[1][column].Text)
	table.Rows[1][column].Text = whole.Rows[1][column].Text
	require.Equal(t, whole.Rows, table.Rows)
	require.NoDirExists(t, filepath.Join(o.Dir, queueFolder))
}

// Rows are added behind the last whole line.
func TestJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "queue", "x.jsonl")
	j, rows, err := openJournal(name, time.Now)
	require.NoError(t, err)
	require.Empty(t, rows)
	require.NoError(t, j.add([]byte(`{"point":3,"status":"infeasible"}`)))
	_, err = j.file.WriteString(`{"point":4,"sta`)
	require.NoError(t, err)
	require.NoError(t, j.close())
	j, rows, err = openJournal(name, time.Now)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, 3, rows[0].Point)
	require.NoError(t, j.add([]byte(`{"point":5,"status":"infeasible"}`)))
	require.NoError(t, j.close())
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, `{"point":3,"status":"infeasible"}`+"\n"+`{"point":5,"status":"infeasible"}`+"\n", string(content))
}

// A disk that fills up ends the run with what can be done about it, and
// nothing is lost.
func TestNothingCanBeStored(t *testing.T) {
	o := options(t, domains)
	var j *journal
	o.Clock = func() time.Time {
		if j != nil { // once the run has begun
			j.file.Close()
		}
		return time.Now()
	}
	r := &run{Options: o, manifest: &results.Manifest{}, id: "x", rows: map[int]*sweep.Row{}, points: o.due(),
		evaluator: sweep.NewEvaluator(o.Plan, o.Version)}
	require.NoError(t, r.open(context.Background()))
	j = r.alone.journal
	err := r.work(context.Background())
	require.ErrorContains(t, err, "is the disk full?")
	require.ErrorContains(t, err, "make room and run the same command again")
	require.NotEmpty(t, r.rows, "what is known is written to the results")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, _, err = openJournal(filepath.Join(file, "x.jsonl"), time.Now)
	require.ErrorContains(t, err, "make room and run the same command again")
}

// Of two results for one point the first one stays.
func TestPutOnce(t *testing.T) {
	c := client(t, external(t, &server.Options{}))
	ctx := context.Background()
	require.NoError(t, c.prepare(ctx))
	require.NoError(t, c.prepare(ctx), "a second time changes nothing")
	for _, text := range []string{"first", "second"} {
		require.NoError(t, c.putOnce(ctx, resultSubject("s", 7), []byte(text)))
	}
	stream, err := c.js.Stream(ctx, resultStream)
	require.NoError(t, err)
	m, err := stream.GetLastMsgForSubject(ctx, resultSubject("s", 7))
	require.NoError(t, err)
	require.Equal(t, "first", string(m.Data))
	require.Equal(t, uint64(1), m.Sequence)
	point, err := pointOf(m.Subject)
	require.NoError(t, err)
	require.Equal(t, 7, point)
}

// external is a server like those of a cluster, in this process.
func external(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.JetStream, o.StoreDir, o.NoLog, o.NoSigs = "127.0.0.1", server.RANDOM_PORT, true, t.TempDir(), true, true
	s, err := server.NewServer(o)
	require.NoError(t, err)
	go s.Start()
	require.True(t, s.ReadyForConnections(20*time.Second))
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}

func client(t *testing.T, s *server.Server) *Client {
	t.Helper()
	c, err := Connect(Connection{URL: s.ClientURL()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// begin lets a worker work until the test ends.
func begin(t *testing.T, w *Worker) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Work(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func worker(c *Client, o *Options) *Worker {
	return &Worker{Client: c, Library: o.Library, Build: o.Build, Version: o.Version, Slots: 1, Silence: o.Silence}
}

// Workers elsewhere do the points of all studies of their own build.
func TestWorkers(t *testing.T) {
	s := external(t, &server.Options{})
	o := options(t, domains)
	o.Connection, o.Workers = &Connection{URL: s.ClientURL()}, 0
	foreign := worker(client(t, s), &o)
	foreign.Build = "another build of the program"
	begin(t, foreign)
	var before, after atomic.Int64
	started := make(chan struct{})
	o.Progress = func(p Progress) {
		if p.Done == 0 && before.Add(1) == 5 {
			close(started)
		}
		after.Store(int64(p.Done))
	}
	go func() {
		<-started // nothing happens without a worker of this build
		begin(t, worker(client(t, s), &o))
	}()
	table, m, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.True(t, m.Complete())
	require.EqualValues(t, 4, after.Load())
	want, _, err := Run(context.Background(), options(t, domains))
	require.NoError(t, err)
	require.Equal(t, want, table, "the same results as in one process")
	info, err := client(t, s).js.Stream(context.Background(), resultStream)
	require.NoError(t, err)
	require.Zero(t, info.CachedInfo().State.Msgs, "the server is left clean")
}

// A worker that cannot read a study gives its jobs back; when none can, its
// points have failed.
func TestNoWorkerCanReadTheStudy(t *testing.T) {
	s := external(t, &server.Options{})
	trace := filepath.Join(t.TempDir(), "calls.jsonl")
	require.NoError(t, os.WriteFile(trace, []byte(`{"x":1}`), 0o600))
	o := options(t, domains+fmt.Sprintf("set: [\"workload.trace=%s\"]\n", trace))
	o.Connection, o.Workers, o.Silence = &Connection{URL: s.ClientURL()}, 0, time.Second
	blind := worker(client(t, s), &o)
	blind.Library.Open = func(string) (io.ReadCloser, error) { return nil, os.ErrNotExist }
	begin(t, blind)
	table, m, err := Run(context.Background(), o)
	require.ErrorIs(t, err, ErrFailed)
	require.Equal(t, 4, m.Failed)
	require.Contains(t, table.FirstFailure(), "workload.trace "+trace+": file does not exist")
	speed, _ := table.Column("slo.output_speed.p25")
	require.InDelta(t, 20, table.Rows[1][speed].Number, 1e-9, "the settings are known all the same")
}

// A job that was begun again and again without an end is given up: it may kill
// its workers.
func TestPoison(t *testing.T) {
	s := external(t, &server.Options{})
	o := options(t, domains)
	o.Connection, o.Workers = &Connection{URL: s.ClientURL()}, 0
	c := client(t, s)
	go func() {
		ctx := context.Background()
		for range attemptsMax {
			for {
				consumer, err := c.consumer(ctx, short(o.Build), o.Silence)
				if err != nil {
					pause(ctx, 10*time.Millisecond)
					continue
				}
				if m, err := consumer.Next(); err == nil {
					m.Nak()
					break
				}
			}
		}
		begin(t, worker(c, &o))
	}()
	table, m, err := Run(context.Background(), o)
	require.ErrorIs(t, err, ErrFailed)
	require.Equal(t, 4, m.Failed)
	require.Contains(t, table.FirstFailure(), "given up: 5 workers began it, and none finished")
}

// Jobs that got lost are put back.
func TestLostJobs(t *testing.T) {
	s := external(t, &server.Options{})
	o := options(t, domains)
	o.Connection, o.Workers, o.Silence = &Connection{URL: s.ClientURL()}, 0, time.Second
	c := client(t, s)
	go func() {
		ctx := context.Background()
		for {
			if there, err := c.has(ctx, jobStream, jobSubject(short(o.Build), o.id(), 0)); err == nil && there {
				break
			}
			pause(ctx, 5*time.Millisecond)
		}
		c.withdraw(short(o.Build), o.id())
		begin(t, worker(c, &o))
	}()
	_, m, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.True(t, m.Complete())
}

func TestServerCannotBeReached(t *testing.T) {
	o := options(t, domains)
	o.Connection = &Connection{URL: "nats://127.0.0.1:1"}
	_, _, err := Run(context.Background(), o)
	require.ErrorContains(t, err, "nats server nats://127.0.0.1:1: ")

	o.Connection = &Connection{URL: "nats://user:secret@127.0.0.1:1,nats://token@127.0.0.1:1"}
	_, _, err = Run(context.Background(), o)
	require.ErrorContains(t, err, "nats server nats://xxxxx@127.0.0.1:1,nats://xxxxx@127.0.0.1:1: ")
	require.NotContains(t, err.Error(), "secret")
}

// A result that was damaged on its way is a failure of its point.
func TestDamagedResult(t *testing.T) {
	s := external(t, &server.Options{})
	o := options(t, domains)
	o.Connection = &Connection{URL: s.ClientURL()}
	c := client(t, s)
	require.NoError(t, c.prepare(context.Background()))
	require.NoError(t, c.putOnce(context.Background(), resultSubject(o.id(), 2), []byte("{")))
	table, m, err := Run(context.Background(), o)
	require.ErrorIs(t, err, ErrFailed)
	require.Equal(t, 1, m.Failed)
	require.Contains(t, table.FirstFailure(), "point 2: its result cannot be read")
}

func TestBundle(t *testing.T) {
	o := options(t, domains)
	packed, err := o.Bundle.encode()
	require.NoError(t, err)
	b, err := decodeBundle(packed)
	require.NoError(t, err)
	p, err := b.plan(&o.Library)
	require.NoError(t, err)
	require.Equal(t, o.Plan.Hash, p.Hash)
	b.Hash = "other"
	_, err = b.plan(&o.Library)
	require.ErrorContains(t, err, "a trace that it reads is another one here")
	_, err = decodeBundle([]byte("no gzip"))
	require.Error(t, err)
	_, err = decodeBundle(packed[:len(packed)/2])
	require.Error(t, err)
}

// An entry counts only if it is a result, whole and of this program.
func TestEntriesOfTheCacheAreStrict(t *testing.T) {
	sealed := func(entry string) []byte { return append(append(seal("x.json", []byte(entry)), '\n'), entry...) }
	row, err := unseal("x.json", sealed(`{"status":"infeasible","point":3}`))
	require.NoError(t, err)
	require.Equal(t, sweep.Infeasible, row.Status)
	for _, entry := range []string{`{"status":"done"}`, `{"status":"failed"}`, `{"point":3}`, `{"status":"infeasible","more":1}`} {
		_, err := unseal("x.json", sealed(entry))
		require.Error(t, err, entry)
	}
	good := sealed(`{"status":"infeasible"}`)
	_, err = unseal("y.json", good)
	require.Error(t, err, "under another name")
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		_, err := unseal("x.json", bad)
		require.Error(t, err, "byte %d", i)
	}
}

package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/results"
	"agentsim/metrics"
)

// Options are what a run of a study takes.
type Options struct {
	Plan    *sweep.Plan
	Bundle  Bundle
	Library Library
	Dir     string // of the results
	Build   string // identifies the program
	Version string
	Host    string // name of this machine, for the manifest
	Inputs  *metrics.Inputs

	Connection *Connection // nil = this process works alone
	Workers    int         // points at once in this process; 0 leaves all to other workers
	Silence    time.Duration
	Cache      *Cache

	ShardIndex, ShardCount int  // this run takes every ShardCount-th point; 0 = all
	FailFast               bool // stop at the first point that fails

	Clock    func() time.Time
	Every    time.Duration // between reports of progress
	Progress func(Progress)
}

// Progress is how far a study is.
type Progress struct {
	Total, Done, Infeasible, Failed int // Done counts all three kinds of ends
	Running                         int // jobs in the hands of workers
	Workers                         int // that wait for a job
	Connected                       bool
	Stopping                        bool          // what is running is finished, nothing more begun
	Elapsed, Left                   time.Duration // Left is 0 as long as nothing is known
	PerSecond                       float64
	Best                            *sweep.Row // by the first objective
	BestScore                       float64
}

// ErrFailed is that of a study some of whose points failed.
var ErrFailed = errors.New("points failed")

// Run works a study off, or what an earlier run has left of it, and writes the
// results. If the context ends, the points under way are finished, what is
// done is written, and the error is that of the context.
func Run(ctx context.Context, o Options) (*sweep.Table, *results.Manifest, error) {
	m, unlock, err := o.openFolder()
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	if !m.Ended.IsZero() && m.Complete() {
		t, err := results.Read(o.Dir)
		if err == nil {
			t.Frame(o.Plan)
			err = results.Write(o.Dir, t, m)
		}
		return t, m, o.verdict(ctx, t, m, err)
	}
	r := &run{
		Options:   o,
		manifest:  m,
		id:        o.id(),
		rows:      map[int]*sweep.Row{},
		points:    o.due(),
		started:   o.Clock(),
		evaluator: sweep.NewEvaluator(o.Plan, o.Version),
	}
	if err := r.open(ctx); err != nil {
		return nil, nil, err
	}
	defer r.close()
	worked := r.work(ctx)
	t := sweep.Tabulate(o.Plan, o.Version, r.list())
	if err := r.write(t); err != nil {
		if worked == nil || ctx.Err() != nil {
			worked = fmt.Errorf("the results cannot be written: %w: what is done is kept in the queue: make room and run the "+
				"same command again", err)
		}
		return t, m, worked
	}
	if m.Complete() {
		r.tidy()
	}
	return t, m, o.verdict(ctx, t, m, worked)
}

// id tells studies and shards apart on a server.
func (o *Options) id() string {
	sum := sha256.Sum256(fmt.Appendln(nil, o.Plan.Hash, o.Build, o.ShardIndex, o.ShardCount))
	return hex.EncodeToString(sum[:])[:digits]
}

// short makes a build fit for a subject.
func short(build string) string {
	sum := sha256.Sum256([]byte(build))
	return hex.EncodeToString(sum[:])[:digits]
}

// digits of hashes in subjects.
const digits = 16

// due lists the points of this run.
func (o *Options) due() []int {
	var list []int
	for point := o.ShardIndex; point < o.Plan.Len(); point += max(1, o.ShardCount) {
		list = append(list, point)
	}
	return list
}

// verdict turns what happened into the error of the run.
func (o *Options) verdict(ctx context.Context, t *sweep.Table, m *results.Manifest, err error) error {
	switch {
	case err != nil && !errors.Is(err, context.Canceled):
		return err
	case !m.Complete() && ctx.Err() != nil:
		return interrupted(fmt.Sprintf("interrupted: %d of %d points are done and kept in %s; run the same command to go on",
			m.Done, len(o.due()), o.Dir))
	case m.Failed > 0:
		return fmt.Errorf("%d %w, the first: %s", m.Failed, ErrFailed, t.FirstFailure())
	}
	return nil
}

// interrupted is a context.Canceled that says what is left.
type interrupted string

func (i interrupted) Error() string { return string(i) }

func (i interrupted) Unwrap() error { return context.Canceled }

// run is one run of a study.
type run struct {
	Options
	manifest  *results.Manifest
	id        string
	evaluator *sweep.Evaluator
	alone     *alone  // nil where a server has the jobs
	client    *Client // nil where none has
	rows      map[int]*sweep.Row
	points    []int // of this run
	started   time.Time
	before    int    // rows that earlier runs left
	sequence  uint64 // of the last result taken in
	quiet     int    // rows at the last look for lost jobs
	stopping  bool
	best      *sweep.Row
	score     float64
}

// open takes up the journal, or reaches the server and puts the study there.
func (r *run) open(ctx context.Context) (err error) {
	if r.Connection == nil {
		return r.openAlone()
	}
	if r.client, err = Connect(*r.Connection); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if err := r.client.prepare(ctx); err != nil {
		return err
	}
	packed, err := r.Bundle.encode()
	if err != nil {
		return err
	}
	if len(packed) > int(r.client.conn.MaxPayload()) {
		return fmt.Errorf("study %s: with its files it is %d bytes, more than the %d that the server takes",
			r.Plan.Study.Name, len(packed), r.client.conn.MaxPayload())
	}
	return r.client.putOnce(ctx, studySubject(r.id), packed)
}

func (r *run) close() {
	if r.client != nil {
		r.client.Close()
	}
	if r.alone != nil {
		r.alone.journal.close() // every row was written when it came
	}
}

// work hands out what is missing and waits for it.
func (r *run) work(ctx context.Context) error {
	if r.alone != nil {
		return r.alone.work(ctx, r)
	}
	collecting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	arriving := r.client.collect(collecting, r.id)
	if err := r.catchUp(ctx, arriving); err != nil {
		return err
	}
	r.before = len(r.rows)
	if err := r.enqueue(ctx); err != nil {
		return err
	}
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	worked := make(chan error, 1)
	go func() { worked <- r.local(working) }()
	err := r.wait(ctx, arriving, worked)
	if ctx.Err() != nil && r.Workers > 0 {
		r.stopping = true
		r.report(context.WithoutCancel(ctx))
	}
	cancel() // points under way are finished
	if failed := <-worked; failed != nil && err == nil {
		err = failed
	}
	if err != nil {
		r.client.withdraw(short(r.Build), r.id)
		r.catchUp(context.WithoutCancel(ctx), arriving) // what they gave; if it fails, the next run finds it
	}
	return err
}

// local is the workers inside this process.
func (r *run) local(ctx context.Context) error {
	if r.Workers == 0 {
		<-ctx.Done()
		return nil
	}
	w := &Worker{
		Client:  r.client,
		Library: r.Library,
		Build:   r.Build,
		Version: r.Version,
		Slots:   r.Workers,
		Silence: r.Silence,
		Cache:   r.Cache,
	}
	return w.Work(ctx)
}

// wait takes results in until all are there, a point fails too many, or the
// context or the workers end.
func (r *run) wait(ctx context.Context, arriving <-chan arrival, worked chan error) error {
	report := time.NewTicker(r.Every)
	defer report.Stop()
	const looks = 3 // whether a job got lost, in the time that workers may be silent
	look := time.NewTicker(r.Silence / looks)
	defer look.Stop()
	for len(r.rows) < len(r.points) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-worked:
			worked <- nil
			return err
		case a := <-arriving:
			if row := r.take(a); row != nil && row.Status == sweep.Failed && r.FailFast {
				return fmt.Errorf("point %d failed: %s", row.Point, row.Error)
			}
		case <-report.C:
			r.report(ctx)
		case <-look.C:
			r.replenish(ctx)
		}
	}
	r.report(ctx)
	return nil
}

// take books a result; nil if it is there already.
func (r *run) take(a arrival) *sweep.Row {
	r.sequence = max(r.sequence, a.sequence)
	row := new(sweep.Row)
	if err := json.Unmarshal(a.data, row); err != nil {
		row = r.evaluator.Failed(a.point, fmt.Errorf("its result cannot be read: %w", err))
	}
	return r.book(a.point, row)
}

// book adds a row to what is known; nil if its point is known already.
func (r *run) book(point int, row *sweep.Row) *sweep.Row {
	if len(row.Settings) != len(r.Plan.Axes()) { // of a worker that could not read the study
		row = r.evaluator.Failed(point, errors.New(row.Error))
	}
	if r.rows[point] != nil {
		return nil
	}
	r.rows[point] = row
	if score, ok := r.Plan.Score(row); ok && (r.best == nil || r.Plan.Better(score, r.score)) {
		r.best, r.score = row, score
	}
	return row
}

func (r *run) list() []*sweep.Row {
	list := make([]*sweep.Row, 0, len(r.rows))
	for _, row := range r.rows {
		list = append(list, row)
	}
	return list
}

// write stores what there is.
func (r *run) write(t *sweep.Table) error {
	m := r.manifest
	m.Done, m.Infeasible, m.Failed = len(r.rows), 0, 0
	for _, row := range r.rows {
		switch row.Status {
		case sweep.Infeasible:
			m.Infeasible++
		case sweep.Failed:
			m.Failed++
		}
	}
	m.Ended = r.Clock().UTC()
	return results.Write(r.Dir, t, m)
}

// tidy removes from the queue what is stored in the folder now.
func (r *run) tidy() {
	if r.alone != nil {
		r.alone.tidy()
		return
	}
	r.client.forget(short(r.Build), r.id)
}

package validate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/trace"
)

// Options of a validation.
type Options struct {
	Seed     uint64 // of lengths
	Unfitted bool   // every engine's efficiency is 1
	Workers  int    // simulations side by side; 0 = one a processor
	Progress func(done, all int)
}

// Run simulates the cases of a table and compares. The
// result does not depend on how many simulations run side by side.
func Run(ctx context.Context, cases []Case, o Options) (*Result, error) {
	p := newPresets()
	jobs := make([]*prepared, len(cases))
	for i := range cases {
		jobs[i] = p.prepare(&cases[i], &o)
	}
	b := batch{
		cases:     cases,
		jobs:      jobs,
		options:   &o,
		predicted: make([]prediction, len(cases)),
		bands:     make([][2]prediction, len(cases)),
	}
	if err := b.run(ctx); err != nil {
		return nil, err
	}
	r := b.compare()
	if r.Simulated == 0 && len(cases) > 0 {
		return nil, fmt.Errorf("%w: none of %d cases can be simulated; line %d: %s",
			metrics.ErrConfiguration, len(cases), cases[0].Line, jobs[0].why)
	}
	return r, nil
}

// prediction holds a value per metric; 0 = not predicted.
type prediction [metricCount]float64

// batch is a table under way. What a job finds has its own place.
type batch struct {
	cases     []Case
	jobs      []*prepared
	predicted []prediction
	bands     [][2]prediction // where it is not recorded how much of a draft is accepted
	options   *Options

	mutex sync.Mutex
	done  int
}

// run simulates the jobs side by side.
func (b *batch) run(ctx context.Context) error {
	next := make(chan int)
	var group sync.WaitGroup
	workers := b.options.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	for range workers {
		group.Go(func() {
			for i := range next {
				b.simulate(i)
			}
		})
	}
	for _, i := range b.order() {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	group.Wait()
	return ctx.Err()
}

func (b *batch) simulate(i int) {
	var err error
	if b.predicted[i], err = b.jobs[i].runAtDepth(&b.cases[i]); err == nil {
		b.bands[i], err = b.jobs[i].band(&b.cases[i])
	}
	if err != nil {
		b.jobs[i].why = err.Error()
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.done++
	if b.options.Progress != nil {
		b.options.Progress(b.done, len(b.cases))
	}
}

// order lists the jobs that can run, the longest first, so that none of those
// begins last.
func (b *batch) order() []int {
	var order []int
	for i, job := range b.jobs {
		if job.why == "" {
			order = append(order, i)
		}
	}
	tokens := func(i int) int { return b.cases[i].Concurrency * max(1, b.cases[i].Output) }
	slices.SortStableFunc(order, func(i, j int) int { return tokens(j) - tokens(i) })
	return order
}

// run simulates one case and reads its metrics.
func (j *prepared) run(c *Case) (prediction, error) {
	if err := j.config.Prepare(); err != nil {
		return prediction{}, err
	}
	if err := j.config.Fit(); err != nil {
		return prediction{}, err
	}
	if err := j.plausible(c); err != nil {
		return prediction{}, err
	}
	var all window
	for replica := range c.replicas() {
		if err := j.replica(c, replica, &all); err != nil {
			return prediction{}, err
		}
	}
	if all.Calls == 0 {
		return prediction{}, errors.New("no call ended in what counts of the run")
	}
	return j.measure(c, &all), nil
}

// window is what counts of a run, or of several.
type window struct {
	serve.Tally
	seconds float64
	workers []int // accelerators of each worker
}

// replica simulates a case once and adds what counts of it.
func (j *prepared) replica(c *Case, number int, all *window) error {
	config := j.config
	config.Seed += uint64(number)
	config.Sessions = &others{Sessions: config.Sessions, first: number * c.Concurrency}
	cluster, err := serve.New(config)
	if err != nil {
		return err
	}
	if c.Agents() {
		err = c.play(cluster)
	} else {
		err = cluster.RunOut()
	}
	if err != nil {
		return err
	}
	if err := cluster.Check(); err != nil {
		return fmt.Errorf("a law is broken: %w", err)
	}
	all.seconds += cluster.Span()
	if number > 0 {
		all.Merge(cluster.Window())
		return nil
	}
	all.Tally = *cluster.Window()
	for i := range all.Work {
		all.workers = append(all.workers, cluster.WorkerAccelerators(i))
	}
	return nil
}

// others are the sessions of agents behind the first ones.
type others struct {
	serve.Sessions
	first int
}

// Session is the k-th session of an agent behind the first.
func (o *others) Session(agent, k int, out *trace.Session) error {
	return o.Sessions.Session(o.first+agent, k, out)
}

// The quantiles that tables report, and milliseconds.
const (
	median = 0.5
	slow   = 0.9
	late   = 0.95
	tail   = 0.99
	milli  = 1e3
)

func (j *prepared) measure(c *Case, w *window) prediction {
	t, seconds := &w.Tally, w.seconds
	n := float64(c.Accelerators)
	joules := j.joules(w, 0)
	counted := joules
	if !c.Agents() && c.Mode == disaggregated && j.system.Accelerator.Vendor == amd {
		counted = j.joules(w, c.Prefill.Workers) // as these rows are kept: decode workers alone
	}
	p := prediction{
		TotalThroughput:  float64(t.InputTokens+t.OutputTokens) / seconds / n,
		OutputThroughput: float64(t.OutputTokens) / seconds / n,
		Requests:         float64(t.Calls) / seconds,
		Hit:              float64(t.HitTokens) / float64(max(1, t.InputTokens)),
		Power:            joules / seconds / n,
		Energy:           counted / float64(max(1, t.OutputTokens)),
	}
	latencies(&p, t)
	p[Step] = j.stepAtBatch(c, &p, t)
	return p
}

// joules is the energy of the accelerators of all workers but the first ones:
// idle power all the time, active power while a step runs, and the energy of
// the work.
func (j *prepared) joules(all *window, first int) float64 {
	power := j.system.Accelerator.Power
	sum := 0.0
	for i, w := range all.Work[first:] {
		n := float64(all.workers[first+i])
		sum += w.Joules + n*(float64(power.Active)*w.Busy.Seconds()+float64(power.Idle)*all.seconds)
	}
	return sum
}

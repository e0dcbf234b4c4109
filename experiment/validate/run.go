package validate

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"agentsim/metrics"
	"agentsim/serve"
)

// Options of a validation.
type Options struct {
	Seed     uint64 // of lengths; 0 is a seed like any other
	Unfitted bool   // every engine's efficiency is 1
	Workers  int    // simulations side by side; 0 = one a processor
	Progress func(done, all int)
}

// Run simulates the cases and compares. Its result does not depend on how many
// simulations run side by side.
func Run(ctx context.Context, name string, cases []Case, o Options) (*Result, error) {
	p := newPresets()
	jobs := make([]*prepared, len(cases))
	why := make([]string, len(cases))
	for i := range cases {
		c := &cases[i]
		if c.Gap != "" {
			why[i] = c.Gap
			continue
		}
		job, fault, unfit := p.prepare(c, &o)
		if fault != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, c.Line, fault)
		}
		if unfit != nil {
			why[i] = unfit.Error()
			continue
		}
		jobs[i] = job
	}
	predicted := make([]prediction, len(cases))
	if err := simulate(ctx, cases, jobs, predicted, why, &o); err != nil {
		return nil, err
	}
	return compare(cases, predicted, why), nil
}

// prediction holds a value per metric; 0 = not predicted.
type prediction [metricCount]float64

// simulate runs the jobs side by side. Every result has its own place.
func simulate(ctx context.Context, cases []Case, jobs []*prepared, out []prediction, why []string, o *Options) error {
	next := make(chan int)
	var done sync.WaitGroup
	var mutex sync.Mutex
	finished := 0
	workers := o.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	for range workers {
		done.Go(func() {
			for i := range next {
				var err error
				if out[i], err = jobs[i].run(&cases[i]); err != nil {
					why[i] = err.Error()
				}
				mutex.Lock()
				finished++
				if o.Progress != nil {
					o.Progress(finished, len(cases))
				}
				mutex.Unlock()
			}
		})
	}
	for _, i := range longestFirst(cases, jobs) {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	done.Wait()
	return ctx.Err()
}

// longestFirst orders the jobs so that none of the long ones begins last.
func longestFirst(cases []Case, jobs []*prepared) []int {
	var order []int
	for i, job := range jobs {
		if job != nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cases[b].Concurrency*cases[b].Output - cases[a].Concurrency*cases[a].Output
	})
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
	cluster, err := serve.New(j.config)
	if err != nil {
		return prediction{}, err
	}
	if err := cluster.RunOut(); err != nil {
		return prediction{}, err
	}
	if err := cluster.Check(); err != nil {
		return prediction{}, fmt.Errorf("a law is broken: %w", err)
	}
	return j.measure(c, cluster), nil
}

// The quantiles that tables report.
const (
	median = 0.5
	tail   = 0.99
)

func (j *prepared) measure(c *Case, cluster *serve.Cluster) prediction {
	t := cluster.Window()
	seconds := cluster.Span()
	n := float64(c.Accelerators)
	slices.Sort(t.TTFT)
	slices.Sort(t.Speed)
	var p prediction
	p[TotalThroughput] = float64(t.InputTokens+t.OutputTokens) / seconds / n
	p[OutputThroughput] = float64(t.OutputTokens) / seconds / n
	if speed := metrics.Quantile(t.Speed, median); speed > 0 {
		const milli = 1e3
		p[TPOT] = milli / speed
	}
	p[TTFT] = metrics.Quantile(t.TTFT, median)
	p[TTFTTail] = metrics.Quantile(t.TTFT, tail)
	joules := j.joules(cluster, t, seconds)
	p[Power] = joules / seconds / n
	p[Energy] = joules / float64(t.OutputTokens)
	return p
}

// joules is the energy of all accelerators: idle power all the time, active
// power while a step runs, and the energy of the work.
func (j *prepared) joules(cluster *serve.Cluster, t *serve.Tally, seconds float64) float64 {
	power := j.system.Accelerator.Power
	sum := float64(power.Idle) * seconds * float64(j.config.Deployment.Accelerators())
	for i, w := range t.Work {
		sum += w.Joules + float64(power.Active)*w.Busy.Seconds()*float64(cluster.WorkerAccelerators(i))
	}
	return sum
}

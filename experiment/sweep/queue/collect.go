package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"agentsim/experiment/sweep"
)

// arrival is a result as it comes from the stream.
type arrival struct {
	point    int
	sequence uint64
	data     []byte
}

// collect delivers all results of a study, those of earlier runs first, until
// the context ends.
func (c *Client) collect(ctx context.Context, study string) <-chan arrival {
	const ahead = 256 // results that wait to be taken in
	arriving := make(chan arrival, ahead)
	go func() {
		for next := uint64(1); ctx.Err() == nil; pause(ctx, reconnectWait) {
			consumer, err := c.js.OrderedConsumer(ctx, resultStream, jetstream.OrderedConsumerConfig{
				FilterSubjects: []string{all("agentsim.results." + study)},
				DeliverPolicy:  jetstream.DeliverByStartSequencePolicy, OptStartSeq: next})
			if err != nil {
				continue
			}
			next = c.follow(ctx, consumer, next, arriving)
		}
	}()
	return arriving
}

// follow delivers results until the server is lost; it returns where to go on.
func (c *Client) follow(ctx context.Context, consumer jetstream.Consumer, next uint64, to chan<- arrival) uint64 {
	messages, err := consumer.Messages()
	if err != nil {
		return next
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return next
		}
		about, err := m.Metadata()
		if err != nil {
			return next
		}
		next = about.Sequence.Stream + 1
		point, err := pointOf(m.Subject())
		if err != nil {
			continue
		}
		select {
		case to <- arrival{point, about.Sequence.Stream, m.Data()}:
		case <-ctx.Done():
			return next
		}
	}
}

// catchUp takes in all results that are stored at this moment.
func (r *run) catchUp(ctx context.Context, arriving <-chan arrival) error {
	last, err := r.client.last(ctx, resultStream, all("agentsim.results."+r.id))
	if err != nil {
		return fmt.Errorf("reading the results of earlier runs: %w", err)
	}
	silent := time.NewTimer(patience)
	defer silent.Stop()
	for r.sequence < last {
		select {
		case <-ctx.Done():
			return fmt.Errorf("reading the results of earlier runs: %w", ctx.Err())
		case <-silent.C:
			return fmt.Errorf("reading the results of earlier runs: the server has sent nothing for %v", patience)
		case a := <-arriving:
			silent.Reset(patience)
			r.take(a)
		}
	}
	return nil
}

// last is the sequence of the last message under a subject; 0 if there is none.
func (c *Client) last(ctx context.Context, stream, subject string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return 0, err
	}
	m, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return m.Sequence, nil
}

// jobPoints is how many points one job has: enough that the queue is no
// burden, few enough that all workers have some.
func jobPoints(evaluate string) int {
	const quick, soon = 16, 4
	switch evaluate {
	case sweep.Flows:
		return quick
	case sweep.Analytic:
		return soon
	}
	return 1
}

// enqueue puts jobs for all missing points in the queue, unless they are there.
func (r *run) enqueue(ctx context.Context) error {
	for part := range slices.Chunk(r.points, jobPoints(r.Plan.Study.Evaluate)) {
		missing := slices.ContainsFunc(part, func(point int) bool { return r.rows[point] == nil })
		if !missing {
			continue
		}
		data, err := json.Marshal(job{From: part[0], To: part[len(part)-1] + 1, Stride: max(1, r.ShardCount)})
		if err != nil {
			return err
		}
		subject := jobSubject(short(r.Build), r.id, part[0])
		if err := r.client.putOnce(ctx, subject, data); err != nil {
			return err
		}
	}
	return nil
}

// replenish enqueues what is missing although the queue is empty, as after a
// loss of power that took results with it.
func (r *run) replenish(ctx context.Context) {
	if r.alone != nil {
		return
	}
	last, err := r.client.last(ctx, jobStream, all("agentsim.jobs."+short(r.Build)+"."+r.id))
	if err != nil {
		return
	}
	if last == 0 && r.quiet >= len(r.rows) {
		r.enqueue(ctx)
	}
	r.quiet = len(r.rows) // results may still be under way: wait for a look without any
}

// report tells how far the study is.
func (r *run) report(ctx context.Context) {
	if r.Progress == nil {
		return
	}
	p := Progress{
		Total:     len(r.points),
		Done:      len(r.rows),
		Connected: r.alone != nil || r.client.connected(),
		Stopping:  r.stopping,
		Best:      r.best,
		BestScore: r.score,
		Elapsed:   r.Clock().Sub(r.started),
	}
	for _, row := range r.rows {
		switch row.Status {
		case sweep.Infeasible:
			p.Infeasible++
		case sweep.Failed:
			p.Failed++
		}
	}
	if fresh := len(r.rows) - r.before; fresh > 0 && p.Elapsed > 0 {
		p.PerSecond = float64(fresh) / p.Elapsed.Seconds()
		p.Left = time.Duration(float64(p.Total-p.Done) / p.PerSecond * float64(time.Second))
	}
	if r.alone != nil {
		p.Running = int(r.alone.busy.Load())
		p.Workers = r.alone.slots - p.Running
	} else if p.Connected {
		const brief = time.Second
		ctx, cancel := context.WithTimeout(ctx, brief)
		defer cancel()
		if consumer, err := r.client.js.Consumer(ctx, jobStream, consumerName(short(r.Build))); err == nil {
			if info := consumer.CachedInfo(); info != nil {
				p.Running, p.Workers = info.NumAckPending, info.NumWaiting
			}
		}
	}
	r.Progress(p)
}

// patience is how long a server may take to answer.
const patience = 10 * time.Second

// withdraw takes the jobs of a study that nobody works on off the queue; the
// next run puts them back.
func (c *Client) withdraw(build, study string) {
	c.purge(jobStream, all("agentsim.jobs."+build+"."+study))
}

// forget removes all that a server still holds of a study.
func (c *Client) forget(build, study string) {
	c.withdraw(build, study)
	c.purge(resultStream, all("agentsim.results."+study))
	c.purge(studyStream, studySubject(study))
}

// purge empties a subject; what stays does no harm.
func (c *Client) purge(stream, subject string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s, err := c.js.Stream(ctx, stream); err == nil {
		s.Purge(ctx, jetstream.WithPurgeSubject(subject))
	}
}

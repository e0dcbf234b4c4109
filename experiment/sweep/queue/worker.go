package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"agentsim/experiment/sweep"
)

// Worker takes points from a queue and stores what they give.
type Worker struct {
	Client  *Client
	Library Library
	Build   string // identifies the program: a worker takes the jobs of its own build alone
	Version string
	Slots   int           // points at once
	Silence time.Duration // after which the jobs of a worker not heard of go to another
	Cache   *Cache
	Log     func(message string) // of what a person should know; may be nil

	mu      sync.Mutex
	studies map[string]*study
}

// study is one that this worker has jobs of.
type study struct {
	once      sync.Once
	evaluator *sweep.Evaluator
	points    int
	err       error
}

// job is a run of points: from, from+stride, … below to.
type job struct {
	From   int `json:"from"`
	To     int `json:"to"`
	Stride int `json:"stride"`
}

// Work takes jobs until the context ends; points that are under way then are
// finished first. It returns an error only if nothing can be stored any more.
func (w *Worker) Work(ctx context.Context) error {
	w.studies = map[string]*study{}
	defer context.AfterFunc(ctx, func() {
		w.log("stopping: what is running is finished first; interrupt again to leave it to others")
	})()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var slots sync.WaitGroup
	for range w.Slots {
		slots.Go(func() {
			if err := w.slot(ctx); err != nil {
				cancel(err)
			}
		})
	}
	slots.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// slot works on one job after the other.
func (w *Worker) slot(ctx context.Context) error {
	const wait = 5 * time.Second // for a job, before the server is asked anew
	for ctx.Err() == nil {
		consumer, err := w.consumer(ctx)
		if err != nil {
			pause(ctx, reconnectWait)
			continue
		}
		for ctx.Err() == nil {
			fetching, cancel := context.WithTimeout(ctx, wait)
			message, err := consumer.Next(jetstream.FetchContext(fetching))
			cancel()
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
				errors.Is(err, jetstream.ErrNoMessages) || errors.Is(err, nats.ErrTimeout) {
				continue
			}
			if err != nil { // the server is away, or has lost the consumer
				pause(ctx, reconnectWait)
				break
			}
			if err := w.do(ctx, message); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Worker) consumer(ctx context.Context) (jetstream.Consumer, error) {
	if err := w.Client.prepare(ctx); err != nil {
		return nil, err
	}
	return w.Client.consumer(ctx, short(w.Build), w.Silence)
}

// do works on a job to its end, even when the context ends, and acknowledges
// it once all its results are stored.
func (w *Worker) do(ctx context.Context, message jetstream.Msg) error {
	finish := context.WithoutCancel(ctx)
	stop := w.keep(message)
	defer stop()
	var j job
	id, err := studyOf(message.Subject())
	if err == nil {
		err = json.Unmarshal(message.Data(), &j)
	}
	if err != nil || j.Stride < 1 {
		message.TermWithReason("not a job") // else it would come for ever
		return nil
	}
	s, err := w.study(finish, id)
	if err != nil {
		return w.decline(finish, message, id, j, err)
	}
	if given := deliveries(message); given > attemptsMax {
		err := fmt.Errorf("given up: %d workers began it, and none finished", given-1)
		return w.give(finish, message, id, j, err)
	}
	for point := j.From; point < min(j.To, s.points); point += j.Stride {
		if ctx.Err() != nil && point > j.From { // the rest of the job goes back
			message.Nak()
			return nil
		}
		if err := w.point(finish, id, s, point); err != nil {
			return w.outcome(err)
		}
	}
	return w.acknowledge(finish, message)
}

// attemptsMax is how many workers may begin a job: a point that kills its
// worker must not kill all.
const attemptsMax = 5

func deliveries(message jetstream.Msg) int {
	about, err := message.Metadata()
	if err != nil {
		return 1
	}
	return int(about.NumDelivered)
}

// outcome tells errors that end the worker from those that leave a job to
// others.
func (w *Worker) outcome(err error) error {
	if errors.Is(err, errClosed) {
		return nil
	}
	return err
}

// keep tells the server, as long as it is not stopped, that the job is being
// worked on.
func (w *Worker) keep(message jetstream.Msg) (stop func()) {
	done := make(chan struct{})
	go func() {
		const perSilence = 3 // signs of life
		ticker := time.NewTicker(w.Silence / perSilence)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				message.InProgress() // a lost sign is followed by others
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

// acknowledge takes a job off the queue. Should the server not hear of it, the
// job comes again and is found done.
func (w *Worker) acknowledge(ctx context.Context, message jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, w.Silence)
	defer cancel()
	message.DoubleAck(ctx)
	return nil
}

// point computes one point, unless its result is there, and stores the result.
func (w *Worker) point(ctx context.Context, id string, s *study, number int) error {
	subject := resultSubject(id, number)
	if there, err := w.Client.has(ctx, resultStream, subject); err == nil && there {
		return nil
	}
	data, err := compute(ctx, s.evaluator, w.Cache, w.Build, number)
	if err != nil {
		return err
	}
	return w.Client.putOnce(ctx, subject, data)
}

// study reads a study from the queue when its first job comes.
func (w *Worker) study(ctx context.Context, id string) (*study, error) {
	w.mu.Lock()
	s, ok := w.studies[id]
	if !ok {
		s = new(study)
		w.studies[id] = s
	}
	w.mu.Unlock()
	s.once.Do(func() { s.err = w.load(ctx, id, s) })
	if s.err != nil { // perhaps only for the moment: the next job tries again
		w.mu.Lock()
		delete(w.studies, id)
		w.mu.Unlock()
	}
	return s, s.err
}

func (w *Worker) load(ctx context.Context, id string, s *study) error {
	stream, err := w.Client.js.Stream(ctx, studyStream)
	if err != nil {
		return err
	}
	message, err := stream.GetLastMsgForSubject(ctx, studySubject(id))
	if err != nil {
		return err
	}
	b, err := decodeBundle(message.Data)
	if err != nil {
		return err
	}
	p, err := b.plan(&w.Library)
	if err != nil {
		return err
	}
	s.evaluator, s.points = sweep.NewEvaluator(p, w.Version), p.Len()
	w.log(fmt.Sprintf("study %s: %d points", p.Study.Name, p.Len()))
	return nil
}

// decline gives a job back that this worker cannot do: another may. After some
// attempts its points have failed.
func (w *Worker) decline(ctx context.Context, message jetstream.Msg, id string, j job, cause error) error {
	w.log(cause.Error())
	if deliveries(message) < attemptsMax {
		message.NakWithDelay(w.Silence / attemptsMax)
		return nil
	}
	return w.give(ctx, message, id, j, cause)
}

// give stores points as failed; the coordinator knows the rest of their rows.
func (w *Worker) give(ctx context.Context, message jetstream.Msg, id string, j job, cause error) error {
	for point := j.From; point < j.To; point += j.Stride {
		data, err := json.Marshal(&sweep.Row{Point: point, Status: sweep.Failed, Error: cause.Error()})
		if err != nil {
			return err
		}
		if err := w.Client.putOnce(ctx, resultSubject(id, point), data); err != nil {
			return w.outcome(err)
		}
	}
	return w.acknowledge(ctx, message)
}

func (w *Worker) log(message string) {
	if w.Log != nil {
		w.Log(message)
	}
}

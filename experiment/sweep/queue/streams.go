package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The streams. All studies of a cluster share them; subjects tell studies and
// builds of the program apart.
const (
	jobStream    = "AGENTSIM_JOBS"
	resultStream = "AGENTSIM_RESULTS"
	studyStream  = "AGENTSIM_STUDIES"
)

func jobSubject(build, study string, from int) string {
	return fmt.Sprintf("agentsim.jobs.%s.%s.%d", build, study, from)
}

func resultSubject(study string, point int) string {
	return fmt.Sprintf("agentsim.results.%s.%d", study, point)
}

func studySubject(study string) string { return "agentsim.studies." + study }

// all is every subject below one.
func all(subject string) string { return subject + ".>" }

// studyOf reads the study off the subject of a job.
func studyOf(subject string) (string, error) {
	parts := strings.Split(subject, ".")
	const tokens, study = 5, 3
	if len(parts) != tokens {
		return "", fmt.Errorf("%s: is no subject of a job", subject)
	}
	return parts[study], nil
}

// pointOf reads the point off the subject of a result.
func pointOf(subject string) (int, error) {
	return strconv.Atoi(subject[strings.LastIndexByte(subject, '.')+1:])
}

// prepare makes the streams that are not there yet.
func (c *Client) prepare(ctx context.Context) error {
	for _, s := range []jetstream.StreamConfig{
		{Name: jobStream, Subjects: []string{"agentsim.jobs.>"}, Retention: jetstream.WorkQueuePolicy},
		{Name: resultStream, Subjects: []string{"agentsim.results.>"}},
		{Name: studyStream, Subjects: []string{"agentsim.studies.>"}, MaxMsgsPerSubject: 1},
	} {
		s.Storage, s.Replicas = jetstream.FileStorage, c.replicas
		if _, err := c.js.CreateStream(ctx, s); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return fmt.Errorf("stream %s: %w", s.Name, err)
		}
	}
	return nil
}

// consumer is what all workers of one build take their jobs from.
func (c *Client) consumer(ctx context.Context, build string, silence time.Duration) (jetstream.Consumer, error) {
	const unlimited = -1
	return c.js.CreateOrUpdateConsumer(ctx, jobStream, jetstream.ConsumerConfig{
		Durable:       consumerName(build),
		FilterSubject: all("agentsim.jobs." + build),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       silence,
		MaxDeliver:    unlimited,
		MaxAckPending: unlimited,
	})
}

func consumerName(build string) string { return "workers-" + build }

// putOnce stores a message under its subject unless there is one already. It
// tries until that is certain, or until it makes no sense.
func (c *Client) putOnce(ctx context.Context, subject string, data []byte) error {
	const patient = 20 // attempts, of about 5 s in all
	for attempt := 1; ; attempt++ {
		_, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: data},
			jetstream.WithExpectLastSequencePerSubject(0))
		switch {
		case err == nil, isThere(err):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case c.conn.IsClosed():
			return errClosed
		case !passing(err):
			return fmt.Errorf("storing %s: %w", subject, err)
		}
		if attempt%patient == 0 && c.log != nil {
			c.log(fmt.Sprintf("the server stores nothing at the moment (%v): trying on", err))
		}
		pause(ctx, reconnectWait)
	}
}

// isThere reports the refusal of a second message under a subject.
func isThere(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// has says whether a subject has a message.
func (c *Client) has(ctx context.Context, stream, subject string) (bool, error) {
	last, err := c.last(ctx, stream, subject)
	return last > 0, err
}

// pause waits, or less if the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

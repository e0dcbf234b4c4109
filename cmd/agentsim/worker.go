package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"agentsim/experiment/sweep/queue"
)

func (a studyCommands) workerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "worker",
		Short: "Evaluate points of the studies on a NATS server",
		Long: "worker takes points from a NATS server with JetStream and stores their results there, until it is stopped:\n" +
			"of every study that is given to the server by \"agentsim sweep STUDY --nats URL\" with this same program.\n" +
			"Any number of workers may run, and may be killed: their points go to others. Files that a study is made\n" +
			"from travel with it; traces are opened under the same path as by sweep.",
		Example: "  agentsim worker --nats nats://queue:4222\n" +
			"  AGENTSIM_NATS=tls://queue:4222 AGENTSIM_NATS_CREDS=worker.creds agentsim worker --workers 16",
		Annotations: map[string]string{"example": "slow"}, // needs a server
		Args:        cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			connection := a.connection()
			if connection == nil {
				return usageError{errors.New("want --nats, the URL of a NATS server")}
			}
			slots, silence := a.settings.GetInt("workers"), a.settings.GetDuration("silence")
			if slots < 1 || silence < time.Second {
				return usageError{fmt.Errorf("--workers %d --silence %v: want 1 or more, and 1s or more", slots, silence)}
			}
			client, err := queue.Connect(*connection)
			if err != nil {
				return err
			}
			defer client.Close()
			w := &queue.Worker{
				Client:  client,
				Library: library(),
				Build:   build(),
				Version: version(),
				Slots:   slots,
				Silence: silence,
				Cache:   a.cache(),
			}
			if !a.settings.GetBool("quiet") {
				w.Log = func(message string) { fmt.Fprintf(a.stderr, "worker: %s\n", message) }
			}
			if err := w.Work(cmd.Context()); err != nil {
				return err
			}
			return cmd.Context().Err()
		},
	}
	a.queueFlags(c)
	return c
}

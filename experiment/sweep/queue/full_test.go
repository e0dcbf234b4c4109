package queue

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

// A server elsewhere whose disk is full is tried on, until there is room; a
// person is told.
func TestFullServer(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a person should know")
	}
	s := external(t, &server.Options{JetStreamMaxStore: 1 << 20})
	told := make(chan string, 1)
	c, err := Connect(Connection{URL: s.ClientURL(), Log: func(message string) { told <- message }})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(t, c.prepare(ctx))
	stored := make(chan error, 1)
	go func() {
		for i := range 4 {
			if err := c.putOnce(ctx, resultSubject("s", i), make([]byte, 400<<10)); err != nil {
				stored <- err
				return
			}
		}
		stored <- nil
	}()
	select {
	case message := <-told:
		require.Contains(t, message, "the server stores nothing at the moment (")
	case err := <-stored:
		t.Fatal("stored more than there is room for: ", err)
	case <-time.After(5 * time.Minute):
		t.Fatal("nobody was told")
	}
	c.forget("b", "s") // makes room
	require.NoError(t, <-stored)
	cancel()
}

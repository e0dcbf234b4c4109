package queue

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// embedded is a server inside this process. It listens on the loopback
// interface alone, on a port of the system's choice, and lets in who knows the
// token made for it.
type embedded struct {
	server *server.Server
	token  string
	store  string
}

// serve starts a server that stores in a folder; what an earlier one left
// there is taken up again.
func serve(store string) (*embedded, error) {
	e := &embedded{token: rand.Text(), store: store}
	var err error
	e.server, err = server.NewServer(&server.Options{ServerName: "agentsim", Host: "127.0.0.1", Port: server.RANDOM_PORT,
		Authorization: e.token, JetStream: true, StoreDir: store, SyncInterval: syncInterval, MaxPayload: payloadMax,
		NoLog: true, NoSigs: true})
	if err != nil {
		return nil, fmt.Errorf("queue in %s: %w", store, err)
	}
	go e.server.Start()
	const patience = 30 * time.Second // a large store is read first
	if !e.server.ReadyForConnections(patience) {
		e.server.Shutdown()
		return nil, fmt.Errorf("queue in %s: its server does not start", store)
	}
	if err := e.healthy(); err != nil {
		e.server.Shutdown()
		return nil, err
	}
	return e, nil
}

const (
	probeMode = 0o600
	// syncInterval bounds what a loss of power can take: points of that time
	// are computed again.
	syncInterval = 10 * time.Second
	// payloadMax is the largest message, in bytes: a study with its files.
	payloadMax = 8 << 20
)

// connection is how this process reaches the server.
func (e *embedded) connection() Connection {
	return Connection{URL: e.server.ClientURL(), Token: e.token}
}

// healthy reports a server that can store nothing more. It is asked when
// something could not be stored; a server does not always tell why.
func (e *embedded) healthy() error {
	if e == nil {
		return nil
	}
	probe := filepath.Join(e.store, "probe")
	const size = 256 << 10 // bytes
	err := os.WriteFile(probe, make([]byte, size), probeMode)
	os.Remove(probe)
	if err == nil && !e.server.JetStreamEnabled() {
		err = errors.New("the server has given up")
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("queue in %s: nothing can be stored: is the disk full? What is done is kept: make room and run the "+
		"same command again: %w", e.store, err)
}

func (e *embedded) stop() {
	if e != nil {
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}
}

// errClosed is that of a client that was closed while in use.
var errClosed = errors.New("the connection to the queue was closed")

package queue

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Connection says where a NATS server is and how to be let in.
type Connection struct {
	URL            string // nats://host:4222, several with commas between
	Credentials    string // file of a user's JWT and key
	User, Password string
	Token          string
	CA             string // file of the authorities that the server's certificate is checked with
	Cert, Key      string // files of the client's own certificate
	Replicas       int    // servers of a cluster that keep each message, of streams not there yet; 0 = 1

	Log func(message string) // of what a person should know; may be nil
}

// Client is a connection to a server with JetStream.
type Client struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	replicas int
	log      func(message string)
}

// Connect reaches a server. Once connected, the client comes back by itself
// whenever the server does.
func Connect(c Connection) (*Client, error) {
	options := []nats.Option{nats.Name("agentsim"), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait),
		nats.ReconnectBufSize(-1)} // nothing is sent into the void: the sender tries again
	more, err := c.options()
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(c.URL, append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("nats server %s: %w", c.redacted(), err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Client{conn, js, max(1, c.Replicas), c.Log}, nil
}

// redacted is the URL without what is secret in it.
func (c *Connection) redacted() string {
	list := strings.Split(c.URL, ",")
	for i, one := range list {
		parsed, err := url.Parse(strings.TrimSpace(one))
		switch {
		case err != nil:
			list[i] = "(unreadable)"
		case parsed.User == nil:
			list[i] = parsed.String()
		default: // a user alone is a token
			parsed.User = url.User("xxxxx")
			list[i] = parsed.String()
		}
	}
	return strings.Join(list, ",")
}

// reconnectWait is the pause between attempts to reach a lost server.
const reconnectWait = 250 * time.Millisecond

// errClosed is that of a client that was closed while in use.
var errClosed = errors.New("the connection to the queue was closed")

// Close ends the connection.
func (c *Client) Close() { c.conn.Close() }

// connected says whether the server can be reached at the moment.
func (c *Client) connected() bool { return c.conn.IsConnected() }

func (c *Connection) options() ([]nats.Option, error) {
	var list []nats.Option
	switch {
	case c.Credentials != "":
		list = append(list, nats.UserCredentials(c.Credentials))
	case c.User != "":
		list = append(list, nats.UserInfo(c.User, c.Password))
	case c.Token != "":
		list = append(list, nats.Token(c.Token))
	}
	if c.CA == "" && c.Cert == "" {
		return list, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("certificate authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificate authorities: %s holds no certificate in PEM", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return append(list, nats.Secure(config)), nil
}

// passing reports errors after which another attempt may well succeed: the
// server is away, or just back and not ready yet.
func passing(err error) bool {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		const unavailable = 503
		return api.Code == unavailable
	}
	return !errors.Is(err, nats.ErrBadSubject) && !errors.Is(err, nats.ErrMaxPayload)
}

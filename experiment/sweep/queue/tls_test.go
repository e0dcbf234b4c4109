package queue

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), 0o600))
	return cert, key
}

// TLS both ways, with user and password inside.
func TestTLSAndPassword(t *testing.T) {
	cert, key := certificate(t)
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	text, err := os.ReadFile(cert)
	require.NoError(t, err)
	require.True(t, roots.AppendCertsFromPEM(text))
	s := external(t, &server.Options{TLS: true, Username: "sweeper", Password: "secret", TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots}})
	right := Connection{URL: s.ClientURL(), User: "sweeper", Password: "secret", CA: cert, Cert: cert, Key: key}
	o := options(t, domains)
	o.Connection = &right
	_, m, err := Run(context.Background(), o)
	require.NoError(t, err)
	require.True(t, m.Complete())

	for name, change := range map[string]func(*Connection){
		"Authorization":        func(c *Connection) { c.Password = "wrong" },
		"unknown authority":    func(c *Connection) { c.CA = "" },
		"no such file":         func(c *Connection) { c.CA = "nowhere.pem" },
		"holds no certificate": func(c *Connection) { c.CA = key },
		"client certificate: ": func(c *Connection) { c.Key = cert },
		"nowhere.creds":        func(c *Connection) { c.Credentials = "nowhere.creds" },
	} {
		wrong := right
		change(&wrong)
		_, err := Connect(wrong)
		require.ErrorContains(t, err, name)
	}
}

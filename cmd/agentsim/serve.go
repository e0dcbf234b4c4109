package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"agentsim/ask"
	"agentsim/web"
)

// serveCommands open the program to a browser.
type serveCommands struct{ *app }

const serveHelp = `serve opens the page of the program in a browser: the story of the gap, a workbench for scenarios,
your own sessions, studies. The simulator runs in this process. It listens on this machine alone, and answers whoever
knows the address it prints: the random token in it keeps other users and other sites out. Of the machine's files it
reads none but those that are dropped on the page, and the studies below --studies.

With --listen ADDRESS it listens elsewhere, as 0.0.0.0:8080; whoever has the address with its token may then run
simulations. The API is described by api/openapi.json below the address.`

func (a serveCommands) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "serve",
		Short:       "Open the page of the program in a browser",
		Long:        serveHelp,
		Example:     "  agentsim serve\n  agentsim serve --no-browser --listen 127.0.0.1:8080 --studies out",
		Annotations: map[string]string{"example": "slow"},
		Args:        cobra.NoArgs,
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context()) },
	}
	f := c.Flags()
	f.String("listen", "127.0.0.1:0", "address to listen on; port 0 = any free one")
	f.Bool("no-browser", false, "print the address and open nothing")
	f.String("studies", "", "folder whose studies (agentsim sweep --out) may be looked at, also while they run")
	f.Int("runs", max(1, runtime.NumCPU()/2), "simulations at once; more wait for their turn")
	f.Duration("timeout", 30*time.Minute, "time that one answer may take")
	return c
}

// token is 128 random bits, so that nobody guesses the address.
func token() string {
	var bits [16]byte
	_, _ = rand.Read(bits[:]) // never fails
	return hex.EncodeToString(bits[:])
}

func (a serveCommands) serve(ctx context.Context) error {
	runs, timeout := a.settings.GetInt("runs"), a.settings.GetDuration("timeout")
	if runs < 1 || timeout <= 0 {
		return usageError{fmt.Errorf("--runs %d --timeout %v: want 1 or more, and a time above 0", runs, timeout)}
	}
	known, err := a.accuracy()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", a.settings.GetString("listen"))
	if err != nil {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	address, hosts := names(listener.Addr())
	secret := token()
	server := &http.Server{
		Handler: web.NewHandler(web.Options{
			Desk:    ask.Desk{Version: version(), Clock: a.now, Accuracy: known},
			Token:   secret,
			Hosts:   hosts,
			Runs:    runs,
			Time:    timeout,
			Studies: a.settings.GetString("studies"),
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // of clients that went away
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	url := "http://" + address + "/" + secret + "/"
	fmt.Fprintf(a.stdout, "agentsim serves %s\nstop with Ctrl-C\n", url)
	if !a.settings.GetBool("no-browser") {
		openBrowser(ctx, url)
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// names is how to reach a listener, and by which names of hosts it may be
// called: those of this machine's loopback, or any where it listens elsewhere.
func names(at net.Addr) (address string, hosts []string) {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return at.String(), nil
	}
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		return at.String(), nil
	case ip.IsUnspecified():
		return net.JoinHostPort("127.0.0.1", port), nil
	case !ip.IsLoopback():
		return at.String(), nil
	}
	for _, name := range []string{host, "127.0.0.1", "localhost", "::1"} {
		hosts = append(hosts, net.JoinHostPort(name, port))
	}
	return at.String(), hosts
}

// openBrowser asks the system to show an address. Where it cannot, the address
// stands on the terminal.
func openBrowser(ctx context.Context, url string) {
	command := "xdg-open"
	args := []string{url}
	switch runtime.GOOS {
	case "darwin":
		command = "open"
	case "windows":
		command, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	if opener := exec.CommandContext(context.WithoutCancel(ctx), command, args...); opener.Start() == nil {
		go func() { _ = opener.Wait() }()
	}
}

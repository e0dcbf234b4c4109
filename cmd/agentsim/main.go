// Command agentsim predicts how many AI agents a GPU rack can serve at once
// under a service level, and how many that is per megawatt.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"agentsim/configs"
)

// main is the one place that touches the process.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	code := run(ctx, process{
		args:     os.Args[1:],
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		readFile: configs.ReadFile,
		now:      time.Now,
		terminal: func(fd int) bool { return term.IsTerminal(fd) },
	})
	stop()
	os.Exit(code)
}

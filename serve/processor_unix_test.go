//go:build unix

package serve

import (
	"syscall"
	"time"
)

// ProcessorTime is how long the process has computed: other processes do not count.
func ProcessorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/pflag"

	"agentsim/report"
)

// profiles are those of the program itself that were asked for: where its own
// time and memory go, for `go tool pprof`.
type profiles struct {
	cpu, memory string // files; empty = none
	samples     bytes.Buffer
	running     bool
}

func profileFlags(flags *pflag.FlagSet) {
	flags.String("cpuprofile", "", "write a CPU profile of the program to this file, for go tool pprof")
	flags.String("memprofile", "", "write what the program allocated to this file, for go tool pprof")
}

// start begins the profile of the processor's time.
func (p *profiles) start(cpu, memory string) error {
	p.cpu, p.memory = cpu, memory
	if p.cpu == "" {
		return nil
	}
	if err := pprof.StartCPUProfile(&p.samples); err != nil {
		return fmt.Errorf("--cpuprofile %s: %w", p.cpu, err)
	}
	p.running = true
	return nil
}

// stop writes the profiles, also of a command that failed or was interrupted.
func (p *profiles) stop() error {
	var errs []error
	if p.running {
		pprof.StopCPUProfile()
		p.running = false
		errs = append(errs, report.WriteFile(p.cpu, p.samples.Bytes()))
	}
	if p.memory != "" {
		runtime.GC() // what is in use is known after a collection
		var b bytes.Buffer
		errs = append(errs, pprof.Lookup("allocs").WriteTo(&b, 0), report.WriteFile(p.memory, b.Bytes()))
	}
	return errors.Join(errs...)
}

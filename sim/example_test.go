package sim_test

import (
	"fmt"

	"agentsim/sim"
)

// A machine works for ten seconds, then breaks and is repaired in three. A
// visitor who comes by looks at it after everything else of that instant.
func Example() {
	s := sim.New(sim.Options{Seed: 1})

	broken := false
	var breaks, repaired *sim.Kind[string]
	breaks = sim.NewKind(s, "break", sim.Arrive, func(machine string) error {
		broken = true
		fmt.Println(s.Now(), machine, "breaks")
		repaired.After(3*sim.Second, machine)
		return nil
	})
	repaired = sim.NewKind(s, "repaired", sim.Complete, func(machine string) error {
		broken = false
		fmt.Println(s.Now(), machine, "works")
		breaks.After(10*sim.Second, machine)
		return nil
	})
	look := sim.NewKind(s, "look", sim.Observe, func(visitor string) error {
		fmt.Println(s.Now(), visitor, "sees it broken:", broken)
		return nil
	})

	look.At(13*sim.Second, "Ada")
	tired := look.At(20*sim.Second, "Bob")
	breaks.At(10*sim.Second, "lathe")
	tired.Cancel()

	if err := s.Run(25 * sim.Second); err != nil {
		fmt.Println(err)
	}
	fmt.Println(s.Now(), "end;", s.Events(), "events ran,", s.Pending(), "pending")
	// Output:
	// 10s lathe breaks
	// 13s lathe works
	// 13s Ada sees it broken: false
	// 23s lathe breaks
	// 25s end; 4 events ran, 1 pending
}

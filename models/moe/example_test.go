package moe_test

import (
	"fmt"

	"agentsim/models/moe"
)

// A rack of 72 with DeepSeek-V4-Pro's experts: without a balancer the busiest
// rank gets twice the mean; 48 redundant slots and EPLB mend it.
func ExampleTabulate() {
	s := moe.Spec{
		Experts: 384, TopK: 6, Ranks: 72, Domains: 1,
		Popularity: moe.Popularity{Kind: moe.Lognormal, Sigma: 0.6, Drift: 0.2},
		Placement:  moe.Placement{Kind: moe.Contiguous},
	}
	for range 2 {
		table, err := moe.Tabulate(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		load := table.At(72 * 128)
		fmt.Printf("%s: %d slots per rank, straggler %.1f\n", s.Placement.Kind, table.SlotsPerRank(), load.Straggler)
		s.Placement = moe.Placement{Kind: moe.EPLB, Redundant: 48}
	}
	// Output:
	// contiguous: 6 slots per rank, straggler 1.9
	// eplb: 6 slots per rank, straggler 1.3
}

package moe

import (
	"fmt"
	"testing"
)

func BenchmarkTabulate(b *testing.B) {
	for _, c := range []struct{ ranks, domains int }{{1, 1}, {8, 1}, {32, 1}, {72, 1}, {72, 9}, {288, 4}} {
		s := v4(0.6, c.ranks, DomainAware, 48)
		if c.ranks == 1 {
			s.Placement.Redundant = 0
		}
		s.Domains = c.domains
		b.Run(fmt.Sprintf("EP%d/%d", c.ranks, c.domains), func(b *testing.B) {
			for b.Loop() {
				tabulate(b, s)
			}
		})
	}
}

func BenchmarkAt(b *testing.B) {
	table := tabulate(b, v4(0.6, 72, EPLB, 48))
	total := 0.0
	for b.Loop() {
		total += table.At(12345).Straggler
	}
	b.ReportMetric(total/float64(b.N), "straggler")
}

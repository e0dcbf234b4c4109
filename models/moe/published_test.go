package moe

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTmp(t *testing.T) {
	type row struct {
		sigma  float64
		ep, r  int
		kind   string
		want   [4]float64
	}
	rows := []row{
		{0, 8, 0, "contiguous", [4]float64{1.21, 1.11, 1.07, 1.05}},
		{0, 16, 0, "contiguous", [4]float64{1.26, 1.15, 1.10, 1.09}},
		{0, 32, 0, "contiguous", [4]float64{1.33, 1.20, 1.15, 1.13}},
		{0, 64, 0, "contiguous", [4]float64{1.41, 1.27, 1.22, 1.21}},
		{0.6, 8, 0, "contiguous", [4]float64{1.26, 1.21, 1.13, 1.17}},
		{0.6, 8, 0, "eplb", [4]float64{1.21, 1.11, 1.07, 1.05}},
		{0.6, 16, 0, "contiguous", [4]float64{1.40, 1.29, 1.27, 1.30}},
		{0.6, 16, 0, "eplb", [4]float64{1.28, 1.16, 1.11, 1.09}},
		{0.6, 32, 0, "contiguous", [4]float64{1.58, 1.50, 1.44, 1.48}},
		{0.6, 32, 0, "eplb", [4]float64{1.37, 1.22, 1.17, 1.17}},
		{0.6, 32, 32, "eplb", [4]float64{1.33, 1.20, 1.15, 1.15}},
		{0.6, 64, 0, "contiguous", [4]float64{1.88, 1.99, 1.80, 1.93}},
		{0.6, 64, 64, "eplb", [4]float64{1.41, 1.26, 1.21, 1.22}},
		{0.6, 72, 0, "contiguous", [4]float64{2.10, 2.04, 2.11, 2.08}},
		{0.6, 72, 48, "eplb", [4]float64{1.44, 1.31, 1.25, 1.23}},
		{0.6, 72, 192, "eplb", [4]float64{1.41, 1.26, 1.20, 1.18}},
		{1, 32, 0, "contiguous", [4]float64{2.08, 2.24, 2.10, 2.09}},
		{1, 32, 0, "eplb", [4]float64{1.39, 1.26, 1.32, 1.26}},
		{1, 32, 32, "eplb", [4]float64{1.32, 1.21, 1.17, 1.17}},
		{1, 72, 0, "contiguous", [4]float64{3.42, 3.12, 3.15, 3.26}},
		{1, 72, 48, "eplb", [4]float64{1.44, 1.34, 1.29, 1.26}},
		{1, 72, 192, "eplb", [4]float64{1.43, 1.26, 1.20, 1.20}},
	}
	for _, layers := range []int{12, 400} {
		for _, r := range rows {
			s := Spec{Experts: 384, TopK: 6, Ranks: r.ep, Domains: 1, Layers: layers,
				Popularity: Popularity{Kind: Lognormal, Sigma: r.sigma, Drift: 0.2},
				Placement:  Placement{Kind: r.kind, Redundant: r.r}}
			tab, err := Tabulate(s)
			require.NoError(t, err)
			line := fmt.Sprint(layers, r.sigma, r.ep, r.r, r.kind)
			for i, n := range []float64{8, 32, 128, 512} {
				got := tab.At(n * float64(r.ep)).Straggler
				e := got/r.want[i] - 1
				flag := ""
				if math.Abs(e) > 0.05 {
					flag = "*"
				}
				line += fmt.Sprintf("  %.3f/%.2f %+.1f%%%s", got, r.want[i], 100*e, flag)
			}
			t.Log(line)
		}
	}
}

func BenchmarkTabulate(b *testing.B) {
	for _, g := range []int{2, 8, 32, 72} {
		b.Run(fmt.Sprint(g), func(b *testing.B) {
			s := Spec{Experts: 384, TopK: 6, Ranks: g, Domains: 1,
				Popularity: Popularity{Kind: Lognormal, Sigma: .6, Drift: 0.2},
				Placement:  Placement{Kind: EPLB, Redundant: 48}}
			for b.Loop() {
				Tabulate(s)
			}
		})
	}
}
func BenchmarkAt(b *testing.B) {
	s := Spec{Experts: 384, TopK: 6, Ranks: 72, Domains: 1,
		Popularity: Popularity{Kind: Lognormal, Sigma: .6, Drift: 0.2},
		Placement:  Placement{Kind: EPLB, Redundant: 48}}
	tab, _ := Tabulate(s)
	x := 1.0
	sum := 0.0
	for b.Loop() {
		x *= 1.01
		if x > 1e6 {
			x = 1
		}
		sum += tab.At(x).Distinct
	}
	_ = sum
}

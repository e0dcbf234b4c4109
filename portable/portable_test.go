package portable_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/portable"
)

// ulps is how many units in the last place two numbers are apart.
func ulps(a, b float64) float64 {
	if a == b || a != a && b != b {
		return 0
	}
	return math.Abs(a-b) / (math.Nextafter(math.Abs(b), math.Inf(1)) - math.Abs(b))
}

// exact is e^x to 120 bits: the Taylor series of x/2^20, squared 20 times.
func exact(x float64) float64 {
	const bits, halvings, terms = 160, 20, 30
	r := new(big.Float).SetPrec(bits).SetMantExp(big.NewFloat(x), -halvings)
	sum, term := new(big.Float).SetPrec(bits).SetInt64(1), new(big.Float).SetPrec(bits).SetInt64(1)
	for n := int64(1); n < terms; n++ {
		term.Mul(term, r)
		term.Quo(term, new(big.Float).SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	f, _ := sum.Float64()
	return f
}

// The bound of the originals: e^x to 1 unit in the last place, and its inverse.
func TestExpAndLogAreExactToAUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-700, 700).Draw(t, "x")
		want := exact(x)
		require.LessOrEqual(t, ulps(portable.Exp(x), want), 1.0)
		// d ln(y) = dy / y: y is rounded to half a unit, ln(y) to one.
		y := portable.Exp(x)
		slack := math.Abs(x)*0x1p-52 + 0x1p-52
		require.InDelta(t, x, portable.Log(y), slack)
	})
}

// Package math differs by no more than both may be off.
func TestAgainstPackageMath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "x")
		require.LessOrEqual(t, ulps(portable.Exp(x), math.Exp(x)), 2.0)
		if !(x > 0 && x < 0x1p-1022) {
			require.LessOrEqual(t, ulps(portable.Log(x), math.Log(x)), 2.0)
		}
		require.LessOrEqual(t, ulps(portable.Erfc(x), math.Erfc(x)), 8.0)
		small := rapid.Float64Range(-8, 30).Draw(t, "small")
		require.LessOrEqual(t, ulps(portable.Erfc(small), math.Erfc(small)), 8.0)
		require.LessOrEqual(t, ulps(portable.Exp(small), math.Exp(small)), 2.0)
		y := rapid.Float64Range(-20, 20).Draw(t, "y")
		base := rapid.Float64Range(1e-9, 1e9).Draw(t, "base")
		require.LessOrEqual(t, ulps(portable.Pow(base, y), math.Pow(base, y)), 4.0)
		require.LessOrEqual(t, ulps(portable.Log2(base), math.Log2(base)), 4.0)
	})
}

func TestEdges(t *testing.T) {
	inf, nan, tiny, sub := math.Inf(1), math.NaN(), math.SmallestNonzeroFloat64, 0x1p-1070
	edges := []float64{0, math.Copysign(0, -1), 1, -1, 2, 0.5, -0.5, 3, -3, inf, -inf, nan, tiny, -tiny, sub, math.MaxFloat64,
		0x1p-1022, 709.78, 709.79, -745.1, -745.2, -708.4, -720, 1e-9, 0.84375, 1.25, 1 / 0.35, 27.9, 28, -6.1}
	require.InDelta(t, -1074*math.Ln2, portable.Log(tiny), 1e-12)
	for _, x := range edges {
		require.LessOrEqual(t, ulps(portable.Exp(x), math.Exp(x)), 2.0, "exp %v", x)
		if !(x > 0 && x < 0x1p-1022) { // where the assembly of amd64 is wrong
			require.LessOrEqual(t, ulps(portable.Log(x), math.Log(x)), 2.0, "log %v", x)
			require.LessOrEqual(t, ulps(portable.Log2(x), math.Log2(x)), 2.0, "log2 %v", x)
		}
		require.LessOrEqual(t, ulps(portable.Erfc(x), math.Erfc(x)), 8.0, "erfc %v", x)
		for _, y := range edges {
			if x > 0 && x < 0x1p-1022 {
				continue
			}
			require.LessOrEqual(t, ulps(portable.Pow(x, y), math.Pow(x, y)), 2.0, "pow %v %v", x, y)
		}
	}
}

// What must be the same on every machine, to the bit: a digest of values, as it
// is on amd64, arm64 and in WebAssembly.
func TestTheSameBitsEverywhere(t *testing.T) {
	const prime, offset = 1099511628211, uint64(14695981039346656037)
	digest := offset
	mix := func(v float64) { digest = (digest ^ math.Float64bits(v)) * prime }
	for i := range 20000 {
		x := float64(i)*0.0371 - 371
		mix(portable.Exp(x))
		mix(portable.Log(float64(i)*0.37 + 1e-3))
		mix(portable.Erfc(x / 50))
		mix(portable.Pow(float64(i)/977+1e-3, x/97))
		mix(portable.Log2(float64(i) + 0.7))
	}
	require.Equal(t, uint64(0x5455a71eaa5b052c), digest)
}

var sink float64

func BenchmarkExp(b *testing.B) {
	for name, exp := range map[string]func(float64) float64{"portable": portable.Exp, "math": math.Exp} {
		b.Run(name, func(b *testing.B) {
			x := -20.0
			for b.Loop() {
				sink += exp(x)
				if x += 0.0137; x > 20 {
					x = -20
				}
			}
		})
	}
}

func BenchmarkLog(b *testing.B) {
	for name, log := range map[string]func(float64) float64{"portable": portable.Log, "math": math.Log} {
		b.Run(name, func(b *testing.B) {
			x := 0.01
			for b.Loop() {
				sink += log(x)
				if x += 0.37; x > 1e4 {
					x = 0.01
				}
			}
		})
	}
}

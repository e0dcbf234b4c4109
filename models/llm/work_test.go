package llm

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// slowPrefill adds up what every single query sees.
func slowPrefill(a Attention, prefix, tokens int) Work {
	var w Work
	for i := 1; i <= tokens; i++ {
		n := prefix + i
		switch a.Kind {
		case GQA, MLA:
			w.Pairs += float64(n)
		case Window, SWA:
			w.Pairs += float64(min(n, a.Window))
		case DSA:
			w.Pairs += float64(min(n, a.IndexTopK))
			w.IndexPairs += float64(n)
		case CSA:
			w.Pairs += float64(min(n, a.Window) + min(n/a.Compress, a.IndexTopK))
			w.IndexPairs += float64(n / a.Compress)
		case HCA:
			w.Pairs += float64(min(n, a.Window) + n/a.Compress)
		case Linear, Mamba:
			w.Pairs++
		case Chunked:
			w.Pairs += float64((n-1)%a.Window + 1)
		default: // without compressed entries a query of prefill sees what one of decode sees
			one := a.Decode(float64(n))
			w.Pairs += one.Pairs
			w.IndexPairs += one.IndexPairs
		}
	}
	return w
}

// anyAttention draws a legal module of any kind in the table. Dimensions are
// small, so that windows, ratios and top-k are reached and passed often.
func anyAttention(t *rapid.T) Attention {
	a := Attention{Kind: rapid.SampledFrom(AttentionKinds()).Draw(t, "kind")}
	need, may := a.kind().dimensions()
	for _, d := range a.dimensions() {
		switch {
		case slices.Contains(need, d.name):
			*d.value = rapid.IntRange(1, 300).Draw(t, d.name)
		case slices.Contains(may, d.name):
			*d.value = rapid.IntRange(0, 300).Draw(t, d.name)
		}
	}
	if a.KVHeads > 0 {
		a.Heads *= a.KVHeads
	}
	a.RopeDim = min(a.RopeDim, a.HeadDim+a.NopeDim)
	for _, f := range a.flags() {
		*f.value = (f.name == "gated" || slices.Contains(may, f.name)) && rapid.Bool().Draw(t, f.name)
	}
	if a.KeyIsValue {
		a.ValueDim = 0
	}
	a.FullGate = a.FullGate && a.GateLoRA > 0
	for _, r := range a.kind().rules(a) {
		if r.field == "gated" && !r.holds {
			a.Gated = false
		}
	}
	v := &validator{}
	v.attention("attention", a)
	require.NoError(t, v.Err(), "the law is about legal modules")
	return a
}

func TestPrefillEqualsTheSumOverQueries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAttention(t)
		prefix := rapid.IntRange(0, 3000).Draw(t, "prefix")
		tokens := rapid.IntRange(0, 1500).Draw(t, "tokens")
		require.Equal(t, slowPrefill(a, prefix, tokens), a.Prefill(prefix, tokens))
	})
}

func TestPrefillInTwoChunksIsPrefillInOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAttention(t)
		prefix := rapid.IntRange(0, 200_000).Draw(t, "prefix")
		first := rapid.IntRange(0, 100_000).Draw(t, "first")
		second := rapid.IntRange(0, 100_000).Draw(t, "second")
		one, two := a.Prefill(prefix, first), a.Prefill(prefix+first, second)
		sum := Work{Pairs: one.Pairs + two.Pairs, IndexPairs: one.IndexPairs + two.IndexPairs}
		require.Equal(t, a.Prefill(prefix, first+second), sum)
	})
}

func TestDecodeMeetsPrefillWhereEntriesAreWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAttention(t)
		context := max(1, a.Compress) * rapid.IntRange(1, 1000).Draw(t, "entries")
		if a.Kind == Chunked && context > a.Window { // decode is the mean over a chunk
			chunk := a.Prefill(a.Window*3, a.Window).Pairs
			require.InEpsilon(t, chunk, float64(a.Window)*a.Decode(float64(context)).Pairs, 1e-12)
			return
		}
		require.Equal(t, a.Prefill(context-1, 1), a.Decode(float64(context)))
	})
}

func TestPrefillByHand(t *testing.T) {
	csa := Attention{Kind: CSA, Window: 3, Compress: 4, IndexTopK: 2}
	// Queries at 5…12 see window 3 each; entries 1 1 1 2 2 2 2 3, of which 2 at most.
	require.Equal(t, Work{Pairs: 8*3 + 13, IndexPairs: 14}, csa.Prefill(4, 8))
	hca := Attention{Kind: HCA, Window: 3, Compress: 4}
	require.Equal(t, Work{Pairs: 1 + 2 + 3 + 3 + 1}, hca.Prefill(0, 4))
	require.Equal(t, Work{Pairs: 5 + 6}, Attention{Kind: GQA}.Prefill(4, 2))
	require.Equal(t, Work{}, hca.Prefill(10, 0))
	require.Equal(t, Work{}, hca.Prefill(10, -3))
	require.Equal(t, Work{}, hca.Decode(0))
	// 2^20 queries of causal attention: 2^20·(2^20+1)/2, exact.
	require.Equal(t, 549756338176.0, Attention{Kind: MLA}.Prefill(0, 1<<20).Pairs)
}

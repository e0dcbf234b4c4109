package moe

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadHistogram(t *testing.T) {
	h, err := ReadHistogram(strings.NewReader("expert,count\n# layer 36\n2, 30\n\n0,10.5\r\n3,0\n"), 4)
	require.NoError(t, err)
	require.Equal(t, 4, h.Experts())
	require.Equal(t, []float64{10.5, 0, 30, 0}, h.Counts)
	require.Equal(t, 2, h.used())
}

func TestReadHistogramNamesTheLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "line 0: no expert has a count above 0"},
		{"0,0\n1,0\n", "line 2: no expert has a count above 0"},
		{"0,1\n1;2\n", `line 2: "1;2" is not expert,count`},
		{"0,1\nexpert,count\n", `line 2: expert "expert" is not a number from 0 to 3`},
		{"4,1\n", `line 1: expert "4" is not a number from 0 to 3`},
		{"-1,1\n", `line 1: expert "-1" is not a number from 0 to 3`},
		{"1.5,1\n", `line 1: expert "1.5" is not a number from 0 to 3`},
		{"1,-2\n", `line 1: count "-2" is not a number from 0 to 1e+18`},
		{"1,NaN\n", `line 1: count "NaN" is not a number from 0 to 1e+18`},
		{"1,Inf\n", `line 1: count "Inf" is not a number from 0 to 1e+18`},
		{"1,2,3\n", `line 1: count "2,3" is not a number from 0 to 1e+18`},
		{"1,2\n2,2\n1,3\n", "line 3: expert 1 was counted before, on line 1"},
		{"0,1\n" + strings.Repeat("1", maxLine) + "\n", "line 2: bufio.Scanner: token too long"},
	} {
		_, err := ReadHistogram(strings.NewReader(c.text), 4)
		require.EqualError(t, err, c.want, "%q", c.text)
	}
	_, err := ReadHistogram(strings.NewReader("0,1"), 0)
	require.EqualError(t, err, "experts: 0: want 1 to 8192")
}

// A measured histogram comes back as the inclusion probabilities of a layer.
func TestHistogramSharesAreKept(t *testing.T) {
	h, err := ReadHistogram(strings.NewReader("0,40\n1,30\n2,20\n3,10\n"), 4)
	require.NoError(t, err)
	s := Spec{
		Experts: 4, TopK: 2, Ranks: 2, Domains: 1,
		Popularity: Popularity{Kind: FromHistogram, Histogram: h},
		Placement:  Placement{Kind: Contiguous},
	}
	layer, err := SampleLayer(s, 0)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0.8, 0.6, 0.4, 0.2}, layer.Inclusion, 1e-6)
	require.InDeltaSlice(t, []float64{1.4, 0.6}, layer.RankLoad, 1e-6)
	require.InDelta(t, 1.4, tabulate(t, s).At(1e6).Straggler, 0.001)
}

// A count beyond what one choice per token allows goes to the others.
func TestHistogramHasNoExpertTwice(t *testing.T) {
	h, err := ReadHistogram(strings.NewReader("0,900\n1,60\n2,40\n3,0\n"), 4)
	require.NoError(t, err)
	weights := Popularity{Kind: FromHistogram, Histogram: h}.weights(Spec{Experts: 4, TopK: 2}, nil)
	require.InDeltaSlice(t, []float64{1, 0.6, 0.4, 0}, inclusion(weights, 2), 1e-6)
}

func FuzzReadHistogram(f *testing.F) {
	f.Add("expert,count\n0,1\n1,2\n", 2)
	f.Add("# nothing\n", 4)
	f.Add("3,1e18\n0,0.5\n", 8)
	f.Fuzz(func(t *testing.T, text string, experts int) {
		h, err := ReadHistogram(strings.NewReader(text), experts)
		if err != nil {
			require.Regexp(t, `^(line \d+|experts): `, err.Error())
			return
		}
		require.Equal(t, experts, h.Experts())
		s := Spec{
			Experts: experts, TopK: 1, Ranks: 1, Domains: 1, Layers: 1,
			Popularity: Popularity{Kind: FromHistogram, Histogram: h},
			Placement:  Placement{Kind: Contiguous},
		}
		layer, err := SampleLayer(s, 0)
		require.NoError(t, err)
		require.InDelta(t, 1, sum(layer.Inclusion), 1e-6)
	})
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

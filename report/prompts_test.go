package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func TestPromptsOverTimeAddUp(t *testing.T) {
	l := PromptLines("title", []metrics.PromptSample{
		{FromS: 60, ToS: 70, InputTokens: 1000, HitRate: 0.5, Lost: metrics.PrefixLost{NeverSeen: 0.125, Evicted: 0.25, NotKept: 0.125}},
		{FromS: 70, ToS: 80},
		{FromS: 80, ToS: 90, InputTokens: 1000, HitRate: 1},
	})
	require.Equal(t, []float64{65, 85}, l.Lines[0].X, "nothing ended in the second slice")
	var first []float64
	for _, curve := range l.Lines {
		first = append(first, curve.Y[0])
	}
	require.Equal(t, []float64{50, 62.5, 62.5, 87.5, 87.5, 87.5, 100}, first)
	files, err := l.Draw(t.TempDir(), "prompts")
	require.NoError(t, err)
	require.Len(t, files, 2)
}

package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func TestStoppedSaysWhatIsKnown(t *testing.T) {
	for want, s := range map[string]metrics.Stopped{
		"agents between 1,024 and 2,048; stopped":            {AtLeast: 1024, Below: 2048},
		"at least 4,096 agents; stopped":                     {AtLeast: 4096},
		"fewer than 2 agents; stopped":                       {Below: 2},
		"not even one number of agents was decided; stopped": {},
	} {
		s.Scenario, s.Question = "x", "How many?"
		var b strings.Builder
		require.NoError(t, Stopped(&b, &s))
		require.Equal(t, "x: How many?\n  "+want+"\n", b.String())
	}
}

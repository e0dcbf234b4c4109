package sweep_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/scenarios"
)

// builtIn is the source of a study that comes with the program.
func builtIn(name string) sweep.Source {
	return sweep.Source{Study: configs.Source{Name: name, FS: scenarios.Studies()}, Scenarios: scenarios.FS}
}

func BenchmarkAnalyticPoint(b *testing.B) {
	p, err := sweep.NewPlan(builtIn("hbm-domain-gap-tier"))
	require.NoError(b, err)
	e := sweep.NewEvaluator(p, "")
	i := 0
	for b.Loop() {
		_, err := e.Row(context.Background(), e.Load((i*37)%p.Len()))
		require.NoError(b, err)
		i++
	}
}

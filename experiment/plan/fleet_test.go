package plan

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/metrics"
	"agentsim/scenarios"
)

// given sizes a unit with the deployment that the scenario has, by mean flows.
func given(solver *analytic.Solver) sizer {
	return func(_ context.Context, scenario, _ string, _ []string, load func(string) (Candidate, error)) (
		*Unit, Candidate, error) {
		c, err := load("name: plan\nextends: " + scenario + "\n")
		if err != nil {
			return nil, c, err
		}
		r, err := solver.Flows(c.Scenario)
		if err != nil {
			return nil, c, err
		}
		n := float64(r.Capacity.Agents)
		return &Unit{PlanUnit: unitOf(c.Scenario, r, 1), System: c.System.Name, Limit: r.Limit,
			agents: metrics.Quantiles{P10: n, P50: n, P90: n}}, c, nil
	}
}

// fleet asks for six units of classes of agents.
func fleet(t *testing.T, f *Fleet, classes ...Class) (*metrics.PlanOption, error) {
	t.Helper()
	load := func(s configs.Source) (*configs.Scenario, *configs.Provenance, error) {
		s.FS = scenarios.FS
		return configs.LoadScenario(s, nil)
	}
	f.size = given(new(analytic.Solver))
	f.Classes, f.Budget = classes, Budget{Units: 6, Boundary: Facility}
	f.Load = func(text string) (Candidate, error) {
		s, p, err := load(configs.Source{Name: "yaml", Text: []byte(text)})
		return Candidate{Scenario: s, Provenance: p}, err
	}
	err := f.Read(func(name string) (*configs.Scenario, error) {
		s, _, err := load(configs.Source{Name: name})
		return s, err
	})
	if err != nil {
		return nil, err
	}
	p, err := f.Plan(t.Context(), []string{"gb300-nvl72"}, nil)
	if err != nil {
		return nil, err
	}
	return p.Options[0], nil
}

// Agents of one kind that go by two names are served together as by one.
func TestAClassThatIsSharedWithItselfIsTheClass(t *testing.T) {
	const node = "gb300-agentperf-slo20"
	alone, err := fleet(t, &Fleet{}, Class{Name: node, Share: 1})
	require.NoError(t, err)
	twice, err := fleet(t, &Fleet{Shared: true}, Class{Name: node, Share: 0.5}, Class{Name: node, Share: 0.5})
	require.NoError(t, err)
	require.Empty(t, twice.Classes, "units of one kind")
	require.InEpsilon(t, alone.Agents.P50, twice.Agents.P50, 0.1, "other sessions of the same kind, one system prompt less")
	apart, err := fleet(t, &Fleet{}, Class{Name: node, Share: 0.5}, Class{Name: node, Share: 0.5})
	require.NoError(t, err)
	require.Len(t, apart.Classes, 2)
	require.InEpsilon(t, alone.Agents.P50, apart.Agents.P50, 1e-9, "three units each")
}

// Classes of one model share units and are held to the strictest level; those of
// another model have units of their own.
func TestSharedUnitsKeepTheStrictestLevel(t *testing.T) {
	const node, people = "gb300-agentperf-slo20", "gb300-claude-code"
	both := []Class{{Name: node, Share: 0.5}, {Name: people, Share: 0.5}}
	shared, err := fleet(t, &Fleet{Shared: true}, both...)
	require.NoError(t, err)
	require.Empty(t, shared.Classes)
	require.Positive(t, shared.Agents.P50)
	apart, err := fleet(t, &Fleet{}, both...)
	require.NoError(t, err)
	require.Len(t, apart.Classes, 2)
	// Six units shared by both are between three of each kind alone.
	require.Greater(t, shared.Agents.P50, 0.5*apart.Agents.P50)
	require.Less(t, shared.Agents.P50, 3*apart.Agents.P50)

	other, err := fleet(t, &Fleet{Shared: true}, Class{Name: node, Share: 0.5},
		Class{Name: "what-if/gpt-oss-120b", Share: 0.5})
	require.NoError(t, err)
	require.Len(t, other.Classes, 2, "another model")
}

func TestFleetsThatCannotBe(t *testing.T) {
	_, err := fleet(t, &Fleet{}, Class{Name: "h200-agentperf-slo20", Share: 0.4})
	require.ErrorContains(t, err, "sum to 0.4")
	_, err = fleet(t, &Fleet{}, Class{Name: "h200-agentperf-slo2", Share: 1})
	require.ErrorContains(t, err, "h200-agentperf-slo2")
	_, err = ParseSpares("n-1")
	require.ErrorContains(t, err, "want n+1, n+2, … or n+n")
	n, err := ParseSpares("N+2")
	require.NoError(t, err)
	require.Equal(t, 2, n.Extra)
}

// Whoever has measured gets a unit's interval by what was measured.
func TestAUnitsIntervalIsByTheAccuracyThatIsGiven(t *testing.T) {
	known, err := configs.PublicAccuracy()
	require.NoError(t, err)
	slower := *known
	slower.Quantities = slices.Clone(known.Quantities)
	for i := range slower.Quantities {
		q := &slower.Quantities[i]
		q.Nodes = slices.Clone(q.Nodes)
		q.Centre--
		for j := range q.Nodes {
			q.Nodes[j].Centre--
		}
	}
	middle := func(a *configs.Accuracy) float64 {
		s, p, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS},
			[]string{"model=llama-3.1-70b", "workload.turns.median=5", "deployment={mode: auto, accelerators: 8}"})
		require.NoError(t, err)
		unit, err := Size(t.Context(), Candidate{Scenario: s, Provenance: p, Accuracy: a})
		require.NoError(t, err)
		return unit.agents.P50
	}
	require.Less(t, middle(&slower), 0.6*middle(nil), "steps of 2.7 times the time")
}

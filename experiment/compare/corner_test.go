package compare

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/analytic"
	"agentsim/scenarios"
	"agentsim/serve"
)

func scenario(t *testing.T, name string, sets ...string) *configs.Scenario {
	t.Helper()
	s, _, err := configs.LoadScenario(configs.Source{Name: name, FS: scenarios.FS}, sets)
	require.NoError(t, err)
	return s
}

func factors(t *testing.T, text string) *configs.Factors {
	t.Helper()
	if text == "" {
		text = "preset: rack"
	}
	f, _, err := configs.Load[configs.Factors](configs.Presets(), configs.Source{Name: "own", Text: []byte(text)}, nil)
	require.NoError(t, err)
	return f
}

const (
	rack = "gb300-agentperf-slo20"
	node = "h200-agentperf-slo20"
)

func headline(t *testing.T) *cube {
	t.Helper()
	c, err := newCube(scenario(t, rack), scenario(t, node), factors(t, ""))
	require.NoError(t, err)
	return c
}

// With all factors on the corner is A and with none it is B, in every field,
// names included; and the analytic model says of both what it says of the
// scenarios as they were loaded.
func TestTheEndsAreTheScenarios(t *testing.T) {
	c := headline(t)
	for _, end := range []struct {
		set      set
		terms    Terms
		scenario *configs.Scenario
		pools    pools
	}{{c.full(), c.a, scenario(t, rack), c.givenA}, {0, c.b, scenario(t, node), c.givenB}} {
		mixed := c.corner(end.set)
		require.Equal(t, configs.Digest(termsOf(end.scenario)), configs.Digest(mixed))
		want, err := new(analytic.Solver).Flows(end.scenario)
		require.NoError(t, err)
		got, err := new(analytic.Solver).Flows(mixed.scenario(end.pools))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	// The same by the mixture itself, which corner passes over at the ends.
	all := configs.Mix(c.b, c.a, func(path string) bool { return c.of(path) >= 0 || isLabel(path) })
	require.Equal(t, configs.Digest(c.a), configs.Digest(all), "every differing field is a factor's or a name")
}

func TestEveryDifferenceBelongsToOneFactor(t *testing.T) {
	c := headline(t)
	require.Len(t, c.groups, 10)
	require.Empty(t, c.same)
	owner := map[string]string{}
	for _, g := range c.groups {
		require.NotEqual(t, Other, g.name)
		require.NotEmpty(t, g.explains)
		for _, d := range g.differences {
			require.Empty(t, owner[d.Path], d.Path)
			owner[d.Path] = g.name
		}
	}
	all := configs.Differences(c.a, c.b)
	require.Len(t, all, len(owner)+len(c.labels))
	for _, d := range c.labels {
		require.True(t, isLabel(d.Path))
	}
}

// A factor changes its own fields and, where it moves kernels to another
// accelerator, the constants in seconds; floors and shares of a peak it leaves.
func TestAFactorChangesItsOwnFields(t *testing.T) {
	c := headline(t)
	for _, from := range []set{0, 0b1010101010, c.full().without(2)} {
		for i := range c.groups {
			if from.has(i) {
				continue
			}
			before, after := c.corner(from), c.corner(from.with(i))
			for _, d := range configs.Differences(before, after) {
				if isLabel(d.Path) || c.of(d.Path) == i {
					continue
				}
				require.True(t, strings.HasPrefix(d.Path, "kernels."), "%s changes %s", c.groups[i].name, d.Path)
				require.Contains(t, []string{"compute", "HBM bandwidth"}, c.groups[i].name, d.Path)
				require.False(t, strings.HasSuffix(d.Path, "floor"), d.Path)
			}
		}
	}
}

// What a corner allows is what its mixture does.
func TestAbilitiesAreThoseOfTheMixture(t *testing.T) {
	c := headline(t)
	deep, split := 0, 0
	for s := range c.full() + 1 {
		if s%7 != 0 && s != c.full() {
			continue
		}
		mixed, able := c.corner(s), c.abilities(s)
		require.Equal(t, mixed.Deployment.Mode, able.Deployment.Mode)
		require.Equal(t, mixed.Deployment.DraftTokens, able.Deployment.DraftTokens)
		if able.Deployment.Mode == serve.Disaggregated {
			split++
		}
		if able.Deployment.DraftTokens == c.a.Deployment.DraftTokens {
			deep++
		}
	}
	require.Positive(t, deep)
	require.Positive(t, split)
}

func TestEqualKernelsAreNotMoved(t *testing.T) {
	a := scenario(t, node, "system.accelerator.hbm.bandwidth=9TB/s", "system.accelerator.hbm.capacity=288GB")
	c, err := newCube(a, scenario(t, node), factors(t, ""))
	require.NoError(t, err)
	require.Len(t, c.groups, 2)
	mixed := c.corner(0b01)
	require.Equal(t, c.a.Kernels.Small, mixed.Kernels.Small, "the scenarios say that they hold for both")
	require.Equal(t, a.System.Accelerator.HBM.Bandwidth, mixed.System.Accelerator.HBM.Bandwidth)
}

// fullContext is the context of both racks, where no factor holds it.
const fullContext = "model.max_context=1048576"

func TestFieldsOfNoFactorAreShown(t *testing.T) {
	own := factors(t, "{name: own, factors: [{name: memory, fields: [system.accelerator.hbm]}, {name: seed, fields: [seed]}]}")
	c, err := newCube(scenario(t, rack), scenario(t, node, fullContext), own)
	require.NoError(t, err)
	require.Equal(t, []string{"seed"}, c.same)
	require.Len(t, c.groups, 2)
	other := c.groups[1]
	require.Equal(t, Other, other.name)
	require.True(t, slices.ContainsFunc(other.differences, func(d configs.Difference) bool { return d.Path == "system.domain" }))
	require.False(t, slices.ContainsFunc(other.differences, func(d configs.Difference) bool {
		return strings.HasPrefix(d.Path, "system.accelerator.hbm")
	}))
}

func TestAnotherQuestionNeedsADeclaredFactor(t *testing.T) {
	slow := scenario(t, node, "workload.tool_gap.median=5s", "slo.output_speed.p25=30tok/s")
	_, err := newCube(slow, scenario(t, node), factors(t, ""))
	var fault *configs.Error
	require.ErrorAs(t, err, &fault)
	require.ErrorContains(t, err, "there is no path between h200-agentperf-slo20 and h200-agentperf-slo20")
	require.ErrorContains(t, err, "workload.tool_gap.median")
	require.ErrorContains(t, err, "declare a factor with fields: [workload, slo]")

	own := factors(t, "{name: own, factors: [{name: tools, fields: [workload.tool_gap]}, {name: service level, fields: [slo]}]}")
	c, err := newCube(slow, scenario(t, node), own)
	require.NoError(t, err)
	require.Len(t, c.groups, 2)
	require.Equal(t, slow.SLO, c.corner(0b10).SLO)
	require.Equal(t, c.b.Workload, c.corner(0b10).Workload)
}

func TestTooManyFactors(t *testing.T) {
	list := []string{}
	for _, field := range []string{"compute.bf16", "compute.fp8", "hbm.capacity", "hbm.bandwidth", "scale_up", "scale_out",
		"host_link", "power.idle", "power.active", "power.tdp", "power.per_hbm_byte", "power.busy.dense", "power.busy.experts"} {
		list = append(list, "{name: "+field+", fields: [system.accelerator."+field+"]}")
	}
	_, err := newCube(scenario(t, rack), scenario(t, node, fullContext), factors(t, "{name: own, factors: ["+strings.Join(list, ", ")+"]}"))
	require.ErrorContains(t, err, "differ in 14 factors, more than 12")
}

// What cannot change the outcome of a deployment is left out of its trials:
// the outcome with it is the same.
func TestIdleFactorsChangeNothing(t *testing.T) {
	c := headline(t)
	b := newBench(c, PerMWMeasured)
	for _, p := range []pools{scaled(c.givenA), scaled(c.givenB)} {
		bearing := c.bearing(&p, PerMWMeasured)
		require.NotEqual(t, c.full(), bearing)
		for _, s := range []set{c.full(), c.full().without(2), 0b0011111111} {
			whole, part := c.corner(s), c.corner(s&bearing)
			x, errX := new(analytic.Solver).Flows(whole.scenario(p))
			y, errY := new(analytic.Solver).Flows(part.scenario(p))
			if errX != nil {
				require.EqualError(t, errY, errX.Error())
				continue
			}
			require.NoError(t, errY)
			require.Equal(t, x.Capacity.Agents, y.Capacity.Agents)
			require.InEpsilon(t, b.per.of(x.Capacity), b.per.of(y.Capacity), 1e-12)
		}
	}
}

// At the wall the node's watts count; of an aggregated deployment the
// hand-over between pools never does.
func TestBearing(t *testing.T) {
	a := scenario(t, node, "system.overheads.fans=0.01", "engine.handshake=1s", "deployment.mode=aggregated")
	own := factors(t, "{name: own, factors: [{name: fans, fields: [system.overheads.fans]}, {name: hand, fields: [engine]}]}")
	c, err := newCube(a, scenario(t, node), own)
	require.NoError(t, err)
	require.Equal(t, set(0), c.bearing(&c.givenA, PerMWMeasured))
	require.Equal(t, set(0b01), c.bearing(&c.givenA, PerMWIT))
	split := pools{mode: serve.Disaggregated, entry: c.givenA.finish, finish: c.givenA.finish}
	require.Equal(t, set(0b10), c.bearing(&split, PerAccelerator))
}

func TestDeploymentsKeepWithinTheirTerms(t *testing.T) {
	c := headline(t)
	m := c.newMenu()
	require.Greater(t, len(m), 20)
	plain, able := c.corner(0), c.corner(c.full())
	split, deep := false, false
	for _, family := range m {
		for _, p := range family {
			require.True(t, able.allowed(&p))
			require.LessOrEqual(t, p.accelerators(), menuSize)
			require.Equal(t, p.mode == serve.Aggregated && p.finish.DraftTokens <= 2, plain.allowed(&p))
			split = split || p.mode == serve.Disaggregated
			deep = deep || p.finish.DraftTokens == 3
		}
	}
	require.True(t, split && deep)
	require.Equal(t, 4, scaled(c.givenB).units)
	require.Equal(t, 1, scaled(c.givenA).units)
}

// A field that a scenario or a deployment gains must become a term, or two
// scenarios would be mixed without it.
func TestTermsLeaveNothingOut(t *testing.T) {
	fields := func(typ reflect.Type) map[string]reflect.Type {
		list := map[string]reflect.Type{}
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("yaml"), ",")
			list[name] = typ.Field(i).Type
		}
		return list
	}
	terms := fields(reflect.TypeFor[Terms]())
	for name, typ := range fields(reflect.TypeFor[configs.Scenario]()) {
		if slices.Contains([]string{"uncertainty", "extends", "answer", "because", "day"}, name) {
			continue // how sure other fields are, where they come from, words, and what `agentsim day` alone asks
		}
		require.Contains(t, terms, name)
		require.True(t, name == "deployment" || terms[name] == typ, name)
	}
	terms = fields(reflect.TypeFor[Deployment]())
	for name, typ := range fields(reflect.TypeFor[serve.DeploymentSpec]()) {
		if slices.Contains([]string{"accelerators", "units", "aggregated", "prefill", "decode"}, name) {
			continue // the sizes of pools
		}
		require.Equal(t, typ, terms[name], name)
	}
}

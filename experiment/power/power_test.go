package power_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/experiment/power"
	"agentsim/metrics"
	"agentsim/models/hardware"
	"agentsim/models/step"
	"agentsim/scenarios"
	"agentsim/serve"
)

// quarter is a system of round numbers, of which a deployment uses 4 of 16
// accelerators in two pools.
func quarter() *configs.Scenario {
	s := &configs.Scenario{}
	s.System = hardware.System{Accelerators: 16, AcceleratorsPer: 4, Switch: 800}
	s.System.Accelerator.Power.TDP = 1000
	s.System.Host = hardware.Host{CPUIdle: 100, CPUBusy: 200, Static: 50}
	s.System.Overheads = hardware.Overheads{Fans: 0.1, Conversion: 0.05, Nameplate: 20000, PUE: 1.2}
	pool := func() *serve.PoolSpec { return &serve.PoolSpec{Workers: 1, Shape: step.Shape{Accelerators: 2}} }
	s.Deployment = serve.DeploymentSpec{Mode: serve.Disaggregated, Prefill: pool(), Decode: pool()}
	return s
}

// ten seconds of 4 accelerators: 600 W each, always in a step.
func ten() *power.Draw {
	return &power.Draw{Seconds: 10, Idle: 4000, Active: 6000, Work: 14000, Pools: []float64{15000, 9000}, Busy: 1}
}

// Every denominator by hand, for 120 agents.
func TestEveryDenominatorByHand(t *testing.T) {
	s := quarter()
	b := power.Breakdown(s, ten())
	const (
		accelerators = 2400.0               // 24,000 J in 10 s
		tdp          = 4 * 1000.0           // 4 of them
		cpu          = 100 + 200*0.5        // one node, at the load of hosts whose accelerators never rest
		host         = 50.0                 // one node
		switches     = 800.0 / 4            // a quarter of the system
		parts        = 2400.0 + 200 + 250   // 2,850
		fans         = 285.0                // a tenth
		wall         = (2850.0 + 285) / .95 // 3,300: a twentieth is lost
		facility     = 3300 * 1.2           // 3,960
		nameplate    = 20000.0 / 4          // a quarter of the system
	)
	require.InDelta(t, accelerators+cpu+host+switches, parts, 0)
	require.InDelta(t, 3300, wall, 1e-9)
	per := power.PerMW(120, &b)
	for name, pair := range map[string][2]float64{
		"accelerators as drawn": {120e6 / accelerators, per.AcceleratorMeasured}, // 50,000
		"accelerators rated":    {120e6 / tdp, per.AcceleratorTDP},               // 30,000
		"at the wall":           {120e6 / wall, per.IT},
		"with the building":     {120e6 / facility, per.Facility},
		"provisioned":           {120e6 / nameplate, per.Provisioned}, // 24,000
	} {
		require.InEpsilon(t, pair[0], pair[1], 1e-12, name)
	}
	s.Power.PUE = 1.5
	b = power.Breakdown(s, ten())
	require.InEpsilon(t, 3300*1.5, float64(b.Facility), 1e-12)

	p := power.Figures(s, ten(), power.Rates{OutputTokens: 1200})
	require.Equal(t, map[string]float64{"prefill": 1500, "decode": 900}, p.ByPool)
	require.Equal(t, metrics.AcceleratorParts{IdleW: 400, ActiveW: 600, WorkW: 1400}, p.AcceleratorParts)
	require.InDelta(t, fans, p.ByComponent["fans"], 1e-9)
	require.InDelta(t, 165, p.ByComponent["conversion"], 1e-9)
	require.InDelta(t, 2, p.JoulesPerOutputToken, 1e-12)
	require.Equal(t, [2]float64{4000, 5000}, [2]float64{p.AcceleratorTDPW, p.ProvisionedW})
}

// 3,300 W at the wall for 5 turns/s, of which 50 make a session, and 1,000
// tok/s.
func TestEnergyAndCostByHand(t *testing.T) {
	s := quarter()
	rates := power.Rates{Turns: 5, Sessions: 0.1, OutputTokens: 1000}
	p := power.Figures(s, ten(), rates)
	e := power.Energy(&p, rates)
	require.InDelta(t, 660, e.IT.TurnJ, 1e-9)
	require.InDelta(t, 33000, e.IT.SessionJ, 1e-6)
	require.InDelta(t, 3.3e6, e.IT.MillionOutputTokensJ, 1e-6)
	require.InDelta(t, 480, e.Accelerator.TurnJ, 1e-9)
	require.InDelta(t, 792, e.Facility.TurnJ, 1e-9)

	require.Nil(t, power.Cost(s, &p, 120, rates), "no price, no cost")
	s.Price = configs.PriceSpec{Currency: "EUR", AcceleratorHour: 3, ElectricityKWh: 0.1}
	c := power.Cost(s, &p, 120, rates)
	require.Equal(t, "EUR", c.Currency)
	require.Equal(t, 12.0, c.AcceleratorsPerHour)
	require.InDelta(t, 0.396, c.ElectricityPerHour, 1e-12, "3.96 kW of the building")
	require.InDelta(t, 12.396/120, c.PerAgentHour, 1e-12)
	require.InDelta(t, 12.396/3.6, c.PerMillionOutputTokens, 1e-12, "3.6 million an hour")
	require.InDelta(t, 12.396/18000, c.PerTurn, 1e-15)
	require.InDelta(t, 12.396/360, c.PerSession, 1e-12)

	nothing := power.Rates{}
	require.Zero(t, power.Energy(&p, nothing).IT.TurnJ, "a number that JSON can hold")
	require.Zero(t, power.Cost(s, &p, 0, nothing).PerAgentHour)
}

func TestPricesBelowNothingAreRefused(t *testing.T) {
	for _, set := range []string{"price.accelerator_hour=-1", "price.electricity_kwh=-0.1"} {
		_, _, err := configs.LoadScenario(configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS}, []string{set})
		require.ErrorContains(t, err, "want 0 (none) or more")
		require.ErrorContains(t, err, "price.")
	}
}

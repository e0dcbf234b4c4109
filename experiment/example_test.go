package experiment_test

import (
	"context"
	"fmt"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/scenarios"
)

// A scenario comes by the name of a built-in one or from a file, with fields
// overridden as on the command line.
func ExampleCapacity() {
	scenario, _, err := configs.LoadScenario(
		configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS},
		[]string{"protocol=steady-state", "slo.output_speed.p25=30tok/s"},
	)
	if err != nil {
		fmt.Println(err) // names file, line, column and the nearest valid name
		return
	}
	result, err := experiment.Capacity(context.Background(), scenario, experiment.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d agents on %d accelerators; more would break %s\n",
		result.Capacity.Agents, result.Capacity.Accelerators, result.Limit)
	// Output: 13 agents on 8 accelerators; more would break output_speed.p25: decode steps
}

// A run has a fixed number of agents and needs no service level to search for.
func ExampleRun() {
	scenario, _, err := configs.LoadScenario(
		configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS},
		[]string{"protocol=steady-state"},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := experiment.Run(context.Background(), scenario, 8, experiment.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d agents, %.0f%% of their prompts found in the cache\n", result.Agents, 100*result.Metrics.PrefixHitRate)
	// Output: 8 agents, 95% of their prompts found in the cache
}

// Mistakes in a scenario are errors that say where and what would be right.
func ExampleCapacity_mistake() {
	_, _, err := configs.LoadScenario(
		configs.Source{Name: "h200-agentperf-slo20", FS: scenarios.FS},
		[]string{"system.accelerator.hbm.bandwith=4.8TB/s"},
	)
	fmt.Println(err)
	// Output: --set: system.accelerator.hbm.bandwith: unknown key, did you mean bandwidth? (known: bandwidth, capacity)
}

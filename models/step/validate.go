package step

import (
	"fmt"

	"agentsim/fault"
)

// Validate reports the first number that no engine can have.
func (e EngineSpec) Validate() error {
	m, x := &e.Memory, &e.Exchange
	checks := []struct {
		ok    bool
		path  string
		value float64
		want  string
	}{
		{e.Efficiency > 0, "efficiency", e.Efficiency, "more than 0"},
		{e.Handshake >= 0, "handshake", float64(e.Handshake), "0s or more"},
		{e.Host.PerStep >= 0, "host.per_step", float64(e.Host.PerStep), "0s or more"},
		{e.Host.Loop >= 0, "host.loop", float64(e.Host.Loop), "0s or more"},
		{e.Host.PerSequence >= 0, "host.per_sequence", float64(e.Host.PerSequence), "0s or more"},
		{e.Host.Launch >= 0, "host.launch", float64(e.Host.Launch), "0s or more"},
		{e.Host.LaunchMany >= 0, "host.launch_many", float64(e.Host.LaunchMany), "0s or more"},
		{e.Host.Replay >= 0, "host.replay", float64(e.Host.Replay), "0s or more"},
		{e.Host.Processes >= 0, "host.processes", float64(e.Host.Processes), "0 (as many as it takes) or more"},
		{e.Host.PerRequest >= 0, "host.per_request", float64(e.Host.PerRequest), "0s or more"},
		{e.Host.PerOutputToken >= 0, "host.per_output_token", float64(e.Host.PerOutputToken), "0s or more"},
		{e.Host.Ingress >= 0, "host.ingress", float64(e.Host.Ingress), "0s or more"},
		{e.Host.PerPromptToken >= 0, "host.per_prompt_token", float64(e.Host.PerPromptToken), "0s or more"},
		{m.Utilisation > 0 && m.Utilisation <= 1, "memory.utilisation", m.Utilisation, "a share above 0 and up to 1"},
		{m.Reserved >= 0, "memory.reserved", float64(m.Reserved), "0B or more"},
		{m.PerBudgetToken >= 0, "memory.per_budget_token", float64(m.PerBudgetToken), "0B or more"},
		{m.Fragmentation >= 1, "memory.fragmentation", m.Fragmentation, "1 or more"},
		{m.BlockTokens >= 1, "memory.block_tokens", float64(m.BlockTokens), "1 or more"},
		{x.DispatchBytes >= 0, "exchange.dispatch_bytes", x.DispatchBytes, "0 or more"},
		{x.CombineBytes >= 0, "exchange.combine_bytes", x.CombineBytes, "0 or more"},
		{x.Overlap >= 0 && x.Overlap <= 1, "exchange.overlap", x.Overlap, "0 to 1"},
		{x.InSitu >= 0, "exchange.in_situ", x.InSitu, "0 (= 1) or more"},
	}
	for _, c := range checks {
		if !c.ok {
			return fault.Want(c.path, fmt.Sprintf("%g", c.value), c.want)
		}
	}
	if of := m.UtilisationOf; of != "" && of != OfTotal && of != OfFree {
		return fault.Want("memory.utilisation_of", of, OfTotal+" or "+OfFree)
	}
	var faults fault.List
	faults.In("schedule", e.Schedule.Validate())
	faults.In("recipes", e.Recipes.Validate())
	faults.In("cache", e.Cache.Validate())
	return faults.Err()
}

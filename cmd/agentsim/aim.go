package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/metrics"
	"agentsim/serve"
)

const autoHelp = "Where the scenario says deployment.mode=auto and how many accelerators there are, the deployment\n" +
	"is searched too, and --objective says for what: agents per megawatt drawn, at the wall or with the building,\n" +
	"agents in all, or agents for the money of an hour. Candidates are ranked by what three in four such\n" +
	"predictions hold (P25), by the errors of the stack and by how far a candidate is from the nearest public run\n" +
	"in width, batch and how it spreads; --optimistic ranks by the prediction itself. Shapes that nobody has\n" +
	"published are marked."

func aimFlags(c *cobra.Command) {
	all := strings.Join(metrics.Objectives(), ", ")
	c.Flags().String("objective", metrics.PerMWDrawn, "what mode auto looks for: "+all)
	c.Flags().Bool("optimistic", false, "rank what mode auto chooses from by the prediction, not by its P25")
}

// aim is what mode auto looks for.
func (a *app) aim() metrics.Aim {
	return metrics.Aim{Objective: a.settings.GetString("objective"), Optimistic: a.settings.GetBool("optimistic")}
}

// checkAim refuses aims that nothing is chosen by, and those that there are none of.
func (a capacityCommands) checkAim(s *configs.Scenario) error {
	aim := a.aim()
	if err := aim.Validate(); err != nil {
		return usageError{err}
	}
	if asked := aim != (metrics.Aim{Objective: metrics.PerMWDrawn}); asked && s.Deployment.Mode != serve.Auto {
		return usageError{errors.New("--objective and --optimistic say what mode auto " +
			"looks for: want --set deployment.mode=auto --set deployment.accelerators=N as well")}
	}
	return nil
}

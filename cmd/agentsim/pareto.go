package main

import (
	"errors"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/report"
)

const paretoHelp = "With --pareto it prints instead how agents per megawatt fall as agents are to get their output\n" +
	"faster, from 10 to 200 tok/s: estimated by the analytic model, with the best deployment at every speed where\n" +
	"the scenario has deployment.mode=auto. --check lets the simulator answer every point as well; --plot draws\n" +
	"the front."

func paretoFlags(c *cobra.Command) {
	c.Flags().Bool("pareto", false, "print agents per megawatt against output speed")
	c.Flags().Bool("check", false, "with --pareto: simulate every point too")
}

// checkPareto refuses flags that contradict each other.
func (a capacityCommands) checkPareto() error {
	if !a.settings.GetBool("pareto") {
		if a.settings.GetBool("check") {
			return usageError{errors.New("--check simulates the points of a front: want --pareto as well")}
		}
		return nil
	}
	if a.settings.GetInt("uncertainty") != 0 || len(a.settings.GetStringSlice("target")) > 0 {
		return usageError{errors.New("--pareto says nothing of uncertain inputs: leave out --uncertainty and --target")}
	}
	if err := checkFigure(a.settings.GetString("plot")); err != nil {
		return usageError{err}
	}
	return nil
}

func (a capacityCommands) pareto(cmd *cobra.Command, s *configs.Scenario) error {
	known, err := a.accuracy()
	if err != nil {
		return err
	}
	o := a.options()
	o.Accuracy = known
	front, err := deploy.Front(cmd.Context(), s, a.settings.GetBool("check"), o)
	a.endProgress()
	if err != nil {
		return err
	}
	if file := a.settings.GetString("plot"); file != "" {
		if err := report.FrontFigure(file, front); err != nil {
			return err
		}
		if err := a.stamp(file); err != nil {
			return err
		}
	}
	return writeResult(a.app, front, report.Front, report.FrontCSV)
}

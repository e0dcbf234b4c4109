package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"agentsim/ask"
	"agentsim/configs"
	"agentsim/metrics"
)

// accuracyShipped names the errors that come with the program.
const accuracyShipped = "serving"

// accuracy is how far predictions were off: of public runs, or with those that
// fit-deployment has learnt from.
func (a *app) accuracy() (*configs.Accuracy, error) {
	name := a.settings.GetString("accuracy")
	if slices.Contains(configs.Presets().Names("accuracy"), name) {
		known, _, err := configs.LoadPreset[configs.Accuracy](configs.Presets(), "accuracy", name, nil)
		return known, err
	}
	text, err := a.readFile(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("--accuracy: %w; want a file of fit-deployment or one of %s", err,
			strings.Join(configs.Presets().Names("accuracy"), ", "))}
	}
	known, _, err := configs.Load[configs.Accuracy](configs.Presets(), configs.Source{Name: name, Text: text}, nil)
	return known, err
}

// bounded searches the capacity of a scenario and says where it lies by the
// errors of the model.
func bounded(ctx context.Context, a *app, s *configs.Scenario, p *configs.Provenance,
) (*metrics.Result, error) {
	known, err := a.accuracy()
	if err != nil {
		return nil, err
	}
	o := a.options()
	o.Accuracy, o.Aim = known, a.aim()
	return ask.Bounded(ctx, s, p, o)
}

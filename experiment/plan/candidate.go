package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"agentsim/configs"
	"agentsim/metrics"
)

// ErrNoKernels marks a system that no engine has kernels for.
var ErrNoKernels = errors.New("no engine has kernels for it")

// First sizes a unit of a system under the first of the engines that serves a
// scenario's agents there. Load reads the scenario as a text lays it over the
// system and the engine, its deployment open.
func First(ctx context.Context, scenario, system string, engines []string, load func(text string) (Candidate, error)) (
	*Unit, Candidate, error) {
	failed := fmt.Errorf("%s: %w", system, ErrNoKernels)
	for _, engine := range slices.Compact(slices.Clone(engines)) {
		c, err := load(fmt.Sprintf("extends: %s\nname: plan\nsystem: %s\nengine: %s\ndeployment:\n", strconv.Quote(scenario),
			strconv.Quote(system), strconv.Quote(engine)))
		if err != nil {
			failed = err
			continue
		}
		unit, err := Size(ctx, c)
		if errors.Is(err, metrics.ErrInfeasible) { // another engine may have kernels that this one lacks
			failed = err
			continue
		}
		return unit, c, err
	}
	return nil, Candidate{}, failed
}

// Aside are the overrides of what is the same on every system.
func Aside(sets []string) []string {
	return slices.DeleteFunc(slices.Clone(sets), func(set string) bool {
		path, _, _ := strings.Cut(set, "=")
		return slices.ContainsFunc([]string{"system", "engine", "kernels", "deployment"}, func(own string) bool {
			return configs.Holds(own, strings.TrimSpace(path))
		})
	})
}

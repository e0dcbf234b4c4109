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

// Usual is the scenario of a plan that names none.
const Usual = "gb300-agentperf-slo20"

// Fleet is what is asked of every system.
type Fleet struct {
	Classes []Class
	Shared  bool     // classes of one model are served together by the same units
	Engines []string // to compare; empty = the scenario's, or the first other that has kernels
	Budget  Budget
	Spares  Spares

	// Load reads a text that lays a scenario over a system and an engine; Note is
	// told of what a unit is made of, and may be nil.
	Load func(text string) (Candidate, error)
	Note func(system string, c Candidate)

	asked map[string]*configs.Scenario
	size  sizer // of a unit; tests replace it
}

type sizer func(ctx context.Context, scenario, system string, engines []string, load func(string) (Candidate, error)) (
	*Unit, Candidate, error)

// ParseSpares reads n+1 and n+n.
func ParseSpares(text string) (Spares, error) {
	switch rest, ok := strings.CutPrefix(strings.ToLower(text), "n+"); {
	case text == "":
		return Spares{}, nil
	case rest == "n" && ok:
		return Spares{Half: true}, nil
	default:
		if n, err := strconv.Atoi(rest); err == nil && ok && n >= 0 {
			return Spares{Extra: n}, nil
		}
	}
	return Spares{}, fmt.Errorf("spares %s: want n+1, n+2, … or n+n", text)
}

// Read reads the scenarios of the classes and reports what cannot be.
func (f *Fleet) Read(load func(name string) (*configs.Scenario, error)) error {
	if err := errors.Join(f.Budget.Validate(), f.Spares.Validate(), CheckShares(f.Classes)); err != nil {
		return err
	}
	f.asked = map[string]*configs.Scenario{}
	if f.size == nil {
		f.size = First
	}
	for _, class := range f.Classes {
		s, err := load(class.Name)
		if err != nil {
			return err
		}
		if f.Budget.Money > 0 && s.Price == (configs.PriceSpec{}) {
			return fmt.Errorf("money: %w: %s has no prices; want price.accelerator_hour or price.electricity_kwh",
				metrics.ErrConfiguration, class.Name)
		}
		f.asked[class.Name] = s
	}
	return nil
}

// Plan fills the budget with units of each system in turn.
func (f *Fleet) Plan(ctx context.Context, systems []string, progress func(system string, done int)) (
	*metrics.Plan, error) {
	if len(systems) == 0 {
		systems = configs.Presets().Names("systems")
	}
	b := f.Budget
	result := &metrics.Plan{Options: []*metrics.PlanOption{}, Budget: metrics.PlanBudget{MW: b.MW,
		Boundary: string(b.Boundary), Racks: b.Units, Money: b.Money}}
	for i, system := range systems {
		if progress != nil {
			progress(system, i)
		}
		options, err := f.options(ctx, system)
		switch {
		case err == nil:
			result.Options = append(result.Options, options...)
		case errors.Is(err, metrics.ErrInfeasible), TooSmall(err), errors.Is(err, ErrNoKernels):
			result.LeftOut = append(result.LeftOut, metrics.PlanLeftOut{System: system, Why: err.Error()})
		default:
			return nil, err
		}
	}
	if len(result.Options) == 0 {
		return nil, fmt.Errorf("%w: no system serves an agent within the budget; %s", metrics.ErrInfeasible,
			strings.TrimPrefix(result.LeftOut[0].Why, metrics.ErrInfeasible.Error()+": "))
	}
	Sort(result.Options)
	return result, nil
}

// options are the fleets of one system: one, or one an engine that is compared.
func (f *Fleet) options(ctx context.Context, system string) ([]*metrics.PlanOption, error) {
	if len(f.Engines) == 0 {
		o, err := f.option(ctx, system, configs.Presets().Names("engines"))
		if err != nil {
			return nil, err
		}
		return []*metrics.PlanOption{o}, nil
	}
	var list []*metrics.PlanOption
	var failed error
	for _, engine := range f.Engines {
		o, err := f.option(ctx, system, []string{engine})
		switch {
		case err == nil:
			list = append(list, o)
		case failed == nil:
			failed = err
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	return nil, failed
}

// option is one system as the whole fleet, under the first of the engines that can.
func (f *Fleet) option(ctx context.Context, system string, engines []string) (*metrics.PlanOption, error) {
	var classes []Class
	for _, group := range f.groups() {
		try := engines
		if len(f.Engines) == 0 {
			try = append([]string{f.asked[group[0].Name].Engine.Name}, engines...)
		}
		class, err := f.sized(ctx, group, system, try)
		if err != nil {
			return nil, err
		}
		classes = append(classes, *class)
	}
	if len(classes) == 1 {
		return Option(classes[0].Unit, f.Budget, f.Spares)
	}
	return Mix(classes, f.Budget, f.Spares)
}

// groups are the classes that units serve together.
func (f *Fleet) groups() (groups [][]Class) {
	at := map[string]int{}
	for _, class := range f.Classes {
		model := f.asked[class.Name].Model.Name
		if i, ok := at[model]; ok && f.Shared {
			groups[i] = append(groups[i], class)
			continue
		}
		at[model] = len(groups)
		groups = append(groups, []Class{class})
	}
	return groups
}

// sized is a group as one class, with a unit that serves all of it. Where levels
// differ all agents are held to the one under which the fewest are served.
func (f *Fleet) sized(ctx context.Context, group []Class, system string, engines []string) (*Class, error) {
	one := Class{}
	var names []string
	for _, c := range group {
		one.Share += c.Share
		names = append(names, c.Name)
	}
	one.Name = strings.Join(names, " + ")
	for i, level := range f.levels(group) {
		load := func(text string) (Candidate, error) {
			c, err := f.Load(text)
			if err != nil {
				return c, err
			}
			for _, other := range group[1:] {
				c.Mix = append(slices.Clone(c.Mix), configs.MixPart{Share: other.Share / one.Share,
					Workload: f.asked[other.Name].Workload})
			}
			if i > 0 {
				c.SLO = level
			}
			return c, nil
		}
		unit, c, err := f.size(ctx, group[0].Name, system, engines, load)
		if err != nil {
			return nil, err
		}
		if one.Unit == nil || unit.Agents < one.Unit.Agents {
			one.Unit = unit
		}
		if i == 0 && f.Note != nil {
			f.Note(system, c)
		}
	}
	return &one, nil
}

// levels are the different service levels of a group, that of its first class
// first.
func (f *Fleet) levels(group []Class) (levels []configs.SLO) {
	known := map[string]bool{}
	for _, c := range group {
		level := f.asked[c.Name].SLO
		if key := level.SLO.String(); !known[key] {
			known[key] = true
			levels = append(levels, level)
		}
	}
	return levels
}

// Package plan fills a budget with units of a system: so many megawatts, racks or
// so much money an hour. It says which system holds the most agents, each with
// the deployment that the analytic model ranks first.
package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/experiment/uncertainty"
	"agentsim/fault"
	"agentsim/metrics"
)

// Boundary says which watts a budget of power counts.
type Boundary string

// The boundaries of a budget of power.
const (
	Accelerator Boundary = "accelerator" // the accelerators as drawn
	IT          Boundary = "it"          // at the wall
	Facility    Boundary = "facility"    // with the building
)

// Budget is what may be spent; exactly one of the three is above 0.
type Budget struct {
	MW       float64 // megawatts within the boundary, as drawn
	Boundary Boundary
	Units    int     // whole systems
	Money    float64 // an hour, in the scenario's currency: accelerators by the hour and the facility's electricity
}

// Spares says how often units are out of service, or how many are to be spare. The
// zero value takes them to be there always.
type Spares struct {
	Extra        int     // units beside those that serve: N+1, N+2
	Half         bool    // as many as serve: N+N, such as a second site
	MTBF         float64 // mean time between failures of a unit, in hours; 0 = units do not fail
	Repair       float64 // mean time until a failed unit serves again, in hours
	Availability float64 // share of the time at which all agents are to be served, below 1
}

// Validate reports what cannot be.
func (b Budget) Validate() error {
	var faults fault.List
	given := 0
	for _, one := range []float64{b.MW, float64(b.Units), b.Money} {
		if one != 0 {
			given++
		}
	}
	faults.Check(given == 1, "budget", given, "one of --mw, --racks and --money")
	faults.Check(b.MW >= 0 && !math.IsInf(b.MW, 0), "mw", b.MW, "megawatts above 0")
	faults.Check(b.Units >= 0, "racks", b.Units, "a number above 0")
	faults.Check(b.Money >= 0 && !math.IsInf(b.Money, 0), "money", b.Money, "an amount above 0")
	known := []Boundary{Accelerator, IT, Facility}
	faults.Check(slices.Contains(known, b.Boundary), "boundary", b.Boundary, "accelerator, it or facility")
	return faults.Err()
}

// Validate reports what cannot be.
func (s Spares) Validate() error {
	var faults fault.List
	faults.Check(s.MTBF >= 0 && s.Repair >= 0, "mtbf", s.MTBF, "hours, 0 or more, as repair")
	faults.Check(s.Extra >= 0, "spares", s.Extra, "n+1, n+2, … or n+n")
	faults.Check(s.Availability >= 0 && s.Availability < 1, "availability", s.Availability, "a share below 1, as 0.999")
	faults.Check(s.Availability == 0 || s.MTBF > 0, "mtbf", s.MTBF, "hours above 0, which an availability needs")
	faults.Check(s.Repair == 0 || s.MTBF > 0 || s.Availability > 0, "mtbf", s.MTBF,
		"hours above 0, which a time of repair needs")
	return faults.Err()
}

// Candidate is a scenario on a system that a fleet could be of, its deployment
// open.
type Candidate struct {
	*configs.Scenario
	Provenance *configs.Provenance
	Aim        metrics.Aim       // of the choice of its deployment
	Accuracy   *configs.Accuracy // how far predictions are off, for the interval; nil = as shipped
}

// Aim is what deployments are to be best at where so much may be spent.
func (b Budget) Aim() metrics.Aim {
	switch {
	case b.Units > 0:
		return metrics.Aim{Objective: metrics.AgentsInAll}
	case b.Money > 0:
		return metrics.Aim{Objective: metrics.AgentsForCost}
	}
	return metrics.Aim{Objective: map[Boundary]string{Accelerator: metrics.PerMWDrawn, IT: metrics.PerMWAtWall,
		Facility: metrics.PerMWFacility}[b.Boundary]}
}

// Unit is what one system holds of one kind of agents.
type Unit struct {
	metrics.PlanUnit
	System     string
	Engine     string
	Deployment string // in words
	Limit      string

	agents       metrics.Quantiles // of one unit
	accelerators int
}

// Size estimates what a unit of a system holds.
func Size(ctx context.Context, c Candidate) (*Unit, error) {
	r, d, err := deploy.Best(ctx, c.Scenario, c.Aim, c.Accuracy)
	if err != nil {
		return nil, err
	}
	c.Deployment = *d
	copies := max(c.System.Accelerators/d.Accelerators(), 1) // of the deployment in a unit
	accuracy := c.Accuracy
	if accuracy == nil {
		if accuracy, err = configs.PublicAccuracy(); err != nil {
			return nil, err
		}
	}
	asked := &uncertainty.Scenario{Scenario: c.Scenario, Provenance: c.Provenance}
	known, err := uncertainty.Interval(ctx, asked, r, accuracy, uncertainty.IntervalOptions{})
	if err != nil {
		return nil, err
	}
	return &Unit{
		PlanUnit:     unitOf(c.Scenario, r, copies),
		System:       c.System.Name,
		Engine:       c.Engine.Name,
		Deployment:   deploy.Shape(d),
		Limit:        r.Limit,
		agents:       times(known.Agents, float64(copies)),
		accelerators: c.System.Accelerators,
	}, nil
}

func times(q metrics.Quantiles, n float64) metrics.Quantiles {
	return metrics.Quantiles{P10: q.P10 * n, P50: q.P50 * n, P90: q.P90 * n}
}

// Option is a fleet of one kind of units for one kind of agents.
func Option(u *Unit, b Budget, spares Spares) (*metrics.PlanOption, error) {
	o := &metrics.PlanOption{
		System:     u.System,
		Engine:     u.Engine,
		Deployment: u.Deployment,
		Limit:      u.Limit,
		Unit:       u.PlanUnit,
	}
	if o.Units = affordable(&o.Unit, b); o.Units < 1 {
		return nil, fmt.Errorf("%w: one unit of %s takes %s", errBudget, u.System, priceOf(&o.Unit, b))
	}
	o.SpareUnits = o.Units - serving(o.Units, spares)
	if o.Units == o.SpareUnits {
		return nil, fmt.Errorf("%w: %d units of %s are too few for %s", errBudget, o.Units, u.System, spares)
	}
	o.Accelerators = o.Units * u.accelerators
	o.ShareBelow = shareBelow(o.Units, o.Units-o.SpareUnits, spares)
	n := float64(o.Units - o.SpareUnits)
	o.Agents, o.Estimate = times(u.agents, n), u.PlanUnit.Agents*n
	o.MW = watts(&o.Unit, b.Boundary) * float64(o.Units)
	o.Headroom = b.left(o.MW, o.Unit.Hour*float64(o.Units), o.Units)
	return o, nil
}

// left is the share of the budget that a fleet leaves.
func (b Budget) left(mw, hour float64, units int) float64 {
	switch {
	case b.MW > 0:
		return 1 - mw/b.MW
	case b.Money > 0:
		return 1 - hour/b.Money
	}
	return 1 - float64(units)/float64(max(1, b.Units))
}

// errBudget marks a budget that is too small for a single unit.
var errBudget = errors.New("the budget is too small")

// unitOf is what one system of the fleet takes.
func unitOf(s *configs.Scenario, r *metrics.Result, copies int) metrics.PlanUnit {
	const mega, kilo = 1e6, 1e3
	n := float64(copies)
	u := metrics.PlanUnit{
		Agents:        float64(r.Capacity.Agents) * n,
		AcceleratorMW: r.Power.AcceleratorW * n / mega,
		ITMW:          r.Power.ITW * n / mega,
		FacilityMW:    r.Power.FacilityW * n / mega,
		ProvisionedMW: r.Power.ProvisionedW * n / mega,
	}
	u.Hour = float64(s.System.Accelerators)*s.Price.AcceleratorHour + u.FacilityMW*kilo*s.Price.ElectricityKWh
	return u
}

// affordable is how many units a budget holds.
func affordable(u *metrics.PlanUnit, b Budget) int {
	const most = 1 << 20
	switch {
	case b.Units > 0:
		return b.Units
	case b.Money > 0 && u.Hour > 0:
		return int(min(b.Money/u.Hour, most))
	case b.MW > 0:
		return int(min(b.MW/watts(u, b.Boundary), most))
	}
	return 0
}

func watts(u *metrics.PlanUnit, b Boundary) float64 {
	switch b {
	case Accelerator:
		return u.AcceleratorMW
	case IT:
		return u.ITMW
	}
	return u.FacilityMW
}

func priceOf(u *metrics.PlanUnit, b Budget) string {
	if b.Money > 0 {
		return fmt.Sprintf("%.4g an hour", u.Hour)
	}
	return fmt.Sprintf("%.4g MW (%s)", watts(u, b.Boundary), b.Boundary)
}

// serving is the largest number of units of which at least so many are in
// service for the share of the time that is asked for. Units fail and are
// repaired independently, so that the number in service is binomial.
func serving(units int, s Spares) int {
	most := max(0, units-s.Extra)
	if s.Half {
		most = units / 2
	}
	for k := most; k > 0; k-- {
		if shareBelow(units, k, s) <= 1-s.Availability || s.MTBF == 0 {
			return k
		}
	}
	return 0
}

// shareBelow is the share of the time at which fewer than k of n units are in
// service.
func shareBelow(n, k int, s Spares) float64 {
	if s.MTBF == 0 {
		return 0
	}
	up := s.MTBF / (s.MTBF + s.Repair)
	if up == 1 {
		return 0
	}
	below := 0.
	for i := range k {
		choose := lgamma(n+1) - lgamma(i+1) - lgamma(n-i+1)
		below += math.Exp(choose + float64(i)*math.Log(up) + float64(n-i)*math.Log1p(-up))
	}
	return min(below, 1)
}

func lgamma(n int) float64 {
	v, _ := math.Lgamma(float64(n))
	return v
}

// String says what is asked of spares.
func (s Spares) String() string {
	var said []string
	switch {
	case s.Half:
		said = append(said, "n+n")
	case s.Extra > 0:
		said = append(said, fmt.Sprintf("n+%d", s.Extra))
	}
	if s.Availability > 0 {
		said = append(said, fmt.Sprintf("an availability of %g", s.Availability))
	}
	return strings.Join(said, " and ")
}

// Sort puts the option with the most agents first.
func Sort(options []*metrics.PlanOption) {
	slices.SortStableFunc(options, func(a, b *metrics.PlanOption) int { return cmp.Compare(b.Agents.P50, a.Agents.P50) })
}

// TooSmall says whether an error is that of a budget below one unit.
func TooSmall(err error) bool { return errors.Is(err, errBudget) }

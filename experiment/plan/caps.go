package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"agentsim/configs"
	"agentsim/experiment/deploy"
	"agentsim/fault"
	"agentsim/metrics"
	"agentsim/serve"
	"agentsim/units"
)

// EnergyAware is the policy that gives each pool the share of a rack's watts with
// which the rack serves most agents, by the estimate.
const EnergyAware = "energy-aware"

// Oversubscription is more racks than their power was reserved for.
type Oversubscription struct{ Racks, Within int }

// Validate reports what cannot be.
func (o Oversubscription) Validate() error {
	var faults fault.List
	faults.Check(o.Within >= 1, "within", o.Within, "racks whose power there is, 1 or more")
	faults.Check(o.Racks >= o.Within, "racks", o.Racks, fmt.Sprintf("as many racks as have power, %d, or more", o.Within))
	return faults.Err()
}

// Capping loads and answers scenarios for Caps.
type Capping struct {
	Accuracy *configs.Accuracy // how far predictions are off, where a deployment is to be chosen; nil = as shipped
	Load     func(sets ...string) (*configs.Scenario, error)
	Answer   func(context.Context, *configs.Scenario) (*metrics.Result, error) // of a policy
	Guess    func(*configs.Scenario) (*metrics.Result, error)                  // of one split among many, in milliseconds
}

// Caps answers what every policy costs, each with the same watts a rack: the
// nameplates of o.Within racks shared by o.Racks.
func (c *Capping) Caps(ctx context.Context, o Oversubscription) (*metrics.Caps, error) {
	plain, err := c.Load()
	if err != nil {
		return nil, err
	}
	if plain.Deployment.Mode == serve.Auto {
		_, best, err := deploy.Best(ctx, plain, metrics.Aim{}, c.Accuracy)
		if err != nil {
			return nil, err
		}
		plain.Deployment = *best
	}
	watts := float64(plain.System.Overheads.Nameplate) * float64(o.Within) / float64(o.Racks)
	out := &metrics.Caps{Scenario: plain.Name, Racks: o.Racks, Within: o.Within, RackCapW: watts}
	none, err := c.row(ctx, plain, "none", []string{})
	if err != nil {
		return nil, err
	}
	out.Uncapped = *none
	add := func(row *metrics.CapPolicy) {
		row.Kept = row.Agents / max(1, out.Uncapped.Agents)
		row.Fleet = row.Kept * float64(o.Racks) / float64(o.Within)
		out.Policies = append(out.Policies, *row)
	}
	for _, policy := range configs.Policies() {
		settings := []string{fmt.Sprintf("power.rack_cap=%.0fW", watts), "power.policy=" + policy}
		s, err := c.Load(settings...)
		if err != nil {
			return nil, err
		}
		s.Deployment = plain.Deployment
		if policy != configs.Uniform && s.Deployment.Mode != serve.Disaggregated {
			continue // one pool: nothing to give first
		}
		row, err := c.row(ctx, s, policy, settings)
		if err != nil {
			return nil, err
		}
		add(row)
		if policy != configs.Uniform || s.Deployment.Mode != serve.Disaggregated {
			continue
		}
		if err := c.addAware(ctx, s, add); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out.Policies, func(a, b metrics.CapPolicy) int { return cmp.Compare(b.Agents, a.Agents) })
	return out, nil
}

// row answers one policy.
func (c *Capping) row(ctx context.Context, s *configs.Scenario, policy string, settings []string) (
	*metrics.CapPolicy, error) {
	r, err := c.Answer(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", policy, err)
	}
	d, perRack := &s.Deployment, float64(s.System.Accelerators)/float64(s.Deployment.Accelerators())
	row := &metrics.CapPolicy{
		Policy:    policy,
		CapsW:     map[string]float64{},
		Agents:    float64(r.Capacity.Agents),
		Kept:      1,
		Fleet:     1,
		TurnsPerS: r.Metrics.TurnsPerS,
		RackW:     r.Power.ITW * perRack,
		Limit:     r.Limit,
		Settings:  settings,
	}
	for _, p := range d.Pools() {
		row.CapsW[p.Name] = float64(d.CapOf(p.Spec, &s.System))
	}
	return row, nil
}

// splits are how many caps of the prefill pool are guessed at, and tries how many
// of them are answered: the best, and others on the way to a uniform cap. Where
// decoding slows to the level's own speed a guess by mean flows is too bright: the
// speed of three calls in four then hangs on how steps differ, which means leave out.
const (
	splits = 16
	tries  = 3
)

// addAware adds the split of a rack's watts with which it serves most agents.
func (c *Capping) addAware(ctx context.Context, uniform *configs.Scenario, add func(*metrics.CapPolicy)) error {
	caps, alike := c.guessed(uniform)
	var best *metrics.CapPolicy
	for i := range tries {
		way := float64(i) / tries
		at := [2]float64{caps[0] + way*(alike-caps[0]), caps[1] + way*(alike-caps[1])}
		row, err := c.row(ctx, withCaps(uniform, at), EnergyAware, []string{
			fmt.Sprintf("deployment.prefill.accelerator_cap=%.0fW", at[0]),
			fmt.Sprintf("deployment.decode.accelerator_cap=%.0fW", at[1])})
		if err != nil {
			return err
		}
		if best == nil || row.Agents > best.Agents {
			best = row
		}
	}
	add(best)
	return nil
}

// guessed is the caps of prefill and decode with which the estimate serves most
// agents, of equal ones those that draw least, and the cap of all alike.
func (c *Capping) guessed(uniform *configs.Scenario) (best [2]float64, alike float64) {
	power, d := &uniform.System.Accelerator.Power, &uniform.Deployment
	n, m := float64(d.Prefill.Workers*d.Prefill.Accelerators), float64(d.Decode.Workers*d.Decode.Accelerators)
	const above = 1.1 // static power: less leaves no room for work
	limit, rated, least := float64(power.Cap()), float64(power.TDP), above*float64(power.Static())
	lowest, highest := max(least, (limit*(n+m)-rated*m)/n), min(rated, (limit*(n+m)-least*m)/n)
	best = [2]float64{limit, limit}
	agents, drawn := -1.0, 0.0
	for i := range splits + 1 {
		prefill := lowest + (highest-lowest)*float64(i)/splits
		at := [2]float64{prefill, (limit*(n+m) - prefill*n) / m}
		r, err := c.Guess(withCaps(uniform, at))
		if err != nil {
			continue // serves nobody at such a split
		}
		if a := float64(r.Capacity.Agents); a > agents || a == agents && r.Power.ITW < drawn {
			best, agents, drawn = at, a, r.Power.ITW
		}
	}
	return best, limit
}

// withCaps is a scenario with caps of its pools, prefill first, instead of those
// of the site.
func withCaps(s *configs.Scenario, caps [2]float64) *configs.Scenario {
	out := *s
	out.System.Accelerator.Power.Limit, out.System.Accelerator.Power.Shared = 0, nil
	first, second := *s.Deployment.Prefill, *s.Deployment.Decode
	first.Cap, second.Cap = units.Watts(caps[0]), units.Watts(caps[1])
	out.Deployment.Prefill, out.Deployment.Decode = &first, &second
	return &out
}

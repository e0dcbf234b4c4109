package deploy

import (
	"slices"

	"agentsim/configs"
	"agentsim/serve"
)

// decodeShares are the parts of the accelerators that a disaggregated
// deployment gives to decode.
func decodeShares() []float64 { return []float64{1. / 9, 1. / 6, 1. / 4, 1. / 3, 1. / 2, 2. / 3} }

// leastUsed is the part of the accelerators that a deployment must use: what
// stands idle was paid for.
const leastUsed = 0.85

// batchLimits are the decode batches that an engine captures.
func batchLimits(s *configs.Scenario) []int {
	if len(s.Engine.Graphs) > 0 {
		return slices.Sorted(slices.Values(s.Engine.Graphs))
	}
	return []int{1, 2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512}
}

// base is the scenario's deployment without its pools.
func (f *Finder) base() serve.DeploymentSpec {
	d := f.scenario.Deployment
	d.Mode, d.Aggregated, d.Prefill, d.Decode, d.Units = "", nil, nil, nil, 0
	return d
}

// candidates lists the deployments of the workers on the shortlists, with
// their batch limits left open.
func (f *Finder) candidates() []serve.DeploymentSpec {
	whole, first, second := f.shortlists()
	var list []serve.DeploymentSpec
	for _, units := range f.units() {
		for i := range whole {
			list = f.join(list, units, &whole[i])
		}
		for i := range first {
			for j := range second {
				list = f.pair(list, units, &first[i], &second[j])
			}
		}
	}
	return list
}

// units are the numbers of equal copies: one; in a hall of several domains one
// copy a domain, as no cache then leaves it.
func (f *Finder) units() []int {
	budget, domain := f.scenario.Deployment.Budget, f.scenario.System.Domain
	const pair = 2 // of domains, where a worker more in one may be worth more than short ways
	switch copies := budget / domain; {
	case budget%domain != 0 || copies <= 1:
		return []int{1}
	case copies <= pair:
		return []int{1, copies}
	default:
		return []int{copies}
	}
}

// join adds the deployment of as many aggregated workers as there is room for.
func (f *Finder) join(list []serve.DeploymentSpec, units int, o *option) []serve.DeploymentSpec {
	workers := f.scenario.Deployment.Budget / units / o.pool.Shape.Accelerators
	if workers < 1 {
		return list
	}
	d := f.base()
	p := o.pool
	d.Mode, d.Units, p.Workers = serve.Aggregated, units, workers
	d.Aggregated = &p
	return f.keep(list, d)
}

// pair adds the deployments of two kinds of workers at several ratios.
func (f *Finder) pair(list []serve.DeploymentSpec, units int, first, second *option) []serve.DeploymentSpec {
	total := f.scenario.Deployment.Budget / units
	tried := 0
	for _, share := range decodeShares() {
		decoders := int(share*float64(total)/float64(second.pool.Shape.Accelerators) + 0.5)
		fillers := (total - decoders*second.pool.Shape.Accelerators) / first.pool.Shape.Accelerators
		if decoders <= tried || fillers < 1 {
			continue
		}
		tried = decoders
		d := f.base()
		p, q := first.pool, second.pool
		d.Mode, d.Units, p.Workers, q.Workers = serve.Disaggregated, units, fillers, decoders
		d.Prefill, d.Decode = &p, &q
		list = f.keep(list, d)
	}
	return list
}

// keep adds a deployment that uses enough of the accelerators.
func (f *Finder) keep(list []serve.DeploymentSpec, d serve.DeploymentSpec) []serve.DeploymentSpec {
	if d.Units == 1 {
		d.Units = 0
	}
	if float64(d.Accelerators()) < leastUsed*float64(f.scenario.Deployment.Budget) {
		return list
	}
	return append(list, d)
}

// written are the deployments that the scenario writes down beside mode auto,
// in as many units as the budget holds.
func (f *Finder) written() []serve.DeploymentSpec {
	d := f.scenario.Deployment
	var list []serve.DeploymentSpec
	for _, mode := range []string{serve.Aggregated, serve.Disaggregated} {
		d.Mode, d.Units = mode, 0
		if d.Validate() != nil || d.Accelerators() > d.Budget {
			continue
		}
		if d.Units = d.Budget / d.Accelerators(); d.Units == 1 {
			d.Units = 0
		}
		list = append(list, d)
	}
	return list
}

package deploy

import (
	"fmt"

	"agentsim/metrics"
	"agentsim/serve"
)

// Shape names a deployment by its workers, as in "16×4 dp ep4 + 1×8 dp ep8".
func Shape(d *serve.DeploymentSpec) string {
	text := ""
	for _, p := range d.Pools() {
		if text != "" {
			text += " + "
		}
		kind := p.Spec.Spread()
		if p.Spec.ExpertsPath != "" {
			kind += " " + p.Spec.ExpertsPath
		}
		text += fmt.Sprintf("%d×%d %s", p.Workers, p.Spec.Accelerators, kind)
	}
	return text
}

// Table lists the ranking for a result: the best of every shape and what the
// scenario writes down, with what they lose by against the winner.
func (r *Ranking) Table() []metrics.Deployment {
	const most = 12
	var list []metrics.Deployment
	seen := map[string]bool{}
	best := r.List[0].score(r.aim)
	for i := range r.List {
		one := &r.List[i]
		shape := Shape(&one.Deployment)
		if one.Simulated == nil && (seen[shape] || len(list) >= most) {
			continue
		}
		seen[shape] = true
		row := one.row(shape)
		if best > 0 {
			row.LosesBy = 1 - one.score(r.aim)/best
		}
		list = append(list, row)
	}
	return list
}

func (r *Ranked) row(shape string) metrics.Deployment {
	pools := r.Deployment.Pools()
	last := pools[len(pools)-1].Spec
	row := metrics.Deployment{
		Shape:           shape,
		Mode:            r.Deployment.Mode,
		Accelerators:    r.Deployment.Accelerators(),
		MaxBatchPerRank: last.MaxBatchPerRank,
		DraftTokens:     last.Depth(),
		TokenBudget:     pools[0].Spec.TokenBudget,
		Estimated:       r.Estimate.PerMW,
		Agents:          r.Estimate.Agents,
		Limit:           r.Estimate.Limit,
		Written:         r.Written,
		Value:           r.Value,
		P25:             r.P25,
		Nearest:         r.Nearest,
	}
	if c := r.Rehearsed; c != nil {
		row.Estimated, row.Agents, row.Limit = c.Capacity.PerMW.AcceleratorMeasured, c.Capacity.Agents, c.Limit
	}
	if r.Simulated != nil {
		row.Simulated, row.Agents, row.Limit = r.PerMW(), r.Simulated.Capacity.Agents, r.Simulated.Limit
		row.Protocol = r.Protocol
	}
	row.FlowsAlone = r.known() == 0
	return row
}

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
		shape := p.Spec.Shape.Normalised()
		kind := fmt.Sprintf("tp%d", shape.TP)
		if shape.DPAttention {
			kind = "dp"
			if shape.TP > 1 {
				kind += fmt.Sprintf(" tp%d", shape.TP)
			}
		}
		if shape.DCP > 1 {
			kind += fmt.Sprintf(" dcp%d", shape.DCP)
		}
		if shape.PCP > 1 {
			kind += fmt.Sprintf(" pcp%d", shape.PCP)
		}
		if shape.EP > 1 {
			kind += fmt.Sprintf(" ep%d", shape.EP)
		}
		if shape.PP > 1 {
			kind += fmt.Sprintf(" pp%d", shape.PP)
		}
		if p.Spec.ExpertsPath != "" {
			kind += " " + p.Spec.ExpertsPath
		}
		text += fmt.Sprintf("%d×%d %s", p.Workers, shape.Accelerators, kind)
	}
	return text
}

// Table lists the ranking for a result: the best of every shape and what the
// scenario writes down, with what they lose by against the winner.
func (r *Ranking) Table() []metrics.Deployment {
	const most = 12
	var list []metrics.Deployment
	seen := map[string]bool{}
	best := r.List[0].PerMW()
	for i := range r.List {
		one := &r.List[i]
		shape := Shape(&one.Deployment)
		if one.Simulated == nil && (seen[shape] || len(list) >= most) {
			continue
		}
		seen[shape] = true
		list = append(list, one.row(shape, best))
	}
	return list
}

func (r *Ranked) row(shape string, best float64) metrics.Deployment {
	pools := r.Deployment.Pools()
	last := pools[len(pools)-1].Spec
	row := metrics.Deployment{Shape: shape, Mode: r.Deployment.Mode, Accelerators: r.Deployment.Accelerators(),
		MaxBatchPerRank: last.MaxBatchPerRank, DraftTokens: last.Depth(), TokenBudget: pools[0].Spec.TokenBudget,
		Estimated: r.Estimate.PerMW, Agents: r.Estimate.Agents, Limit: r.Estimate.Limit, LosesBy: 1 - r.PerMW()/best,
		Written: r.Written}
	if c := r.Rehearsed; c != nil {
		row.Estimated, row.Agents, row.Limit = c.Capacity.PerMW.AcceleratorMeasured, c.Capacity.Agents, c.Limit
	}
	if r.Simulated != nil {
		row.Simulated, row.Agents, row.Limit = r.PerMW(), r.Simulated.Capacity.Agents, r.Simulated.Limit
	}
	return row
}

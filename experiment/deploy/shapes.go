package deploy

import (
	"agentsim/configs"
	"agentsim/models/step"
)

// widths are the sizes of workers that are tried: engines are run at powers
// of two.
func widths() []int { return []int{1, 2, 4, 8, 16, 32, 64} }

// headsLeast is how many query heads tensor parallelism leaves a rank: kernels
// pad fewer.
const headsLeast = 8

// shapes are the ways to spread one worker over at most a number of
// accelerators: tensor-parallel attention or several ranks of it, experts
// split or spread, stages. Not all are legal for the model, or fit.
func shapes(s *configs.Scenario, most int) []step.Shape {
	var list []step.Shape
	for _, n := range widths() {
		if n > most {
			break
		}
		stages := (n + s.System.Domain - 1) / s.System.Domain
		for _, pp := range []int{1, 2 * stages} {
			if n%pp == 0 && (pp == 1 || n/pp <= s.System.Domain) {
				list = append(list, stage(s, step.Shape{Accelerators: n, PP: pp}, n/pp)...)
			}
		}
		if stages > 1 && n%stages == 0 {
			list = append(list, stage(s, step.Shape{Accelerators: n, PP: stages}, n/stages)...)
		}
	}
	return list
}

// stage lists the ways to spread a stage of n accelerators.
func stage(s *configs.Scenario, worker step.Shape, n int) []step.Shape {
	spread := []int{1}
	if s.Model.Experts != nil && n > 1 {
		spread = append(spread, n)
	}
	var list []step.Shape
	add := func(tp, ep int) {
		worker.TP, worker.EP, worker.DPAttention = tp, ep, tp < n
		list = append(list, worker)
	}
	for _, ep := range spread {
		for tp := 1; tp <= n && tp <= s.System.Domain; tp *= 2 {
			if tp > 1 && s.Model.Blocks[0].Attention.Heads/tp < headsLeast {
				break
			}
			if tp == n || tp == 1 || ep == n { // experts split by ranks that each have several accelerators: not run
				add(tp, ep)
			}
		}
	}
	return list
}

package calibrate

import (
	"fmt"
	"slices"

	"agentsim/models/hardware"
)

// launchExcess is how many times the floor of the same module of the same engine
// on another accelerator of the generation is no kernel's any more. Floors are
// launches and latencies of one chip at one clock; over all engines, modules and
// degrees of B200, GB200 and GB300 they lie within 1.4 of each other, but for one
// set of tables: MLA of vLLM on GB200 and GB300 takes 88 to 105 us where the 16th
// part of the heads takes 40 to 50 on B200, and so it does with TensorRT-LLM and
// SGLang on GB200. Its host launched kernel by kernel. On Hopper vLLM's MLA takes 95
// to 119 us with the 16th part of the heads, and TensorRT-LLM's 51, and B200's own
// went from 95 with vLLM 0.22 to 45 with 0.24: graphs were captured in that one table.
const launchExcess = 1.6

// unlaunch gives modules whose small rows measure a host's launches the floors
// that the same modules have where graphs were captured: with the same engine on
// another accelerator of the generation, else with another engine on the same one.
func unlaunch(sets []*fitted) {
	own := clones(sets)
	for i, f := range sets {
		for _, name := range sortedKeys(f.set.Attention) {
			lender := lowestFloors(sets, own, i, name, func(other *fitted) bool {
				return other.engine == f.engine && other.accelerator.Family() == f.accelerator.Family()
			})
			if lender < 0 && !switches(own[i].Attention[name]) {
				lender = lowestFloors(sets, own, i, name, func(other *fitted) bool {
					return other.accelerator.Name == f.accelerator.Name
				})
			}
			if lender >= 0 {
				f.takeFloors(name, own[lender])
			}
		}
	}
}

// lowestFloors is the set with the lowest floors of a module, of those that may
// lend them to set i; -1 = none, or the module of set i measures no launches.
func lowestFloors(sets []*fitted, own []hardware.KernelSet, i int, name string, may func(*fitted) bool) int {
	mine, lender := own[i].Attention[name], -1
	for j, other := range sets {
		theirs, ok := own[j].Attention[name]
		if j == i || !ok || !may(other) || !sameDegrees(mine.Decode, theirs.Decode) || !launched(mine, theirs) {
			continue
		}
		if lender < 0 || floorAtWidest(theirs.Decode) < floorAtWidest(own[lender].Attention[name].Decode) {
			lender = j
		}
	}
	return lender
}

// switches says whether a module changes its kernels with the context: engines do
// so in ways of their own, and floors of one are not those of another.
func switches(a hardware.AttentionKernel) bool {
	return slices.ContainsFunc(a.Decode, func(l hardware.Linear) bool { return l.LongFrom > 0 })
}

// sameDegrees says whether two modules were measured at the same degrees.
func sameDegrees(a, b []hardware.Linear) bool {
	return slices.EqualFunc(a, b, func(x, y hardware.Linear) bool { return x.TP == y.TP })
}

// launched says whether the floors of a module's decode measure launches: at the
// largest degree, where kernels are the shortest.
func launched(mine, theirs hardware.AttentionKernel) bool {
	return len(mine.Grids) == 0 && len(mine.Decode) > 0 && len(theirs.Decode) > 0 &&
		floorAtWidest(mine.Decode) > launchExcess*floorAtWidest(theirs.Decode)
}

// floorAtWidest is the floor at the largest degree.
func floorAtWidest(lines []hardware.Linear) float64 {
	last := slices.MaxFunc(lines, func(a, b hardware.Linear) int { return a.TP - b.TP })
	return float64(last.Floor)
}

// takeFloors takes the floors of a module, degree by degree. What a token and a
// pair take is measured where kernels are longer than launches, and stays.
func (f *fitted) takeFloors(name string, from hardware.KernelSet) {
	mine, theirs := f.set.Attention[name], from.Attention[name]
	mine.Prefill, mine.Decode = floorsOf(mine.Prefill, theirs.Prefill), floorsOf(mine.Decode, theirs.Decode)
	f.set.Attention[name] = mine
	path := "attention." + name
	source := f.set.Sources[path]
	source.Note = fmt.Sprintf("the table's small rows measure launches; the floors are those of %s", from.Name)
	f.set.Sources[path] = source
}

func floorsOf(mine, theirs []hardware.Linear) []hardware.Linear {
	list := slices.Clone(mine)
	for i := range list {
		for _, l := range theirs {
			if l.TP == list[i].TP {
				list[i].Floor = min(list[i].Floor, l.Floor)
				list[i].LongFloor = min(list[i].LongFloor, max(l.LongFloor, l.Floor))
			}
		}
	}
	return list
}

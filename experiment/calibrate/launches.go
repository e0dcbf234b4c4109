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
// SGLang on GB200. Its host launched kernel by kernel.
const launchExcess = 1.6

// unlaunch gives modules whose small rows measure a host's launches the floors
// that the same modules have where graphs were captured.
func unlaunch(sets []*fitted) {
	own := make([]hardware.KernelSet, len(sets))
	for i, f := range sets {
		own[i] = clone(f.set)
	}
	for i, f := range sets {
		for _, name := range sortedKeys(f.set.Attention) {
			lender := -1
			for j, other := range sets {
				if j == i || other.engine != f.engine || other.accelerator.Family() != f.accelerator.Family() {
					continue
				}
				theirs, ok := own[j].Attention[name]
				if !ok || !launched(own[i].Attention[name], theirs) {
					continue
				}
				if lender < 0 || floorAtWidest(theirs.Decode) < floorAtWidest(own[lender].Attention[name].Decode) {
					lender = j
				}
			}
			if lender >= 0 {
				f.takeFloors(name, own[lender])
			}
		}
	}
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

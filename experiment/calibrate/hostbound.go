package calibrate

import (
	"fmt"
	"slices"
)

// Some collectors launch kernels one by one from Python instead of as a
// captured graph. Then the smallest rows all take as long as the launches, and
// say nothing of the accelerator. A plateau above these is such a launch time:
// no kernel of its kind has a floor that high where graphs were captured.
const (
	gemmPlateau   = 25e-6  // captured floors are 3 to 15 µs
	modulePlateau = 300e-6 // captured floors are 40 to 190 µs
)

const (
	lowShare     = 0.05 // quantile of the group's rows that must be above the limits
	plateauShare = 0.3  // quantile that then counts as the plateau
	plateauReach = 2.5  // rows below this many plateaus are taken for launches
)

// dropHostBound leaves out what launches dominate, group by group, and notes
// the groups: their floors must come from elsewhere.
func (b *batch) dropHostBound(plateau float64) {
	names, by := groups(b.samples)
	b.hostBound = map[string]bool{}
	limit := map[string]float64{}
	for _, name := range names {
		seconds := make([]float64, len(by[name]))
		for i, x := range by[name] {
			seconds[i] = x.seconds
		}
		slices.Sort(seconds)
		if seconds[int(lowShare*float64(len(seconds)))] > plateau {
			limit[name] = plateauReach * seconds[int(plateauShare*float64(len(seconds)))]
			b.hostBound[name] = true
		}
	}
	kept := b.samples[:0]
	for _, x := range b.samples {
		if x.seconds < limit[x.group] {
			b.drop(fmt.Sprintf("host-bound: %s was launched kernel by kernel, its rows below %.2g ms measure Python",
				x.group, limit[x.group]/millisecond))
			continue
		}
		kept = append(kept, x)
	}
	b.samples = kept
}

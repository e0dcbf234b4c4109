package hardware

import "agentsim/units"

// Seconds is the time of a collective that moves bytes per rank over a link of
// the given rate: modelling.md eq. (6).
func (c Collective) Seconds(bytes float64, link units.ByteRate) float64 {
	bytes = max(0, bytes)
	t := float64(c.Floor) + bytes/(float64(link)*c.Efficiency)
	if c.LargeEfficiency > 0 {
		t = min(t, float64(c.LargeFloor)+bytes/(float64(link)*c.LargeEfficiency))
	}
	return t
}

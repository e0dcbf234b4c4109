package hardware

import "agentsim/units"

// Seconds is the time of a collective that moves bytes per rank over a link of
// the given rate: modelling.md eq. (6).
func (c Collective) Seconds(bytes float64, link units.ByteRate) float64 {
	if bytes <= 0 {
		return float64(c.Floor)
	}
	return float64(c.Floor) + bytes/(float64(link)*c.Efficiency)
}

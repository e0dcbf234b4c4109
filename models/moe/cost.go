package moe

// HBMSlots is how many expert slots the whole group holds in memory, padding
// included where slots do not divide evenly over the ranks.
func (t *Table) HBMSlots() int { return t.spec.SlotsPerRank() * t.spec.Ranks }

// ExpertWeights is what the experts of a model take and move.
type ExpertWeights struct {
	ExpertBytes float64 // one expert of one layer
	Layers      int     // layers with experts
}

// HBMBytes is the memory that each rank reserves for routed experts.
func (t *Table) HBMBytes(w ExpertWeights) float64 {
	return float64(t.spec.SlotsPerRank()*w.Layers) * w.ExpertBytes
}

// RedundantBytes is the part of HBMBytes that is there for replicas and
// padding.
func (t *Table) RedundantBytes(w ExpertWeights) float64 {
	experts := float64(t.spec.Experts) / float64(t.spec.Ranks)
	return t.HBMBytes(w) - experts*float64(w.Layers)*w.ExpertBytes
}

// MovedShare is the share of slots whose expert changes when a placement is
// renewed (modelling.md 2.3).
const MovedShare = 0.20

// Rebalance is one renewal of a placement.
type Rebalance struct {
	Slots   float64 // expert slots rewritten, over all layers
	Bytes   float64 // moved over the whole group
	Seconds float64 // if every rank receives its part at once
}

// Rebalance is the cost of renewing the placement of all layers when a share
// of slots changes (MovedShare, if nothing better is known) and each rank
// receives at rankBytesPerSecond.
func (t *Table) Rebalance(w ExpertWeights, movedShare, rankBytesPerSecond float64) Rebalance {
	slots := movedShare * float64(t.spec.slots()*w.Layers)
	moved := slots * w.ExpertBytes
	return Rebalance{
		Slots:   slots,
		Bytes:   moved,
		Seconds: moved / float64(t.spec.Ranks) / rankBytesPerSecond,
	}
}

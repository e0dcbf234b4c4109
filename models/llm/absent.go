package llm

import "agentsim/models/hardware"

// absent is attention that is not there: it weighs, computes and remembers
// nothing.
type absent struct{}

func (absent) dimensions() (need, may []string)                  { return nil, nil }
func (absent) rules(Attention) []rule                            { return nil }
func (absent) weights(Attention, float64) AttentionWeights       { return AttentionWeights{} }
func (absent) projections(Attention, float64) []Projection       { return nil }
func (absent) until(reach, int64) Work                           { return Work{} }
func (absent) decode(reach, float64) Work                        { return Work{} }
func (absent) core(Attention) Core                               { return Core{} }
func (absent) entryBytes(Attention, hardware.Format) float64     { return 0 }
func (absent) components(Attention, CacheFormat) layerComponents { return layerComponents{} }
func (absent) shards(Attention) int                              { return 1 }

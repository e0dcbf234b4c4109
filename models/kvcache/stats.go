package kvcache

// Stats counts what has happened since New. Tokens are in whole blocks but
// for LookupTokens.
type Stats struct {
	Admissions    int64
	LookupTokens  int64         // prompt tokens of all admissions
	HitTokens     int64         // of these, found at any level
	LevelHits     [Levels]int64 // the same by level, in tokens
	Refusals      int64         // admissions and growth that did not fit at that moment
	Evictions     int64         // sessions cut to make room in HBM
	EvictedTokens int64         // tokens that left HBM so
	LostTokens    int64         // tokens that left every level so
	Retractions   int64
	DemotedBytes  [Levels]int64 // written into each tier
	ReloadBytes   [Levels]int64 // hits waiting below HBM at admission
	SharedEvicted int64         // tokens of shared prefix given up
	GarbageTokens int64         // resident tokens that a prefix break made useless
}

// HitRate is the share of prompt tokens found at any level; 0 before the first.
func (s Stats) HitRate() float64 {
	if s.LookupTokens == 0 {
		return 0
	}
	return float64(s.HitTokens) / float64(s.LookupTokens)
}

// Stats returns the counts so far.
func (c *Cache) Stats() Stats { return c.stats }

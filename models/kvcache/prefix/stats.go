package prefix

import "agentsim/models/kvcache"

// Lost says why tokens of a prompt were not found. With the hit they add up to
// the prompt.
type Lost struct {
	NeverSeen     int           // nobody had computed them
	PromptChanged int           // they stand where the session said something else before
	Evicted       [MaxPools]int // they were here, and this pool had no room for them or for what they need
	NoCheckpoint  int           // their entries are here, but windows and states are not kept at their end
	OtherWorker   int           // they were computed elsewhere
	NotKept       int           // they were generated, and what is generated is not kept here
}

// Sum is all that was lost, in tokens.
func (l *Lost) Sum() int {
	sum := l.NeverSeen + l.PromptChanged + l.NoCheckpoint + l.OtherWorker + l.NotKept
	for _, n := range l.Evicted {
		sum += n
	}
	return sum
}

func (l *Lost) add(m *Lost) {
	l.NeverSeen += m.NeverSeen
	l.PromptChanged += m.PromptChanged
	l.NoCheckpoint += m.NoCheckpoint
	l.OtherWorker += m.OtherWorker
	l.NotKept += m.NotKept
	for i, n := range m.Evicted {
		l.Evicted[i] += n
	}
}

// Stats counts what has happened since New. Tokens are in whole pages but for
// LookupTokens and Lost.
type Stats struct {
	Admissions    int64
	LookupTokens  int64                 // prompt tokens of all admissions
	HitTokens     int64                 // of these, found at any level
	LevelHits     [kvcache.Levels]int64 // the same by level, in tokens
	Lost          Lost                  // the rest
	Refusals      int64                 // admissions and growth that did not fit at that moment
	Evictions     [MaxPools]int64       // times that something left a pool
	EvictedTokens int64                 // tokens that left HBM so
	EvictedMarks  [MaxPools]int64       // checkpoints that left a pool so
	LostTokens    int64                 // tokens that left every level so
	Retractions   int64
	DemotedBytes  [kvcache.Levels]int64 // written into each tier
	ReloadBytes   [kvcache.Levels]int64 // hits waiting below HBM at admission
}

// HitRate is the share of prompt tokens found at any level; 0 before the first.
func (s *Stats) HitRate() float64 {
	if s.LookupTokens == 0 {
		return 0
	}
	return float64(s.HitTokens) / float64(s.LookupTokens)
}

// Stats returns the counts so far.
func (k *Cache) Stats() Stats { return k.stats }

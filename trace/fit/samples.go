package fit

import "agentsim/trace"

// samples are the quantities of a profile as a trace shows them, one value a
// session or a turn.
type samples struct {
	turns, firstInput, shared []float64 // per session
	output                    []float64
	early, late               []float64 // appends, tokens; 0 where a prompt did not grow beyond the history
	toolGap, userGap          []float64 // seconds

	after     [2][2]int // [previous turn answered a person][this turn does]
	contexts  []context // of each later turn
	kept      []float64 // new prompt / old prompt of compactions
	keptFresh tokenShare
	breaks    []float64 // share of the previous prompt that still matched
	extended  int       // turns that extend the previous prompt
}

// context is the prompt before a turn and whether the turn compacts it.
type context struct {
	input     int32
	compacted bool
}

// tokenShare is a share weighted by tokens.
type tokenShare struct{ part, whole float64 }

func (t *tokenShare) of() float64 {
	if t.whole == 0 {
		return 0
	}
	return t.part / t.whole
}

const (
	// compactionRatio: a prompt below this share of the previous one is a
	// compaction; breakRatio: one of which less than this share of the
	// previous prompt still matches is a prefix break.
	compactionRatio = 0.8
	breakRatio      = 0.95
)

// add takes the turns of one session.
func (s *samples) add(session *trace.Session, earlyTurns int) {
	s.turns = append(s.turns, float64(len(session.Turns)))
	s.firstInput = append(s.firstInput, float64(session.Turns[0].Input))
	s.shared = append(s.shared, float64(session.Shared))
	for i := range session.Turns {
		turn := &session.Turns[i]
		s.output = append(s.output, float64(turn.Output))
		if i > 0 {
			s.step(&session.Turns[i-1], turn, i <= earlyTurns)
		}
	}
}

func (s *samples) step(prev, turn *trace.Turn, early bool) {
	s.addGap(prev, turn)
	compacted := float64(turn.Input) < compactionRatio*float64(prev.Input)
	s.contexts = append(s.contexts, context{prev.Input, compacted})
	switch {
	case compacted:
		s.kept = append(s.kept, float64(turn.Input)/float64(prev.Input))
		s.keptFresh.part += float64(turn.Prefix)
		s.keptFresh.whole += float64(turn.Input)
		return
	case float64(turn.Prefix) < breakRatio*float64(min(prev.Input, turn.Input))-blockMax:
		s.breaks = append(s.breaks, float64(turn.Prefix)/float64(prev.Input))
	default:
		s.extended++
	}
	grown := max(float64(turn.Input-prev.Input-prev.Output), 0)
	if early {
		s.early = append(s.early, grown)
	} else {
		s.late = append(s.late, grown)
	}
}

// blockMax is how many tokens of a prefix may be missing because a cache
// counts in blocks.
const blockMax = 512

func (s *samples) addGap(prev, turn *trace.Turn) {
	user := 0
	if turn.Kind == trace.User {
		user = 1
		s.userGap = append(s.userGap, float64(turn.Gap))
	} else {
		s.toolGap = append(s.toolGap, float64(turn.Gap))
	}
	before := 1 // a person sent the first turn
	if prev.Kind == trace.Tool {
		before = 0
	}
	s.after[before][user]++
}

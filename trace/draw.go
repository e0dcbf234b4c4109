package trace

import (
	"math"
	"math/rand/v2"
)

// inputMax bounds a drawn prompt, in tokens, so that counts fit their type
// whatever the distributions are.
const inputMax = 1 << 30

// turnsMost bounds the calls of a session: all of them are drawn at once.
const turnsMost = 100_000

// Draw generates one session into out. It takes all randomness from r and
// allocates only where out.Turns is too short.
//
// The first prompt is drawn, then each turn's prompt is the previous one, plus
// what the previous answer left in the history, plus an append: a tool's
// result or a person's text. All of the previous prompt is a reusable prefix,
// except after a compaction or a prefix break. The session ends after its
// number of turns, or where the context limit leaves no room to answer; a
// first prompt is cut to leave room for one token.
func (p *Profile) Draw(r *rand.Rand, out *Session) {
	w := walk{p: p, r: r, factor: 1}
	if p.Correlation.used() {
		w.scores = p.Correlation.start(r)
	}
	turns := max(1, int(math.Ceil(min(p.Turns.Draw(r), turnsMost))))
	if p.SessionFactor.Used() {
		w.factor = p.SessionFactor.Draw(r)
	}
	*out = Session{Start: Unknown, Turns: out.Turns[:0]}
	turn := w.first()
	out.Shared = w.shared(turn.Input)
	for t := 1; ; t++ {
		if turn.Input > inputMax || p.ContextLimit > 0 && int(turn.Input) >= p.ContextLimit {
			return
		}
		w.answer(&turn)
		out.Turns = append(out.Turns, turn)
		if t == turns {
			return
		}
		turn = w.next(t, turn)
	}
}

// walk is the state of a session while it is drawn.
type walk struct {
	p       *Profile
	r       *rand.Rand
	factor  float64 // of all appends of this session
	history int32   // tokens of the last answer that the next prompt holds
	scores  scores
}

func (w *walk) first() Turn {
	input := count(w.p.FirstInput.Draw(w.r))
	if w.p.ContextLimit > 0 {
		input = min(input, int32(w.p.ContextLimit)-1)
	}
	return Turn{Input: max(1, input), Kind: First}
}

func (w *walk) shared(firstInput int32) int32 {
	s := &w.p.SharedPrefix
	if !s.Used() {
		return 0
	}
	most := float64(firstInput)
	if s.ShareMax > 0 {
		most *= s.ShareMax
	}
	return int32(min(float64(count(s.Draw(w.r))), most))
}

// answer draws what the call generates and how much of it stays.
func (w *walk) answer(turn *Turn) {
	turn.Output = max(1, count(w.output()))
	if limit := w.p.ContextLimit; limit > 0 {
		turn.Output = min(turn.Output, int32(limit)-turn.Input)
	}
	if limit := w.p.OutputLimit; limit > 0 {
		turn.Output = min(turn.Output, int32(limit))
	}
	w.history = turn.Output
	if w.p.History.Kind != WholeOutput {
		w.history = min(w.history, count(w.p.History.Draw(w.r)))
	}
}

// next draws the turn that follows prev; t is its 0-based number.
func (w *walk) next(t int, prev Turn) Turn {
	turn := Turn{Kind: w.kind(prev.Kind), Prefix: prev.Input}
	turn.Gap = w.gap(turn.Kind)
	added := float64(w.history) + w.append(t)
	turn.Input = count(float64(prev.Input) + added)
	switch {
	case w.happens(w.compactionHazard(prev.Input)):
		c := &w.p.Compaction
		turn.Input = max(1, count(float64(prev.Input)*c.Keep.Draw(w.r)))
		turn.Prefix = int32(float64(turn.Input) * c.Cached)
	case w.happens(w.p.PrefixBreak.Probability):
		turn.Prefix = min(prev.Input, count(float64(prev.Input)*w.p.PrefixBreak.Cached.Draw(w.r)))
	case w.history == prev.Output:
		// A shortened answer (reasoning dropped) sits at other positions than
		// when it was generated, so only a whole one can be found in a cache.
		turn.Echo = w.history
	}
	return turn
}

func (w *walk) kind(prev Kind) Kind {
	u := &w.p.UserTurn
	if !u.Gap.Used() {
		return Tool
	}
	tool := u.ToolAfterUser
	if prev == Tool {
		tool = u.ToolAfterTool
	}
	if w.r.Float64() < tool {
		return Tool
	}
	return User
}

func (w *walk) gap(kind Kind) float32 {
	if kind == User {
		return float32(w.p.UserTurn.Gap.Draw(w.r))
	}
	return float32(w.p.ToolGap.Draw(w.r))
}

func (w *walk) happens(probability float64) bool {
	return probability > 0 && w.r.Float64() < probability
}

// compactionHazard returns the probability of the highest entry at or below the context.
func (w *walk) compactionHazard(context int32) float64 {
	probability := 0.0
	for _, h := range w.p.Compaction.Hazard {
		if int(context) < h.Context {
			break
		}
		probability = h.Probability
	}
	return probability
}

func (w *walk) output() float64 {
	if !w.p.Correlation.used() {
		return w.p.Output.Draw(w.r)
	}
	return w.p.Output.atScore(w.scores.nextOutput(&w.p.Correlation, w.r))
}

func (w *walk) append(t int) float64 {
	d := &w.p.AppendLate
	if t <= w.p.EarlyTurns {
		d = &w.p.AppendEarly
	}
	if !w.p.Correlation.used() {
		return w.factor * d.Draw(w.r)
	}
	return w.factor * d.atScore(w.scores.nextAppend(&w.p.Correlation, w.r))
}

// count rounds a drawn number of tokens.
func count(v float64) int32 { return int32(math.Round(min(max(v, 0), inputMax+1))) }

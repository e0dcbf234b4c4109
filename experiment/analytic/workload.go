package analytic

import (
	"math/rand/v2"

	"agentsim/serve"
	"agentsim/sim"
	"agentsim/trace"
)

// call is one turn as the stations see it, in tokens and seconds.
type call struct {
	input  float64 // prompt
	fresh  float64 // tokens of it to compute when the session's cache is still there
	missed float64 // tokens of it to compute when only the shared prefix is there
	output float64
	gap    float64
}

// workload is a sample of calls with their means.
type workload struct {
	calls []call
	mean  call
	turns float64 // of a session, mean
	// decodeContext is the mean context of a decoding sequence: prompts count
	// by how long they decode.
	decodeContext float64
	// outputs are the output lengths in classes of about equal numbers.
	outputs []class

	prompts memo[cut, *prompts]
	orders  memo[int, *order] // by the tokens of a step
}

// class is a share of the calls with their mean number of tokens.
type class struct{ share, tokens float64 }

// sessionsSampled of the workload are looked at: the first of as many agents.
// The mean of the new tokens is then known to about 3 %. Ratios of estimates on
// the same sessions need no more than FewSessions.
const (
	sessionsSampled = 800
	FewSessions     = 200
)

// caching is what decides how much of a prompt is found in a cache.
type caching struct {
	off         bool
	generated   bool // generated tokens are kept and matched
	blockTokens int
	endsOnly    bool // a prefix is found at the end of an earlier prompt only
	// ranks are those over which the calls of a session scatter, by routers that
	// do not look for its cache; 0 = they go where it is.
	ranks int
	seed  uint64
}

// newWorkload samples so many sessions of a scenario.
func newWorkload(source serve.Sessions, sessions int, c caching) (*workload, error) {
	w := &workload{}
	var session trace.Session
	for agent := range sessions {
		if err := source.Session(agent, 0, &session); err != nil {
			return nil, err
		}
		first := len(w.calls)
		for i := range session.Turns {
			w.calls = append(w.calls, c.call(&session, i))
		}
		if c.ranks > 1 && !c.off {
			c.scatter(agent, &session, w.calls[first:])
		}
	}
	w.average(sessions)
	return w, nil
}

// call counts the tokens of a turn that have to be computed.
func (c caching) call(s *trace.Session, number int) call {
	t := &s.Turns[number]
	input := float64(t.Input)
	one := call{input: input, fresh: input, missed: input, output: float64(t.Output), gap: float64(t.Gap)}
	if c.off {
		return one
	}
	shared := min(s.Shared, t.Input)
	common := max(t.Prefix, shared)
	if c.generated {
		common = max(common, t.Prefix+t.Echo)
	}
	if c.endsOnly {
		common, shared = lastEnd(s.Turns[:number], common), 0
	}
	one.fresh = input - c.whole(common, t.Input)
	one.missed = input - c.whole(shared, t.Input)
	return one
}

// lastEnd is the longest prompt of earlier turns that is part of a prefix.
func lastEnd(turns []trace.Turn, prefix int32) int32 {
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].Input <= prefix {
			return turns[i].Input
		}
		prefix = min(prefix, turns[i].Prefix) // what came before was rewritten there
	}
	return 0
}

// scatter counts what calls find where chance sends them: what an earlier turn
// of the session left there, as far as the prompt still begins with it. A turn
// that rewrites what came before makes the other ranks drop theirs.
func (c caching) scatter(agent int, s *trace.Session, calls []call) {
	var source rand.PCG
	sim.Rekey(&source, c.seed, "scattered calls", uint64(agent))
	r := rand.New(&source)
	held := make([]int32, c.ranks) // tokens of the prompt that a rank has
	last, before := -1, int32(0)
	for i := range calls {
		t := &s.Turns[i]
		at := r.IntN(c.ranks)
		rewritten := t.Prefix+int32(c.blockTokens) < before
		for k := range held {
			cut := held[k] > t.Prefix
			held[k] = min(held[k], t.Prefix)
			if rewritten && k != at || cut && c.endsOnly {
				held[k] = 0
			}
		}
		if at != last {
			found := held[at]
			if !c.endsOnly {
				found = max(found, min(s.Shared, t.Input))
			}
			calls[i].fresh = calls[i].input - c.whole(found, t.Input)
		}
		held[at], last, before = t.Input, at, t.Input
	}
}

// whole is the part of a prefix that lies in whole blocks; the last token of
// a prompt is always computed.
func (c caching) whole(prefix, input int32) float64 {
	block := int32(c.blockTokens)
	return float64(min(prefix, input-1) / block * block)
}

func (w *workload) average(sessions int) {
	n := float64(len(w.calls))
	outputs := make([]float64, len(w.calls))
	weighted := 0.0
	for i, c := range w.calls {
		outputs[i] = c.output
		w.mean.input += c.input / n
		w.mean.fresh += c.fresh / n
		w.mean.missed += c.missed / n
		w.mean.output += c.output / n
		w.mean.gap += c.gap / n
		// On average a sequence has half of its output.
		weighted += c.output * (c.input + c.output/2)
	}
	w.decodeContext = weighted / n / w.mean.output
	w.outputs = classes(outputs)
	w.turns = n / float64(sessions)
}

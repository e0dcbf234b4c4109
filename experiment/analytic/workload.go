package analytic

import (
	"math"
	"math/rand/v2"
	"slices"

	"agentsim/experiment/sessions"
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
	chunked memo[int, *chunks] // by the tokens of a step
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
func newWorkload(source *sessions.Source, count int, c caching, pace float64) (*workload, error) {
	w := &workload{}
	var session trace.Session
	sampled, err := agentsOf(source, count, pace)
	if err != nil {
		return nil, err
	}
	for _, agent := range sampled {
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
	w.average(float64(len(sampled)))
	return w, nil
}

// agentsOf are the agents whose sessions are looked at, so many. Where they are of several
// kinds, so many of each as sessions begin: the kind's share of all agents over
// how long its sessions last, at a pace of seconds a token.
func agentsOf(source *sessions.Source, count int, pace float64) ([]int, error) {
	mix, ok := source.Sessions.(*sessions.Mixed)
	var agents []int
	if !ok {
		for agent := range count {
			agents = append(agents, agent)
		}
		return agents, nil
	}
	lasts, seen := make([]float64, mix.Kinds()), make([]float64, mix.Kinds())
	var session trace.Session
	for agent := range count {
		if err := mix.Session(agent, 0, &session); err != nil {
			return nil, err
		}
		kind := mix.Kind(agent)
		seen[kind]++
		for i := range session.Turns {
			lasts[kind] += float64(session.Turns[i].Gap) + pace*float64(session.Turns[i].Output)
		}
	}
	rates, all := make([]float64, mix.Kinds()), 0.0
	for kind := range rates {
		if lasts[kind] > 0 {
			rates[kind] = mix.Share(kind) * seen[kind] / lasts[kind]
		}
		all += rates[kind]
	}
	wanted := make([]float64, mix.Kinds())
	for kind := range wanted {
		wanted[kind] = math.Round(float64(count) * rates[kind] / all)
	}
	const most = 1 << 20 // agents, however rare a kind is
	for agent := 0; agent < most && len(agents) < count; agent++ {
		if kind := mix.Kind(agent); wanted[kind] > 0 {
			wanted[kind]--
			agents = append(agents, agent)
		}
		if !slices.ContainsFunc(wanted, func(left float64) bool { return left > 0 }) {
			break
		}
	}
	return agents, nil
}

// call counts the tokens of a turn that have to be computed.
func (c caching) call(s *trace.Session, number int) call {
	t := &s.Turns[number]
	input := float64(t.Input)
	one := call{
		input:  input,
		fresh:  input,
		missed: input,
		output: float64(t.Output),
		gap:    float64(t.Gap),
	}
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

func (w *workload) average(sessions float64) {
	n := float64(len(w.calls))
	var outputs histogram
	weighted := 0.0
	for _, c := range w.calls {
		outputs.add(c.output, 0)
		w.mean.input += c.input / n
		w.mean.fresh += c.fresh / n
		w.mean.missed += c.missed / n
		w.mean.output += c.output / n
		w.mean.gap += c.gap / n
		// On average a sequence has half of its output.
		weighted += c.output * (c.input + c.output/2)
	}
	w.decodeContext = weighted / n / w.mean.output
	w.outputs = classes(cumulated([ofACall]histogram{found: outputs}, [ofACall]float64{found: 1}))
	w.turns = n / sessions
}

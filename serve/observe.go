package serve

import "agentsim/sim"

// Observer watches a cluster at work. It sees what happened, after it
// happened, and cannot change it.
type Observer interface {
	Stepped(s Stepped)
	Stayed(s Stayed)
}

// Stepped is a step, or a run of decode steps, that a worker ended.
type Stepped struct {
	Pool        string
	Worker      int
	From, To    sim.Time
	Steps       int     // decode steps; 0 = prompts only
	Sequences   int     // decoding
	PromptParts int     // prompts of which a chunk was computed
	Prompt      int     // tokens of them
	Watts       float64 // mean of all the worker's accelerators together
}

// Stayed is the time an agent spent in a state.
type Stayed struct {
	Agent, Turn int
	Worker      int // of prefill, or of decode once it decodes; -1 = none
	State       State
	From, To    sim.Time
	Tokens      int // of the prompt, or of the answer where it decodes
}

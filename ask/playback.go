package ask

import (
	"math"
	"slices"

	"agentsim/configs"
	"agentsim/experiment"
	"agentsim/serve"
)

// Bounds of a recording.
const (
	drawnAgents  = 2000   // that are followed one by one; of more, an even sample
	mostStays    = 60_000 // of the agents that are followed
	bucketsDrawn = 240    // of the curves over time
)

// Playback is a run recorded to be watched: where agents were and what workers
// did, second by second. Times are seconds of simulated time from its beginning.
type Playback struct {
	From   float64  `json:"from_s"` // of the run, where the recording begins
	Span   float64  `json:"span_s"`
	Agents int      `json:"agents"`
	Domain int      `json:"domain"` // accelerators that share a scale-up fabric
	Drawn  int      `json:"drawn"`  // of the agents, followed one by one
	Cut    bool     `json:"cut,omitempty" doc:"some stays of the agents followed were left out"`
	States []string `json:"states"` // in the order in which a turn passes them

	// Stays are where the agents that are followed were: agent, state, worker
	// (-1 = none), from and until.
	Stays [][5]float64 `json:"stays"`
	// Counts is how many of all agents are in each state, mean of each bucket.
	Counts  [][]float64 `json:"counts"` // by state, then bucket
	Buckets int         `json:"buckets"`

	Workers []PlayedWorker `json:"workers"`

	// FirstTokens and Speeds are the calls that ended a first token or an answer
	// in the recording: when, and how long it took in seconds or tok/s.
	FirstTokens [][2]float64 `json:"first_tokens"`
	Speeds      [][2]float64 `json:"speeds"`
}

// PlayedWorker is a worker in a recording. Series are by bucket.
type PlayedWorker struct {
	Pool         string    `json:"pool"`
	Worker       int       `json:"worker"`
	Accelerators int       `json:"accelerators"`
	Busy         []float64 `json:"busy"`      // share of time in steps
	Sequences    []float64 `json:"sequences"` // decoding, mean over the time in steps
	Tokens       []float64 `json:"tokens"`    // of prompts and answers in flight there
	// Idle are sessions whose last prompt was computed there and that wait for a
	// tool or a person; their caches are there unless something gave way.
	Idle       []float64 `json:"idle"`
	IdleTokens []float64 `json:"idle_tokens"` // of their contexts
	// RankLoad is what the experts of each accelerator have to do over the mean, in
	// the first layer; empty for dense models.
	RankLoad []float64 `json:"rank_load,omitempty"`
	Watts    []float64 `json:"watts"` // of all its accelerators, mean over the time in steps
}

// recorder watches a run. It implements serve.Observer.
type recorder struct {
	*Playback
	until  float64
	every  int // of how many agents one is followed
	called map[int]*call
}

// call is what a recorder knows of the call an agent has in flight.
type call struct {
	turn    int
	started float64 // of the wait for its first token
	prompt  float64 // tokens
	home    int     // worker that computed the last prompt; -1 = none yet
	context float64 // tokens of that prompt and of its answer
}

func newRecorder(s *configs.Scenario, agents int, from, until float64) *recorder {
	loads := map[string][]float64{}
	if experts, err := experiment.ExplainExperts(s); err == nil { // else only the picture lacks them
		for _, p := range experts.Pools {
			loads[p.Pool] = p.RankLoad
		}
	}
	every := 1 + (max(agents, 1)-1)/drawnAgents
	r := &recorder{until: until, every: every, called: map[int]*call{}, Playback: &Playback{
		From:        from,
		Span:        until - from,
		Agents:      agents,
		Domain:      s.System.Domain,
		Drawn:       (agents + every - 1) / every,
		Buckets:     bucketsDrawn,
		Stays:       [][5]float64{},
		FirstTokens: [][2]float64{},
		Speeds:      [][2]float64{},
	}}
	for state := serve.InTool; state <= serve.InDecode; state++ {
		r.States = append(r.States, state.String())
		r.Counts = append(r.Counts, make([]float64, bucketsDrawn))
	}
	for _, pool := range s.Deployment.Pools() {
		for range pool.Workers {
			r.Workers = append(r.Workers, PlayedWorker{
				Pool:         pool.Name,
				Worker:       len(r.Workers),
				Accelerators: pool.Spec.Shape.Accelerators,
				Busy:         make([]float64, bucketsDrawn),
				Sequences:    make([]float64, bucketsDrawn),
				Tokens:       make([]float64, bucketsDrawn),
				Idle:         make([]float64, bucketsDrawn),
				IdleTokens:   make([]float64, bucketsDrawn),
				RankLoad:     loads[pool.Name],
				Watts:        make([]float64, bucketsDrawn),
			})
		}
	}
	return r
}

// spread adds a value over a span of time to the buckets that it covers, each by
// the share of the bucket that it fills.
func (r *recorder) spread(series []float64, from, to, value float64) {
	width := r.Span / bucketsDrawn
	from, to = max(from-r.From, 0), min(to-r.From, r.Span)
	for b := int(from / width); b < bucketsDrawn && float64(b)*width < to; b++ {
		covered := min(to, float64(b+1)*width) - max(from, float64(b)*width)
		series[b] += value * max(covered, 0) / width
	}
}

// Stepped books a step of a worker.
func (r *recorder) Stepped(s serve.Stepped) {
	from, to := s.From.Seconds(), s.To.Seconds()
	if to <= r.From || from >= r.until || s.Worker >= len(r.Workers) {
		return
	}
	w := &r.Workers[s.Worker]
	r.spread(w.Busy, from, to, 1)
	r.spread(w.Sequences, from, to, float64(s.Sequences))
	r.spread(w.Watts, from, to, s.Watts)
}

// Stayed books a part of an agent's turn.
func (r *recorder) Stayed(s serve.Stayed) {
	from, to := s.From.Seconds(), s.To.Seconds()
	r.follow(&s, from, to)
	if to <= r.From || from >= r.until || to <= from {
		return
	}
	if int(s.State) < len(r.Counts) {
		r.spread(r.Counts[s.State], from, to, 1)
	}
	if s.Worker >= 0 && s.Worker < len(r.Workers) {
		r.spread(r.Workers[s.Worker].Tokens, from, to, r.called[s.Agent].prompt)
	}
	if s.Agent%r.every != 0 {
		return
	}
	if len(r.Stays) >= mostStays {
		r.Cut = true
		return
	}
	const milli = 1000
	round := func(t float64) float64 { return math.Round(t*milli) / milli }
	r.Stays = append(r.Stays, [5]float64{float64(s.Agent / r.every), float64(s.State), float64(s.Worker),
		round(max(from-r.From, 0)), round(min(to-r.From, r.Span))})
}

// follow keeps what a call has gone through, and notes its first token and its
// speed as they come.
func (r *recorder) follow(s *serve.Stayed, from, to float64) {
	c := r.called[s.Agent]
	if c == nil || c.turn != s.Turn {
		next := &call{turn: s.Turn, started: from, home: -1}
		if c != nil {
			next.home, next.context = c.home, c.context
		}
		c = next
		r.called[s.Agent] = c
	}
	inside := to > r.From && to < r.until
	switch s.State {
	case serve.InTool:
		c.started = to
		if c.home >= 0 && c.home < len(r.Workers) && to > r.From && from < r.until {
			r.spread(r.Workers[c.home].Idle, from, to, 1)
			r.spread(r.Workers[c.home].IdleTokens, from, to, c.context)
		}
	case serve.InPrefill:
		c.prompt = float64(s.Tokens)
		c.home, c.context = s.Worker, c.prompt
	case serve.InDecode:
		c.context = c.prompt + float64(s.Tokens)
		if from > r.From && from < r.until {
			r.FirstTokens = append(r.FirstTokens, [2]float64{from - r.From, from - c.started})
		}
		if inside && to > from && s.Tokens > 1 {
			r.Speeds = append(r.Speeds, [2]float64{to - r.From, float64(s.Tokens-1) / (to - from)})
		}
	}
}

// playback is what was recorded, stays by time.
func (r *recorder) playback() *Playback {
	for i := range r.Workers {
		w := &r.Workers[i]
		for b, busy := range w.Busy {
			if busy > 0 {
				w.Sequences[b] /= busy
				w.Watts[b] /= busy
			}
			w.Busy[b] = min(busy, 1)
		}
	}
	slices.SortStableFunc(r.Stays, func(a, b [5]float64) int {
		switch {
		case a[3] < b[3]:
			return -1
		case a[3] > b[3]:
			return 1
		}
		return 0
	})
	return r.Playback
}

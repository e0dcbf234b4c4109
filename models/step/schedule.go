package step

import (
	"slices"
	"strings"

	"agentsim/fault"
)

// Schedule is how an engine forms its steps and what it does between them: the
// fields of engine-schedulers.md section 1. A deployment's own settings
// override it.
type Schedule struct {
	Order    string      `yaml:"order,omitempty"`    // who takes tokens first: decode (default) | prompts
	Mix      *bool       `yaml:"mix,omitempty"`      // prompts and decode in one step; unset = true
	Budget   int         `yaml:"budget,omitempty"`   // tokens of a rank in a step, where the pool says nothing
	Slots    int         `yaml:"slots,omitempty"`    // sequences of a rank, where the pool says nothing
	Divide   bool        `yaml:"divide,omitempty"`   // budget and slots are of a worker: its attention ranks share them
	Chunk    int         `yaml:"chunk,omitempty"`    // most tokens of one prompt in a step; 0 = the budget
	Interval Interval    `yaml:"interval,omitempty"` // decode steps kept free of prompts
	Gather   Gathering   `yaml:"gather,omitempty"`   // waiting for more prompts
	Split    int         `yaml:"split,omitempty"`    // tokens from which a step runs as two halves; 0 = never
	Poll     int         `yaml:"poll,omitempty"`     // new requests are looked at once in so many decode steps; 0 = 1
	Admit    Admission   `yaml:"admit,omitempty"`
	Host     HostHiding  `yaml:"host,omitempty"`
	Handover HandoverSet `yaml:"handover,omitempty"`
}

// The orders of a step.
const (
	DecodeFirst  = "decode"
	PromptsFirst = "prompts"
)

// Interval keeps decode steps free of prompts.
type Interval struct {
	N    int    `yaml:"n,omitempty"`    // 0 or 1 with grid, 0 with after: none
	Kind string `yaml:"kind,omitempty"` // grid | after
}

// The kinds of intervals.
const (
	Grid  = "grid"  // prompts only in every n-th step, unless the last such step left requests waiting (vLLM)
	After = "after" // n decode steps after every step with prompts (SGLang)
)

// Gathering lets prompts wait while sequences decode, so that more share a step.
type Gathering struct {
	// AllRanks waits until every attention rank has a prompt, or one has
	// nothing to decode.
	AllRanks bool `yaml:"all_ranks,omitempty"`
	Timeout  int  `yaml:"timeout,omitempty"` // the wait ends in this step
	Extra    int  `yaml:"extra,omitempty"`   // steps to wait once more when all ranks have one
	// Fill is the share of the budget that waiting prompts, in full, and the
	// decode batch must reach together; without all_ranks.
	Fill float64 `yaml:"fill,omitempty"`
}

// Admission is the memory that a request must find.
type Admission struct {
	Reserve int `yaml:"reserve,omitempty"` // tokens of its answer, beside the whole prompt; 0 = 1024
}

// HostHiding is what hides the work of the host.
type HostHiding struct {
	Hidden string `yaml:"hidden,omitempty"` // full (default) | drafts | none
	Handed string `yaml:"handed,omitempty"` // the same of decode workers that take caches from others; unset = hidden
	Graphs string `yaml:"graphs,omitempty"` // all (default) | decode
}

// What hides the host's work on the next step, and which steps are replayed as
// a recorded graph.
const (
	HiddenFull   = "full"   // the whole step
	HiddenDrafts = "drafts" // its draft passes alone
	HiddenNone   = "none"
	GraphsAll    = "all"
	GraphsDecode = "decode" // steps with prompts are launched kernel by kernel
)

// HandoverSet is how a prompt comes from prefill to decode workers.
type HandoverSet struct {
	// FirstToken says when the client has its first token: prefill (when the
	// prompt is computed), arrival (default: when the decode worker takes the
	// request up), decode (after its first step there, which computes it).
	FirstToken string `yaml:"first_token,omitempty"`
	Poll       int    `yaml:"poll,omitempty"` // a decode worker looks at arrived requests once in so many steps; 0 = 1
}

// Who gives the first token.
const (
	FirstPrefill = "prefill"
	FirstArrival = "arrival"
	FirstDecode  = "decode"
)

// Mixes reports whether prompts and decode share steps.
func (s *Schedule) Mixes() bool { return s.Mix == nil || *s.Mix }

// Limits are the budget and the slots of a rank, of so many in a worker; 0 = the
// engine has no default.
func (s *Schedule) Limits(ranks int) (budget, slots int) {
	if s.Divide && ranks > 1 {
		return s.Budget / ranks, s.Slots / ranks
	}
	return s.Budget, s.Slots
}

// Validate reports the first setting that no engine has.
func (s *Schedule) Validate() error {
	words := []struct {
		path, value string
		among       []string
	}{
		{"order", s.Order, []string{DecodeFirst, PromptsFirst}},
		{"interval.kind", s.Interval.Kind, []string{Grid, After}},
		{"host.hidden", s.Host.Hidden, []string{HiddenFull, HiddenDrafts, HiddenNone}},
		{"host.handed", s.Host.Handed, []string{HiddenFull, HiddenDrafts, HiddenNone}},
		{"host.graphs", s.Host.Graphs, []string{GraphsAll, GraphsDecode}},
		{"handover.first_token", s.Handover.FirstToken, []string{FirstPrefill, FirstArrival, FirstDecode}},
	}
	for _, w := range words {
		if w.value != "" && !slices.Contains(w.among, w.value) {
			return fault.New(w.path, "%q: want one of %s", w.value, strings.Join(w.among, ", "))
		}
	}
	counts := []struct {
		path  string
		value int
	}{
		{"budget", s.Budget}, {"slots", s.Slots}, {"chunk", s.Chunk}, {"interval.n", s.Interval.N}, {"split", s.Split},
		{"gather.timeout", s.Gather.Timeout}, {"gather.extra", s.Gather.Extra}, {"poll", s.Poll},
		{"admit.reserve", s.Admit.Reserve}, {"handover.poll", s.Handover.Poll},
	}
	for _, c := range counts {
		if c.value < 0 {
			return fault.New(c.path, "%d: want 0 (the default) or more", c.value)
		}
	}
	return s.agree()
}

// agree reports settings that contradict each other.
func (s *Schedule) agree() error {
	switch {
	case !s.Mixes() && s.Order == DecodeFirst:
		return fault.New("order", "decode, but mix is false: prompts would never begin while anything decodes")
	case s.Interval.N > 0 && s.Interval.Kind == "":
		return fault.New("interval.kind", "not set: want grid or after")
	case !(s.Gather.Fill >= 0 && s.Gather.Fill <= 1):
		return fault.New("gather.fill", "%v: want a share of the budget from 0 to 1", s.Gather.Fill)
	case (s.Gather.AllRanks || s.Gather.Fill > 0) && s.Gather.Timeout == 0:
		return fault.New("gather.timeout", "0: want the steps after which a wait ends")
	}
	return nil
}

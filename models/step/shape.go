package step

import (
	"fmt"

	"agentsim/fault"
	"agentsim/models/llm"
)

// Shape is how one worker spreads over its accelerators: pp stages, one after
// another, of accelerators/pp each; within a stage tp, ep and dp_attention.
type Shape struct {
	Accelerators int `yaml:"accelerators"`
	TP           int `yaml:"tp,omitempty"` // of attention; 0 = 1 under dp_attention, else a stage
	// DCP divides the entries of a context by token over so many of the tp
	// accelerators that would hold copies of them; 0 = 1.
	DCP int `yaml:"dcp,omitempty"`
	// PCP divides the new tokens of a prompt over so many groups of tp, which make
	// one rank and repeat the rest of decoding; 0 = 1.
	PCP int `yaml:"pcp,omitempty"`
	// DCPComm is how partial outputs of attention are combined under dcp: ag_rs
	// (default; sums gathered, outputs reduced) or a2a (both in one all-to-all).
	DCPComm string `yaml:"dcp_comm,omitempty"`

	EP              int  `yaml:"ep,omitempty"`           // expert-parallel ranks of a stage; 1 = experts split by tp
	PP              int  `yaml:"pp,omitempty"`           // pipeline stages that divide the layers; 0 = 1
	DPAttention     bool `yaml:"dp_attention,omitempty"` // every TP group serves its own sequences
	TokenBudget     int  `yaml:"token_budget,omitempty"` // tokens of a rank in one step, over all micro-batches
	MaxBatchPerRank int  `yaml:"max_batch_per_rank,omitempty"`
	DraftTokens     int  `yaml:"draft_tokens,omitempty"`
	// TwoBatchFrom is how many tokens the busiest rank must have for a step to
	// run as two halves, the experts' exchange of one beside the compute of
	// the other (modelling.md 1.9); 0 = never. SGLang's two-batch overlap,
	// vLLM's dual batch overlap.
	TwoBatchFrom int `yaml:"two_batch_from,omitempty"`
}

// Normalised returns the shape with its defaults filled in.
func (s Shape) Normalised() Shape {
	if s.PP == 0 {
		s.PP = 1
	}
	if s.DCP == 0 {
		s.DCP = 1
	}
	if s.PCP == 0 {
		s.PCP = 1
	}
	if s.TP == 0 {
		s.TP = s.Accelerators / max(1, s.PP) / max(1, s.PCP)
		if s.DPAttention {
			s.TP = 1
		}
	}
	if s.EP == 0 {
		s.EP = 1
	}
	return s
}

// Ranks is the number of attention ranks: PCP groups of TP accelerators on every
// stage that hold the same sequences. The shape must be normalised.
func (s Shape) Ranks() int { return s.Groups() / s.PCP }

// Groups is the number of groups of TP accelerators on a stage. The shape must be
// normalised.
func (s Shape) Groups() int { return s.Accelerators / s.PP / s.TP }

// stage is the shape of one pipeline stage.
func (s Shape) stage() Shape {
	s.Accelerators /= s.PP
	s.PP = 1
	return s
}

// Validate reports the first rule that a normalised shape breaks.
func (s Shape) Validate() error {
	if s.Accelerators < 1 {
		return fault.New("accelerators", "%d: a worker needs at least 1", s.Accelerators)
	}
	if s.PP < 1 || s.Accelerators%s.PP != 0 {
		return fault.New("pp", "%d does not divide the worker's %d accelerators", s.PP, s.Accelerators)
	}
	n, place := s.Accelerators/s.PP, "worker's"
	if s.PP > 1 {
		place = "stage's"
	}
	switch {
	case s.DCP < 1:
		return fault.New("dcp", "%d: want 1 (every copy whole) or more", s.DCP)
	case s.PCP < 1:
		return fault.New("pcp", "%d: want 1 (prompts are not divided) or more", s.PCP)
	case s.TP < 1 || n%s.TP != 0:
		return fault.New("tp", "%d does not divide the %s %d accelerators", s.TP, place, n)
	case s.EP < 1 || n%s.EP != 0:
		return fault.New("ep", "%d does not divide the %s %d accelerators", s.EP, place, n)
	case n%(s.TP*s.PCP) != 0:
		return fault.New("pcp", "%d groups of tp %d do not divide the %s %d accelerators", s.PCP, s.TP, place, n)
	case !s.DPAttention && s.TP*s.PCP != n:
		return fault.New("tp", "%d of the %s %d accelerators without dp_attention: set dp_attention: true or tp: %d",
			s.TP, place, n, n/s.PCP)
	case s.TP%s.DCP != 0:
		return fault.New("dcp", "%d does not divide tp %d, whose accelerators share the context", s.DCP, s.TP)
	case s.DCPComm != "" && s.DCPComm != GatherReduce && s.DCPComm != AllToAll:
		return fault.New("dcp_comm", "%q: want %s or %s", s.DCPComm, GatherReduce, AllToAll)
	}
	return s.validateLoad()
}

// validateLoad reports the first rule that the shape's batches break.
func (s Shape) validateLoad() error {
	switch {
	case s.TokenBudget < 0:
		return fault.New("token_budget", "%d: want a positive number of tokens", s.TokenBudget)
	case s.MaxBatchPerRank < 0:
		return fault.New("max_batch_per_rank", "%d: want a positive number of sequences", s.MaxBatchPerRank)
	case s.DraftTokens < 0:
		return fault.New("draft_tokens", "%d: want 0 (no speculation) or more", s.DraftTokens)
	case s.TwoBatchFrom < 0:
		return fault.New("two_batch_from", "%d: want 0 (never) or a number of tokens", s.TwoBatchFrom)
	case s.TwoBatchFrom > 0 && (s.EP == 1 || s.Groups() == 1):
		return fault.New("two_batch_from", "%d, but only several ranks of dp_attention with ep have an "+
			"exchange that the other half could hide: set two_batch_from: 0", s.TwoBatchFrom)
	}
	return nil
}

// fits reports the first rule of a model that a valid shape breaks: what tp
// and pp divide must be divisible.
func (s Shape) fits(model *llm.Spec) error {
	if layers := model.Layers(); s.PP > layers {
		return fault.New("pp", "%d stages, but %s has %d layers", s.PP, model.Name, layers)
	}
	for _, b := range model.Blocks {
		for _, heads := range []int{b.Attention.Heads, b.Attention.KeyHeads, b.Attention.ValueHeads} {
			if heads%s.TP != 0 {
				return fault.New("tp", "%d does not divide the %d heads of %s", s.TP, heads, model.Name)
			}
		}
		if b.Dense%s.TP != 0 {
			return fault.New("tp", "%d does not divide the inner size %d of %s", s.TP, b.Dense, model.Name)
		}
	}
	if err := s.fitsContext(model); err != nil {
		return err
	}
	return s.fitsExperts(model)
}

func (s Shape) fitsExperts(model *llm.Spec) error {
	x := model.Experts
	if x == nil {
		if s.EP > 1 {
			return fault.New("ep", "%d, but %s has no experts: set ep: 1", s.EP, model.Name)
		}
		return nil
	}
	if n := s.stage().Accelerators / s.EP; x.Inner%n != 0 {
		return fault.New("ep", "%d leaves every expert to %d accelerators, which do not divide its inner size %d",
			s.EP, n, x.Inner)
	}
	return nil
}

// Spread names how a worker spreads, as in "dp tp2 ep8 pp2".
func (s Shape) Spread() string {
	s = s.Normalised()
	text := fmt.Sprintf("tp%d", s.TP)
	if s.DPAttention {
		text = "dp"
		if s.TP > 1 {
			text += fmt.Sprintf(" tp%d", s.TP)
		}
	}
	for _, over := range []struct {
		name  string
		ranks int
	}{{"dcp", s.DCP}, {"pcp", s.PCP}, {"ep", s.EP}, {"pp", s.PP}} {
		if over.ranks > 1 {
			text += fmt.Sprintf(" %s%d", over.name, over.ranks)
		}
	}
	return text
}

package step

import (
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
)

// Config is everything a step depends on. All of it is immutable.
type Config struct {
	System      hardware.System
	LLM         llm.Spec
	Kernels     hardware.KernelSet
	Engine      EngineSpec
	Shape       Shape
	Draft       *DraftSpec // nil = what shape.draft_tokens says
	Precision   Precision
	ExpertsPath string // kernel path; empty = the engine's choice
	Popularity  moe.Popularity
	Placement   moe.Placement
	Seed        uint64 // of the placement's Monte-Carlo

	// Tabulate makes the table of the expert group; nil = moe.Tabulate. Where
	// many models share a group, a cache in its place saves most of New's work.
	Tabulate func(moe.Spec) (*moe.Table, error)
}

// draft is the speculation; draft_tokens of the shape is its short form.
func (c *Config) draft() DraftSpec {
	if c.Draft != nil {
		return *c.Draft
	}
	return DraftSpec{Depth: c.Shape.DraftTokens}
}

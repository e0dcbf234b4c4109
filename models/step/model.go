package step

import (
	"fmt"
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
)

// MaxKinds is the number of different layer kinds one model may have.
const MaxKinds = 6

// Config is everything a step depends on. All of it is immutable.
type Config struct {
	System      hardware.System
	LLM         llm.Spec
	Kernels     hardware.KernelSet
	Engine      EngineSpec
	Shape       Shape
	Precision   Precision
	ExpertsPath string // kernel path; empty = the engine's choice
	Popularity  moe.Popularity
	Placement   moe.Placement
	Seed        uint64 // of the placement's Monte-Carlo

	// Tabulate makes the table of the expert group; nil = moe.Tabulate. Where
	// many models share a group, a cache in its place saves most of New's work.
	Tabulate func(moe.Spec) (*moe.Table, error)
}

// Model prices the steps of one worker.
type Model struct {
	cfg         Config
	shape       Shape // of one stage
	stages      int
	fullest     float64 // share of the layers that the fullest stage holds
	accelerator hardware.Accelerator
	kinds       []layerKind
	bodies      []body
	draft       *layerKind              // nil without speculation
	experts     *moe.Table              // nil for dense models
	expert      hardware.ExpertKernel   // what memory and energy follow
	expertPaths []hardware.ExpertKernel // of which a step runs the fastest
	expertPath  string
	domains     int     // scale-up domains a stage spans
	efficiency  float64 // divides the time of every kernel
	eager       float64 // factor on steps that hold prompts
	perSequence int     // query tokens of a decoding sequence: 1 + draft tokens

	joulesPerByte, joulesPerLinkByte      float64
	joulesDense, joulesExpert, joulesHead float64 // per FLOP
	watts                                 classWatts
}

// classWatts are what kernels of each class draw while they run, beyond what
// their work draws.
type classWatts struct{ dense, experts, prefill, decode float64 }

// New builds the model of one worker. It reports shapes that the model or
// the kernels cannot serve; whether the worker fits in memory is Budget's
// question.
func New(cfg Config) (*Model, error) {
	cfg.Shape = cfg.Shape.Normalised()
	cfg.Kernels = cfg.Kernels.On(cfg.System.Accelerator)
	if err := cfg.Shape.Validate(); err != nil {
		return nil, err
	}
	if err := cfg.Shape.fits(&cfg.LLM); err != nil {
		return nil, err
	}
	m := &Model{cfg: cfg, shape: cfg.Shape.stage(), stages: cfg.Shape.PP, accelerator: cfg.System.Accelerator,
		perSequence: 1 + cfg.Shape.DraftTokens, efficiency: cfg.Engine.Efficiency,
		eager: cfg.Kernels.EagerWith(cfg.Precision.Experts)}
	if cfg.Kernels.Efficiency > 0 {
		m.efficiency *= cfg.Kernels.Efficiency
	}
	m.fullest = ratio(m.layersMost(), cfg.LLM.Layers())
	if err := m.checkFormats(); err != nil {
		return nil, err
	}
	if err := m.checkDraft(); err != nil {
		return nil, err
	}
	m.layKinds()
	if len(m.kinds) > MaxKinds {
		return nil, fmt.Errorf("model %s has %d kinds of layer, at most %d are supported", cfg.LLM.Name, len(m.kinds),
			MaxKinds)
	}
	domain := cfg.System.Domain
	m.domains = (m.shape.Accelerators + domain - 1) / domain
	m.resolveEnergy()
	if err := m.layExperts(); err != nil {
		return nil, err
	}
	return m, m.checkTwoBatch()
}

// Config returns what the model was built from, its shape normalised.
func (m *Model) Config() Config { return m.cfg }

// TokensPerSequence is the number of query tokens a decoding sequence brings
// to a step.
func (m *Model) TokensPerSequence() int { return m.perSequence }

// ExpertsPath is the kernel path the routed experts run on.
func (m *Model) ExpertsPath() string { return m.expertPath }

func (m *Model) checkFormats() error {
	if _, ok := m.cfg.Kernels.GEMM[m.denseCompute()]; !ok {
		return fmt.Errorf("precision.dense: kernel set %s has no gemm in %s", m.cfg.Kernels.Name, m.cfg.Precision.Dense)
	}
	if m.accelerator.Peak(m.denseCompute()) <= 0 {
		return fmt.Errorf("precision.dense: accelerator %s does not compute in %s", m.accelerator.Name, m.cfg.Precision.Dense)
	}
	return nil
}

func (m *Model) checkDraft() error {
	depth := m.shape.DraftTokens
	switch {
	case depth == 0:
		return nil
	case m.cfg.LLM.MTP == nil:
		return fmt.Errorf("draft_tokens: %d, but model %s has no draft layer: set draft_tokens: 0", depth, m.cfg.LLM.Name)
	case depth > len(m.cfg.LLM.Acceptance):
		return fmt.Errorf("draft_tokens: %d, but acceptance of %s is known to depth %d only", depth, m.cfg.LLM.Name,
			len(m.cfg.LLM.Acceptance))
	}
	return nil
}

// denseCompute is the format the dense projections compute in.
func (m *Model) denseCompute() hardware.Format { return m.cfg.Precision.Dense }

func (m *Model) layKinds() {
	for _, b := range m.cfg.LLM.Blocks {
		m.kinds = merge(m.kinds, m.layerKind(b))
	}
	m.bodies = bodies(m.kinds)
	if m.shape.DraftTokens > 0 {
		d := m.layerKind(*m.cfg.LLM.MTP)
		d.count = 1
		m.draft = &d
	}
}

func (m *Model) resolveEnergy() {
	p := m.accelerator.Power
	m.joulesPerByte = float64(p.PerHBMByte)
	m.joulesPerLinkByte = float64(p.PerLinkByte)
	m.joulesDense = float64(p.EnergyPerFLOP(m.denseCompute()))
	m.joulesHead = float64(p.EnergyPerFLOP(hardware.BF16))
	m.watts = classWatts{dense: float64(p.Busy[hardware.DenseClass]), experts: float64(p.Busy[hardware.ExpertsClass]),
		prefill: float64(p.Busy[hardware.PrefillClass]), decode: float64(p.Busy[hardware.DecodeClass])}
}

// resolvePaths finds the expert kernels that the names in path stand for.
func (m *Model) resolvePaths(path string) error {
	for _, name := range strings.Split(path, "|") {
		kernel, ok := m.cfg.Kernels.ExpertsFor(name, m.shape.EP)
		if !ok {
			continue
		}
		if kernel.Weights != m.cfg.Precision.Experts {
			return fmt.Errorf("experts_path: %s holds weights in %s, but precision.experts is %s", name, kernel.Weights,
				m.cfg.Precision.Experts)
		}
		m.expertPaths = append(m.expertPaths, kernel)
	}
	if len(m.expertPaths) == 0 {
		return fmt.Errorf("experts_path: %q is not in kernel set %s, which has %s", path, m.cfg.Kernels.Name,
			pathNames(m.cfg.Kernels.Experts))
	}
	m.expert, m.expertPath = m.expertPaths[0], path
	return nil
}

// layExperts tabulates the expert-parallel group and resolves its kernel path.
func (m *Model) layExperts() error {
	x := m.cfg.LLM.Experts
	if x == nil {
		return nil
	}
	path := m.cfg.ExpertsPath
	if path == "" {
		path = m.cfg.Kernels.ExpertsPath[m.cfg.Precision.Experts]
	}
	if path == "" {
		return fmt.Errorf("kernels %s have no experts path for %s experts: set deployment.experts_path to one of %s",
			m.cfg.Kernels.Name, m.cfg.Precision.Experts, pathNames(m.cfg.Kernels.Experts))
	}
	if err := m.resolvePaths(path); err != nil {
		return err
	}
	kernel := m.expert
	m.joulesExpert = float64(m.accelerator.Power.EnergyPerFLOP(kernel.Compute))
	if kernel.DynamicPower > 0 { // replaces what FLOPs, bytes and class would say
		m.joulesExpert = 0
	}
	tabulate := m.cfg.Tabulate
	if tabulate == nil {
		tabulate = moe.Tabulate
	}
	var err error
	m.experts, err = tabulate(moe.Spec{Experts: x.Routed, TopK: x.TopK, Ranks: m.shape.EP,
		Domains: min(m.domains, m.shape.EP), Popularity: m.cfg.Popularity, Placement: m.cfg.Placement, Seed: m.cfg.Seed})
	return err
}

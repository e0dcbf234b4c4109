package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/report"
)

// modelCommands import models and show them.
type modelCommands struct{ *app }

func (a modelCommands) modelCommand() *cobra.Command {
	c := family("model", "Import models, and show what they weigh, remember and compute")
	c.Example = "  agentsim model show deepseek-v4-pro"
	c.AddCommand(a.modelImportCommand(), a.modelShowCommand())
	return c
}

func (a modelCommands) modelImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Turn the config.json of a Hugging Face checkpoint into a model preset",
		Long: "import reads the config.json of a Hugging Face checkpoint and prints the model as a preset, for\n" +
			"--set model=FILE.yaml. The hf_quant_config.json beside it is read too. A field that it does not understand\n" +
			"is an error, not a guess. An architecture that it does not know may be built as one that it knows:\n" +
			"--treat-as says which. What is taken for something else stands in a note of the preset.",
		Example:     "  agentsim model import config.json --name my-model --out my-model.yaml",
		Annotations: map[string]string{"example": "slow"}, // needs a file
		Args:        exactly(1, "one config.json"),
		RunE:        a.modelImport,
	}
	c.Flags().String("treat-as", "", "model_type by whose rules the file is read, as deepseek_v3; empty = its own")
	c.Flags().String("name", "", "name of the model; empty = after the file, or its directory")
	return c
}

func (a modelCommands) modelImport(_ *cobra.Command, args []string) error {
	file, name := args[0], a.settings.GetString("name")
	if name == "" {
		name = modelName(file)
	}
	text, err := a.readFile(file)
	if err != nil {
		return usageError{err}
	}
	checkpoint := llm.Checkpoint{Config: bytes.NewReader(text), TreatAs: a.settings.GetString("treat-as")}
	beside, err := a.quantBeside(file)
	if err != nil {
		return usageError{err}
	}
	if beside != nil {
		checkpoint.Quant = bytes.NewReader(beside)
	}
	s, err := checkpoint.Import(name)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", file, oneLine(err))}
	}
	return a.write(func(b *strings.Builder) error { return s.WriteYAML(b) })
}

// quantBeside reads the hf_quant_config.json of a checkpoint, or, where configs
// of many checkpoints lie in one directory, NAME.hf_quant_config.json beside
// NAME.json and NAME.config.json; nil where there is none.
func (a modelCommands) quantBeside(file string) ([]byte, error) {
	const quant = "hf_quant_config.json"
	path := filepath.Join(filepath.Dir(file), quant)
	if base := strings.TrimSuffix(filepath.Base(file), ".json"); base != "config" {
		path = filepath.Join(filepath.Dir(file), strings.TrimSuffix(base, ".config")+"."+quant)
	}
	text, err := a.readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// modelName makes a name of a path: "x/Some-Model/config.json" and
// "Some-Model.config.json" are some-model.
func modelName(file string) string {
	base := strings.TrimSuffix(filepath.Base(file), ".json")
	if base == "config" {
		base = filepath.Base(filepath.Dir(filepath.Clean(file)))
	}
	base = strings.TrimSuffix(base, ".config")
	if _, model, ok := strings.Cut(base, "--"); ok { // organisation--model
		base = model
	}
	if base = strings.ToLower(base); base == "." || base == string(filepath.Separator) {
		return "imported"
	}
	return base
}

// oneLine joins the lines of an error that lists several faults: the first of
// them, and how many more there are.
func oneLine(err error) error {
	const most = 6
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(lines, "; "))
}

func (a modelCommands) modelShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a model's parameters, cache and work per token",
		Long: "show counts a model's parameters, the bytes that a token leaves in the cache in each format, and the\n" +
			"floating-point operations of decoding one token at several contexts. NAME is a preset (agentsim list models)\n" +
			"or a YAML file.",
		Example: "  agentsim model show deepseek-v4-pro\n  agentsim model show qwen3-235b-a22b -o json",
		Args:    exactly(1, "one model"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.noCSV(cmd); err != nil {
				return err
			}
			s, err := loadPreset[llm.Spec](a.app, args[0])
			if err != nil {
				return err
			}
			m := accountOf(s)
			return a.present(m, func(b *strings.Builder) { m.table(b, a.style()) })
		},
	}
}

// loadPreset loads a preset by its name or file, with all overrides.
func loadPreset[T any](a *app, name string) (*T, error) {
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'"
	source := configs.Source{Text: []byte("preset: " + quoted), ReadFile: a.readFile}
	value, _, err := configs.Load[T](configs.Presets(), source, a.settings.GetStringSlice("set"))
	return value, err
}

// modelAccount is what `model show` prints.
type modelAccount struct {
	Name       string       `json:"name"`
	Layers     int          `json:"layers"`
	MaxContext int          `json:"max_context"`
	Params     modelParams  `json:"params"`
	Cache      []modelCache `json:"cache"`
	StateBytes float64      `json:"state_bytes"` // per running sequence, whatever its length
	FLOPs      []modelFLOPs `json:"flops_per_token"`
}

type modelParams struct {
	Total           float64 `json:"total"`
	Active          float64 `json:"active"` // of a token
	TotalWithDraft  float64 `json:"total_with_draft"`
	ActiveWithDraft float64 `json:"active_with_draft"`
	Routed          float64 `json:"routed_experts"`
	Shared          float64 `json:"shared_experts"`
	Attention       float64 `json:"attention"`
	Dense           float64 `json:"dense_ffn"`
	Router          float64 `json:"router"`
	Residual        float64 `json:"residual"`
	Embedding       float64 `json:"embedding"`
	Head            float64 `json:"head"`
	Vision          float64 `json:"vision"`            // the tower for images, not in total
	TotalWithVision float64 `json:"total_with_vision"` // as checkpoints count
}

type modelCache struct {
	Format        hardware.Format `json:"format"`
	BytesPerToken float64         `json:"bytes_per_token"`
	FixedBytes    float64         `json:"fixed_bytes"` // of a sequence: sliding windows
}

type modelFLOPs struct {
	Context   int     `json:"context"`
	Linear    float64 `json:"linear"`
	Attention float64 `json:"attention"`
	Index     float64 `json:"index"`
	Total     float64 `json:"total"`
}

func accountOf(s *llm.Spec) *modelAccount {
	p := s.Params()
	m := &modelAccount{
		Name:       s.Name,
		Layers:     s.Layers(),
		MaxContext: s.MaxContext,
		StateBytes: s.StateBytes(),
		Params: modelParams{
			Total:           p.Total,
			Active:          p.Active,
			TotalWithDraft:  p.Total + p.MTP,
			ActiveWithDraft: p.Active + activeDraft(s, p),
			Routed:          p.Routed,
			Shared:          p.Shared,
			Attention:       p.Attention,
			Dense:           p.Dense,
			Router:          p.Router,
			Residual:        p.Residual,
			Embedding:       p.Embedding,
			Head:            p.Head,
			Vision:          p.Vision,
			TotalWithVision: p.Total + p.Vision,
		},
	}
	for _, format := range []hardware.Format{hardware.BF16, hardware.FP8, hardware.NVFP4} {
		f := llm.CacheFormat{KV: format}
		m.Cache = append(m.Cache, modelCache{Format: format, BytesPerToken: s.CacheBytesPerToken(f),
			FixedBytes: s.FixedBytes(f)})
	}
	for _, context := range []int{1_000, 100_000, 1_000_000} {
		linear, core, index := s.FLOPsPerToken(context)
		m.FLOPs = append(m.FLOPs, modelFLOPs{context, linear, core, index, linear + core + index})
	}
	return m
}

// activeDraft is what one token passes through in the draft layers.
func activeDraft(s *llm.Spec, p llm.Params) float64 {
	if s.MTP == nil || s.Experts == nil || !s.MTP.HasExperts() {
		return p.MTP
	}
	idle := s.MTP.Count * (s.Experts.Routed - s.Experts.TopK)
	return p.MTP - float64(idle)*s.ExpertParams()
}

func (m *modelAccount) table(b *strings.Builder, style report.Style) {
	const giga, kilo = 1e9, 1e3
	fmt.Fprintf(b, "%s: %d layers, context up to %s tokens\n\n", style.Bold(m.Name), m.Layers,
		report.Count(float64(m.MaxContext)))
	p := m.Params
	var rows [][]string
	add := func(name string, values ...float64) {
		row := []string{name}
		for _, v := range values {
			row = append(row, report.Significant(v/giga))
		}
		rows = append(rows, row)
	}
	add("total", p.Total, p.TotalWithDraft)
	add("active", p.Active, p.ActiveWithDraft)
	b.WriteString(report.Grid([]string{"10^9 parameters", "", "with draft layers"}, rows, 2) + "\n\n")
	rows = nil
	add("routed experts", p.Routed)
	add("shared experts", p.Shared)
	add("attention", p.Attention)
	add("dense networks", p.Dense)
	add("routers and residuals", p.Router+p.Residual)
	add("embedding and head", p.Embedding+p.Head)
	if p.Vision > 0 {
		add("vision tower, besides", p.Vision)
	}
	b.WriteString(report.Grid([]string{"of these", "10^9"}, rows, 2) + "\n\n")
	rows = nil
	for _, c := range m.Cache {
		rows = append(rows, []string{string(c.Format), report.Count(c.BytesPerToken), report.Count(c.FixedBytes / kilo)})
	}
	b.WriteString(report.Grid([]string{"cache", "bytes per token", "kB per sequence"}, rows, 2) + "\n")
	if m.StateBytes > 0 {
		fmt.Fprintf(b, "A running sequence holds %s kB of state besides.\n", report.Count(m.StateBytes/kilo))
	}
	rows = nil
	for _, f := range m.FLOPs {
		context := report.Count(float64(f.Context))
		if f.Context > m.MaxContext {
			context += " (beyond its limit)"
		}
		rows = append(rows, []string{context, report.Significant(f.Linear / giga), report.Significant(f.Attention / giga),
			report.Significant(f.Index / giga), report.Significant(f.Total / giga)})
	}
	header := []string{"decoding at context", "linear", "attention", "indexer", "GFLOP a token"}
	b.WriteString("\n" + report.Grid(header, rows, 2) + "\n")
}

//go:build !js || readers

package llm

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// Checkpoint is what describes the model of a Hugging Face checkpoint.
type Checkpoint struct {
	Config io.Reader // config.json
	// Quant is the hf_quant_config.json that ModelOpt writes beside it, nil
	// where there is none. It counts only where config.json itself says nothing
	// of how weights are stored.
	Quant io.Reader
	// TreatAs is the model_type whose rules the fields follow; empty = the
	// file's own.
	TreatAs string
}

// Import reads the model of a checkpoint under this name. It reads the text
// model of a multimodal one. A field it does not understand is an error that
// names the field, unless the field is known to leave the cost alone or
// switches something off; so is an attention type that it does not know. Every
// fault is reported, joined. What is taken for something else is said in the
// note of the source of blocks.
//
// What a config does not hold (published sizes, acceptance of drafts) is
// left empty, and the sources say no more than where the fields were read.
func (p Checkpoint) Import(name string) (*Spec, error) {
	s, err := p.read(name)
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	return s, nil
}

// ImportHF reads a config.json alone, as Checkpoint.Import does.
func ImportHF(r io.Reader, name string) (*Spec, error) {
	return Checkpoint{Config: r}.Import(name)
}

func (p Checkpoint) read(name string) (*Spec, error) {
	c, err := parseHF(p.Config)
	if err != nil {
		return nil, err
	}
	m, err := newHFImport(c, p.TreatAs)
	if err != nil {
		return nil, err
	}
	if p.Quant != nil {
		if m.quant, err = parseHF(p.Quant); err != nil {
			return nil, fmt.Errorf("hf_quant_config.json: %w", err)
		}
	}
	return m.spec(name)
}

// hfImport is one import: the text model's fields and what frames them.
type hfImport struct {
	*hfConfig
	family hfFamily
	layers int
	hidden int
	drafts int // MTP layers
	quant  *hfConfig
	tower  float64 // parameters of the vision tower
	notes  []string
}

// note says what was taken for something else, once.
func (m *hfImport) note(text string) {
	if !slices.Contains(m.notes, text) {
		m.notes = append(m.notes, text)
	}
}

// newHFImport finds the text model and its family. Without a family the
// fields cannot be told apart, so nothing else is reported then.
func newHFImport(c *hfConfig, treatAs string) (*hfImport, error) {
	text := c.textModel()
	modelType := text.text("model_type")
	own := modelType
	if treatAs != "" {
		modelType = treatAs
	}
	if err := errors.Join(c.err(), text.err()); err != nil {
		return nil, err
	}
	family, ok := familyOf(modelType)
	if !ok {
		text.fail("model_type", fmt.Sprintf("%q is not a known architecture: if it is built as one that is, "+
			"say which (--treat-as llama, qwen3_moe, deepseek_v3, …)", modelType))
		return nil, text.err()
	}
	m := &hfImport{hfConfig: text, family: family}
	m.tower = m.vision(c)
	if treatAs != "" && treatAs != own {
		m.note(fmt.Sprintf("model_type %q read as %q", own, treatAs))
	}
	return m, nil
}

// textModel returns the object that describes the text model: the nested one
// of a multimodal config, with what it takes over from the outer, or c.
func (c *hfConfig) textModel() *hfConfig {
	for _, name := range []string{"text_config", "llm_config", "language_config"} {
		nested := c.object(name)
		if nested == nil {
			continue
		}
		for _, shared := range []string{"tie_word_embeddings", "quantization_config", "dtype", "torch_dtype", "model_type"} {
			if raw, ok := c.fields[shared]; ok && !nested.has(shared) {
				nested.fields[shared] = raw
			}
			c.ignore(shared)
		}
		c.leftovers()
		nested.faults = append(nested.faults, c.faults...)
		return nested
	}
	return c
}

// most layers any model could have; bounds the work that a wrong file causes.
const mostLayers = 4096

func (m *hfImport) spec(name string) (*Spec, error) {
	m.layers = m.integer("num_hidden_layers", "n_layers", "num_layers", "n_layer")
	m.hidden = m.integer("hidden_size", "d_model", "n_embd")
	m.drafts = m.draftLayers()
	if m.layers < 1 || m.layers > mostLayers || m.drafts > mostLayers {
		m.fail("num_hidden_layers", fmt.Sprintf("%d is not a number of layers from 1 to %d", m.layers, mostLayers))
		return nil, m.err()
	}
	s := &Spec{
		Name:      name,
		Hidden:    m.hidden,
		Vocab:     m.integer("vocab_size"),
		TiedHead:  m.tied(),
		PlainFFN:  m.family.plain,
		Experts:   hfExperts{m}.experts(),
		Residuals: m.integerOr(0, "hc_mult"),
		Vision:    m.tower,
		MaxContext: m.integer("max_position_embeddings", "model_max_length", "max_sequence_length", "n_positions",
			"max_seq_len"),
	}
	m.stack(s)
	s.Weights = m.formats(s.Experts != nil)
	m.leftovers()
	if err := m.err(); err != nil {
		return nil, err
	}
	s.Sources = importedSources(s)
	if len(m.notes) > 0 {
		blocks := s.Sources["blocks"]
		blocks.Note = strings.Join(m.notes, "; ")
		s.Sources["blocks"] = blocks
	}
	return s, s.Validate()
}

// tied reads whether the head is the embedding.
func (m *hfImport) tied() bool {
	if m.has("tie_word_embeddings") {
		return m.flag("tie_word_embeddings")
	}
	return m.family.tied
}

// stack builds the layers and the draft layers from what is said of
// attention, of feed-forward networks and of hash routing.
func (m *hfImport) stack(s *Spec) {
	if m.family.attention == hfHybrid {
		m.hybridStack(s)
		return
	}
	attention, draft := m.attention()
	dense := hfExperts{m}.denseSizes(s.Experts != nil)
	hashed := m.integerOr(0, "num_hash_layers")
	if len(attention) != m.layers || len(dense) != m.layers {
		return // a fault is noted already
	}
	for i := range m.layers {
		layer := Block{Count: 1, Attention: attention[i], Dense: max(0, dense[i]), NoFFN: dense[i] < 0}
		if i < hashed {
			layer.HashRouted = 1
		}
		s.Blocks = addLayers(s.Blocks, layer)
	}
	if m.drafts > 0 {
		s.MTP = &Block{Count: m.drafts, Attention: draft, Dense: max(0, dense[m.layers-1])}
	}
}

// draftLayers reads how many MTP layers follow the main stack.
func (m *hfImport) draftLayers() int {
	if m.has("num_mtp_modules") && m.has("num_nextn_predict_layers") { // MiniMax M3: one module, used that often
		m.ignore("num_mtp_modules")
		return m.integer("num_nextn_predict_layers")
	}
	if m.has("num_mtp_modules") { // MiniMax: modules of some layers each, behind a switch
		layers := m.integer("num_mtp_modules") * m.integerOr(1, "mtp_transformer_layers")
		if !m.flag("use_mtp") {
			return 0
		}
		return layers
	}
	m.flag("mtp_use_dedicated_embeddings")
	return m.integerOr(0, "num_nextn_predict_layers", "mtp_num_hidden_layers")
}

// importedSources says that every field was read from the file.
func importedSources(s *Spec) hardware.Sources {
	published := hardware.Source{Basis: "published", Source: "config.json of the checkpoint"}
	sources := hardware.Sources{}
	for _, path := range []string{"hidden", "vocab", "blocks", "max_context", "weights"} {
		sources[path] = published
	}
	if s.Experts != nil {
		sources["experts"] = published
	}
	if s.MTP != nil {
		sources["mtp"] = published
	}
	if s.Vision > 0 {
		sources["vision"] = published
	}
	if s.Residuals > 0 {
		sources["residuals"] = published
	}
	return sources
}

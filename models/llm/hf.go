package llm

import (
	"errors"
	"fmt"
	"io"

	"agentsim/models/hardware"
)

// ImportHF reads the config.json that Hugging Face checkpoints carry as a
// model of this name. It reads the text model of a multimodal one. A field it
// does not understand is an error that names the field, unless the field is
// known to leave the cost alone or switches something off; so is an attention
// type that it does not know. Every fault is reported, joined.
//
// What a config does not hold — published sizes, acceptance of drafts — is
// left empty, and the sources say no more than where the fields were read.
func ImportHF(r io.Reader, name string) (*Spec, error) {
	c, err := parseHF(r)
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	m, err := newHFImport(c)
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	s, err := m.spec(name)
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	return s, nil
}

// hfImport is one import: the text model's fields and what frames them.
type hfImport struct {
	*hfConfig
	family hfFamily
	layers int
	hidden int
	drafts int // MTP layers
}

// newHFImport finds the text model and its family. Without a family the
// fields cannot be told apart, so nothing else is reported then.
func newHFImport(c *hfConfig) (*hfImport, error) {
	text := c.textModel()
	modelType := text.text("model_type")
	if err := errors.Join(c.err(), text.err()); err != nil {
		return nil, err
	}
	family, ok := familyOf(modelType)
	if !ok {
		text.fail("model_type", fmt.Sprintf("%q is not a known architecture: if it is built as one that is "+
			"(say llama, qwen3_moe or deepseek_v3), name that one in a copy of the file", modelType))
		return nil, text.err()
	}
	return &hfImport{hfConfig: text, family: family}, nil
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
		Name:       name,
		Hidden:     m.hidden,
		Vocab:      m.integer("vocab_size"),
		TiedHead:   m.tied(),
		PlainFFN:   m.family.plain,
		Experts:    m.experts(),
		Residuals:  m.integerOr(0, "hc_mult"),
		MaxContext: m.integer("max_position_embeddings", "model_max_length", "max_sequence_length", "n_positions"),
	}
	m.stack(s)
	s.Weights = m.formats(s.Experts != nil)
	m.leftovers()
	if err := m.err(); err != nil {
		return nil, err
	}
	s.Sources = importedSources(s)
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
	attention, draft := m.attention()
	dense := m.denseSizes(s.Experts != nil)
	hashed := m.integerOr(0, "num_hash_layers")
	if len(attention) != m.layers || len(dense) != m.layers {
		return // a fault is noted already
	}
	for i := range m.layers {
		layer := Block{Count: 1, Attention: attention[i], Dense: dense[i]}
		if i < hashed {
			layer.HashRouted = 1
		}
		s.Blocks = addLayers(s.Blocks, layer)
	}
	if m.drafts > 0 {
		s.MTP = &Block{Count: m.drafts, Attention: draft, Dense: dense[m.layers-1]}
	}
}

// draftLayers reads how many MTP layers follow the main stack.
func (m *hfImport) draftLayers() int {
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
	if s.Residuals > 0 {
		sources["residuals"] = published
	}
	return sources
}

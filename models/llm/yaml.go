package llm

import (
	"bytes"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"

	"agentsim/models/hardware"
)

// WriteYAML writes the model as a preset file: what the loader of configs
// reads. A model without sources is refused, since a preset's
// numbers must say where they come from.
func (s *Spec) WriteYAML(w io.Writer) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("model %q: %w", s.Name, err)
	}
	if len(s.Sources) == 0 {
		return fmt.Errorf("model %q: sources: none given: want the source of every field", s.Name)
	}
	text, err := yaml.MarshalWithOptions(s, yaml.IndentSequence(true), yaml.CustomMarshaler(onOneLine))
	if err != nil {
		return fmt.Errorf("model %q: %w", s.Name, err)
	}
	_, err = w.Write(text)
	return err
}

// onOneLine keeps a source beside the path it belongs to. The encoder writes
// an array even where it is empty.
func onOneLine(source hardware.Source) ([]byte, error) {
	type plain hardware.Source
	text, err := yaml.MarshalWithOptions(plain(source), yaml.Flow(true))
	if source.Range == [2]float64{} {
		text = bytes.Replace(text, []byte(", range: [0.0, 0.0]"), nil, 1)
	}
	return text, err
}

package queue

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"agentsim/configs"
	"agentsim/experiment/sweep"
)

// Bundle is a study as it travels to workers: by name, with the files it is
// made from. Traces stay where they are: workers open them by the same path,
// and the hash of the study says whether they are the same.
type Bundle struct {
	Study string            `json:"study"` // name or path
	Set   []string          `json:"set,omitempty"`
	Seed  uint64            `json:"seed,omitempty"`
	How   string            `json:"evaluate,omitempty"`
	Bound string            `json:"interval,omitempty"`
	Known *configs.Accuracy `json:"accuracy,omitempty"` // of the model; nil = as shipped
	Files map[string][]byte `json:"files,omitempty"`
	Hash  string            `json:"hash"`
}

// NewBundle packs the study of a plan that was made from a source.
func NewBundle(source *sweep.Source, p *sweep.Plan) Bundle {
	return Bundle{
		Study: source.Study.Name,
		Set:   source.Set,
		Seed:  source.Seed,
		How:   source.Evaluate,
		Bound: source.Interval,
		Known: source.Accuracy,
		Files: p.Files(),
		Hash:  p.Hash,
	}
}

// Library is what comes with the program.
type Library struct {
	Scenarios, Studies fs.FS
	Open               func(name string) (io.ReadCloser, error) // of traces
}

// plan unpacks a study where it arrived.
func (b *Bundle) plan(library *Library) (*sweep.Plan, error) {
	read := func(name string) ([]byte, error) {
		content, ok := b.Files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return content, nil
	}
	p, err := sweep.NewPlan(sweep.Source{
		Study:     configs.Source{Name: b.Study, FS: library.Studies, ReadFile: read},
		Scenarios: library.Scenarios,
		Open:      library.Open,
		Set:       b.Set,
		Seed:      b.Seed,
		Evaluate:  b.How,
		Interval:  b.Bound,
		Accuracy:  b.Known,
	})
	if err != nil {
		return nil, fmt.Errorf("study %s: %w", b.Study, err)
	}
	if p.Hash != b.Hash {
		return nil, fmt.Errorf("study %s: a trace that it reads is another one here", b.Study)
	}
	return p, nil
}

func (b *Bundle) encode() ([]byte, error) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := json.NewEncoder(z).Encode(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func decodeBundle(packed []byte) (*Bundle, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("study: %w", err)
	}
	const unpackedMax = 64 << 20 // bytes
	b := new(Bundle)
	if err := json.NewDecoder(io.LimitReader(z, unpackedMax)).Decode(b); err != nil {
		return nil, fmt.Errorf("study: %w", err)
	}
	return b, nil
}

package llm

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
)

// presetNames lists the preset files of this repository.
func presetNames(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../configs/models/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 12)
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".yaml"))
	}
	return names
}

// preset reads one preset as the loader does, strictly.
func preset(t *testing.T, name string) *Spec {
	t.Helper()
	text, err := os.ReadFile("../../configs/models/" + name + ".yaml")
	require.NoError(t, err)
	return decode(t, text)
}

func decode(t *testing.T, text []byte) *Spec {
	t.Helper()
	var s Spec
	require.NoError(t, yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&s))
	require.NoError(t, s.Validate())
	return &s
}

func TestPresetsAreWholeAndSourced(t *testing.T) {
	for _, name := range presetNames(t) {
		t.Run(name, func(t *testing.T) {
			s := preset(t, name)
			require.Equal(t, name, s.Name)
			for _, path := range numericFields(s) {
				source, ok := s.Sources.Of(path)
				require.True(t, ok, "%s has no source", path)
				require.NotEmpty(t, source.Source, path)
				require.Contains(t, []string{"measured", "published", "assumed"}, source.Basis, path)
				if source.Basis == "assumed" {
					require.NotZero(t, source.Range, "%s: range", path)
				}
			}
		})
	}
}

// numericFields lists the fields of a model that hold numbers.
func numericFields(s *Spec) []string {
	fields := []string{"hidden", "vocab", "blocks", "max_context", "weights", "published"}
	if s.Experts != nil {
		fields = append(fields, "experts")
	}
	if s.MTP != nil {
		fields = append(fields, "mtp")
	}
	if s.Residuals > 0 {
		fields = append(fields, "residuals")
	}
	if len(s.Acceptance) > 0 {
		fields = append(fields, "acceptance")
	}
	return fields
}

func TestWriteYAMLReadsBack(t *testing.T) {
	for _, name := range presetNames(t) {
		s := preset(t, name)
		var first, second bytes.Buffer
		require.NoError(t, s.WriteYAML(&first))
		again := decode(t, first.Bytes())
		require.Equal(t, s, again, name)
		require.NoError(t, again.WriteYAML(&second))
		require.Equal(t, first.String(), second.String(), name)
	}
}

func TestWriteYAMLRefuses(t *testing.T) {
	s := preset(t, "llama-3.1-70b")
	var text bytes.Buffer
	s.Sources = nil
	require.ErrorContains(t, s.WriteYAML(&text), "sources")
	s.Sources = hardware.Sources{"hidden": {Basis: "vendor", Source: "x"}}
	s.Hidden = 0
	require.ErrorContains(t, s.WriteYAML(&text), "hidden: 0")
	require.Empty(t, text.String())
}

// Totals must agree with the published ones within 1.5 %. Publishers differ in
// what they count: the total with or without the draft layers, the active
// parameters from the count without embedding and head to the count with both.
func TestParametersMatchThePublished(t *testing.T) {
	const tolerance = 0.015
	for _, name := range presetNames(t) {
		t.Run(name, func(t *testing.T) {
			s := preset(t, name)
			p := s.Params()
			t.Logf("total %.1f B (published %.1f, %+.2f %%), with drafts %.1f B; active %.2f to %.2f B (published %.1f)",
				p.Total/1e9, s.Published.Params/1e9, 100*(p.Total/s.Published.Params-1), (p.Total+p.MTP)/1e9,
				(p.Active-p.Embedding-p.Head)/1e9, p.Active/1e9, s.Published.Active/1e9)
			const roundedTo = 0.5e9 // published sizes of large models are whole billions
			off := min(math.Abs(p.Total/s.Published.Params-1), math.Abs((p.Total+p.MTP)/s.Published.Params-1))
			require.LessOrEqual(t, off, tolerance)
			if s.Published.Active > 0 {
				require.LessOrEqual(t, (1-tolerance)*(p.Active-p.Embedding-p.Head), s.Published.Active+roundedTo)
				require.GreaterOrEqual(t, (1+tolerance)*p.Active, s.Published.Active)
			}
		})
	}
}

// Files that other presets are made from: the config of each model.
func TestImportedConfigEqualsThePreset(t *testing.T) {
	configs := map[string]string{
		"deepseek-ai--DeepSeek-V4-Pro":   "deepseek-v4-pro",
		"deepseek-ai--DeepSeek-V4-Flash": "deepseek-v4-flash",
		"deepseek-ai--DeepSeek-V3":       "deepseek-r1",
		"deepseek-ai--DeepSeek-R1":       "deepseek-r1",
		"deepseek-ai--DeepSeek-V3.2":     "deepseek-v3.2",
		"moonshotai--Kimi-K2-Instruct":   "kimi-k2",
		"moonshotai--Kimi-K2.5":          "kimi-k2.5",
		"zai-org--GLM-5":                 "glm-5",
		"nvidia--GLM-5-NVFP4":            "glm-5", // its quantisation stands in another file
		"Qwen--Qwen3-235B-A22B":          "qwen3-235b-a22b",
		"Qwen--Qwen3.5-397B-A17B":        "qwen3.5-397b-a17b",
		"MiniMaxAI--MiniMax-M2.5":        "minimax-m2",
		"openai--gpt-oss-120b":           "gpt-oss-120b",
		"meta-llama--Meta-Llama-3.1-70B": "llama-3.1-70b",
		"mistralai--Mixtral-8x7B-v0.1":   "mixtral-8x7b",
	}
	files, err := filepath.Glob(filepath.Join(sharedPath(t, "models"), "*.config.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		file := strings.TrimSuffix(filepath.Base(path), ".config.json")
		t.Run(file, func(t *testing.T) {
			require.Contains(t, configs, file)
			want := preset(t, configs[file])
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			got, err := ImportHF(bytes.NewReader(text), want.Name)
			require.NoError(t, err)
			want.Acceptance, want.Published, want.Release = nil, Published{}, "" // not in a config
			want.Sources = got.Sources
			got.Vision = 0 // presets are of text models
			delete(got.Sources, "vision")
			if strings.HasPrefix(want.Name, "kimi") {
				want.MTP = nil // an EAGLE drafter is a checkpoint of its own
			}
			require.Equal(t, want, got)
		})
	}
}

// sharedPath finds data that is kept beside the repository. Without it a test
// is skipped, but not where CI=true promises it.
func sharedPath(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: %v", path, err)
		}
		t.Skipf("%s is not here", path)
	}
	return path
}

// Every field that a model can have survives writing and reading.
func TestWriteYAMLWritesEveryField(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		words := rapid.StringMatching(`[a-z0-9 :#'"{}\[\],.é\n\t-]{1,20}`)
		format := rapid.SampledFrom([]hardware.Format{hardware.BF16, hardware.MXFP4})
		number := rapid.IntRange(1, largest)
		anyBlock := func(name string) Block {
			b := Block{Count: number.Draw(r, name), Dense: rapid.IntRange(0, 9).Draw(r, "dense"), HashRouted: 1}
			b.NoFFN = b.Dense == 0 && rapid.Bool().Draw(r, "no_ffn")
			kind := rapid.SampledFrom(AttentionKinds()).Draw(r, "kind")
			b.Attention = filled(kind, number.Draw(r, "dimension"))
			return b
		}
		draft := anyBlock("draft")
		s := &Spec{
			Name: words.Draw(r, "name"), Hidden: number.Draw(r, "hidden"), Vocab: number.Draw(r, "vocab"),
			TiedHead: rapid.Bool().Draw(r, "tied"), PlainFFN: rapid.Bool().Draw(r, "plain"),
			Blocks: []Block{anyBlock("first"), anyBlock("second")}, MTP: &draft,
			Experts:   &Experts{Routed: 8, Shared: 2, TopK: number.Draw(r, "top")%8 + 1, Inner: 3, SharedInner: 4, Latent: 5},
			Residuals: rapid.IntRange(0, 4).Draw(r, "residuals"), Vision: float64(rapid.IntRange(0, 1e9).Draw(r, "vision")), MaxContext: number.Draw(r, "context"),
			Weights:    WeightFormats{Experts: format.Draw(r, "experts"), Dense: format.Draw(r, "dense")},
			Acceptance: []float64{rapid.Float64Range(1, 2).Draw(r, "accepted")},
			Published:  Published{Params: rapid.Float64Range(0, 1e13).Draw(r, "params"), Active: 1.5e9},
			Sources: hardware.Sources{"blocks[0].count": {
				Basis: "fitted", Source: words.Draw(r, "source"), Date: "2026-08-21", Density: "dense", Precision: "fp8",
				Note: words.Draw(r, "note"), Range: [2]float64{0.9, 1.1}, MAPE: 0.1, MaxError: 0.2, Points: 3, Table: "no",
			}},
		}
		var text bytes.Buffer
		require.NoError(r, s.WriteYAML(&text))
		var again Spec
		require.NoError(r, yaml.NewDecoder(&text, yaml.Strict()).Decode(&again))
		require.Equal(r, s, &again)
	})
}

// filled is attention of a kind with this value in every field that it has.
func filled(kind AttentionKind, value int) Attention {
	a := Attention{Kind: kind}
	need, may := a.kind().dimensions()
	for _, f := range a.flags() {
		*f.value = f.name == "gated" || slices.Contains(may, f.name)
	}
	for _, d := range a.dimensions() {
		if slices.Contains(need, d.name) || slices.Contains(may, d.name) {
			*d.value = value
		}
	}
	for _, r := range a.kind().rules(a) {
		if r.field == "gated" && !r.holds {
			a.Gated = false
		}
	}
	return a
}

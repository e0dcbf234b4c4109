package configs

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// plain is a scenario of a system, a model and an engine.
func plain(t require.TestingT, system, engine string, sets ...string) (*Scenario, error) {
	s, _, err := LoadScenario(Source{Name: "s.yaml", Text: []byte(plainText(system, engine))}, sets)
	return s, err
}

func plainText(system, engine string) string {
	return "name: s\nsystem: " + system + "\nmodel: gpt-oss-120b\nengine: " + engine + "\n" +
		"deployment: {mode: auto, accelerators: 8, router: least-loaded, precision: {experts: mxfp4, dense: bf16, kv: fp8}}\n" +
		"workload: aa-agentperf\nslo: aa-deepseek-v4-pro-20\nprotocol: steady-state\n"
}

// What a system, its accelerator or an engine is called decides nothing: neither
// the kernels nor anything in them.
func TestRenamingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		system := rapid.SampledFrom([]string{"hgx-h100", "hgx-h200", "hgx-b200", "hgx-b300", "gb200-nvl72", "gb300-nvl72"}).Draw(t, "system")
		engine := rapid.SampledFrom([]string{"trtllm", "vllm", "sglang"}).Draw(t, "engine")
		what := rapid.SampledFrom([]string{"system.accelerator.name", "system.name", "engine.name"}).Draw(t, "renamed")
		was, err := plain(t, system, engine)
		require.NoError(t, err)
		is, err := plain(t, system, engine, what+"=another")
		require.NoError(t, err)
		require.Equal(t, []string{what}, paths(Differences(*was, *is)))
	})
}

// A new accelerator is three files and no Go: itself, a system of it, and its
// kernels. It serves as one does that differs in its names alone.
func TestAnAcceleratorIsThreeFiles(t *testing.T) {
	shipped := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(embedded, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := embedded.ReadFile(path)
		shipped[path] = &fstest.MapFile{Data: text}
		return err
	}))
	for _, file := range []string{"accelerators/h200.yaml", "systems/hgx-h200.yaml", "kernels/h200-vllm.yaml"} {
		text := strings.ReplaceAll(string(shipped[file].Data), "h200", "x9")
		shipped[strings.ReplaceAll(file, "h200", "x9")] = &fstest.MapFile{Data: []byte(text)}
	}
	library := Presets()
	library.FS = shipped
	was, err := plain(t, "hgx-h200", "vllm")
	require.NoError(t, err)
	text := strings.Replace(plainText("hgx-x9", "vllm"), "model:", "kernels: x9-vllm\nmodel:", 1)
	is, _, err := Load[Scenario](library, Source{Name: "s.yaml", Text: []byte(text)}, nil)
	require.NoError(t, err)
	require.Subset(t, []string{"system.name", "system.accelerator.name", "system.accelerator.kernels", "kernels.name",
		"kernels.accelerator"}, paths(Differences(*was, *is)))
	require.Equal(t, "x9", is.System.Accelerator.Name)
	require.Equal(t, KernelsOf(is.System.Accelerator.Served(), is.Engine.Kernels), is.Kernels.Name, "found without being named")
}

func paths(list []Difference) []string {
	var all []string
	for _, d := range list {
		all = append(all, d.Path)
	}
	return all
}

// Kernels that nobody has are an error that says what their name follows from.
func TestUnknownKernelsSayWhatTheyFollowFrom(t *testing.T) {
	_, err := plain(t, "hgx-h200", "vllm", "system.accelerator.kernels=h2000")
	require.ErrorContains(t, err, "kernels (not set): there is no preset \"h2000-vllm\", did you mean h200-vllm?")
	require.ErrorContains(t, err, "follows from system.accelerator.kernels and engine.kernels")
	_, err = plain(t, "hgx-h200", "vllm", "engine.kernels=vlm", "kernels=h200-vllm")
	require.NoError(t, err, "named outright")
}

// Fitted factors of an engine on an accelerator come with its kernels.
func TestKernelsHoldWhatTheEngineReaches(t *testing.T) {
	for _, c := range []struct {
		system, engine string
		efficiency     float64
		path           string
	}{
		{"hgx-h200", "trtllm", 0.8, "mxfp4-w4a16"},
		{"hgx-h200", "sglang", 0.93, "mxfp4-w4a16"},
		{"mi355x-8", "sglang", 0.84, "mxfp4-w4a8"},
		{"mi355x-8", "atom", 0.86, "mxfp4-w4a8"},
		{"gb300-nvl72", "trtllm", 1, "mxfp4-w4a8"},
		{"gb300-nvl72", "trtllm-2026-06", 1, "megamoe-w4a8"},
		{"hgx-h200", "vllm-2026-06", 1, "marlin-w4a16"},
	} {
		s, err := plain(t, c.system, c.engine)
		require.NoError(t, err)
		require.Equal(t, c.efficiency, s.Kernels.Efficiency, c)
		require.Equal(t, c.path, s.Kernels.ExpertsPath["mxfp4"], c)
	}
	s, err := plain(t, "gb200-nvl72", "trtllm-2026-03")
	require.NoError(t, err)
	require.Equal(t, [2]float64{1.5, 1.12}, [2]float64{s.Kernels.EagerWith("fp8"), s.Kernels.EagerWith("mxfp4")})
}

// Changing the system alone picks the kernels of the engine there: its own, else
// those of its family with a note, else the error names the engines that have
// some.
func TestAnotherSystemFindsItsKernels(t *testing.T) {
	s, err := plain(t, "hgx-b300", "vllm-2026-06")
	require.NoError(t, err)
	require.Equal(t, "b300-vllm", s.Kernels.Name)
	require.Contains(t, s.Notes(), "there are no kernels b300-vllm-2026-06: those of the engine's family stand in, b300-vllm")
	s, err = plain(t, "hgx-h200", "vllm-2026-06")
	require.NoError(t, err)
	require.Equal(t, "h200-vllm-2026-06", s.Kernels.Name)
	require.Empty(t, s.Notes())
	_, err = plain(t, "hgx-b300", "atom")
	require.ErrorContains(t, err, `there is no preset "b300-atom"; engines that have kernels for b300: sglang, trtllm, trtllm-2026-03, vllm.`)
}

// The version of an engine decides which kernels it runs, where a newer version
// measured others.
func TestEngineVersionDecidesTheKernels(t *testing.T) {
	at := func(sets ...string) float64 {
		s, err := plain(t, "hgx-h200", "vllm-2026-06", sets...)
		require.NoError(t, err)
		require.NotContains(t, s.Kernels.Experts, "marlin-w4a16-0-18-0")
		for _, c := range s.Kernels.Experts["marlin-w4a16"].Curves {
			if c.Inner == 3072 && c.TP == 1 && c.EP == 8 {
				return float64(c.Time[len(c.Time)-1])
			}
		}
		t.Fatal("no curve of DeepSeek-V4-Pro over eight ranks")
		return 0
	}
	require.InEpsilon(t, 15.77e-3, at("engine.version=0.20.0"), 0.01, "16,384 tokens as 0.18.0 takes them")
	require.InEpsilon(t, 15.77e-3*0.5102, at(), 0.06, "7,744 of 15,179 µs at Kimi K2's shape and as many rows an expert")
}

package calibrate

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/units"
)

var powerPresets = filepath.Join("..", "..", "configs", "accelerators")

func presetAccelerators(t *testing.T) []hardware.Accelerator {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(powerPresets, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var list []hardware.Accelerator
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var a hardware.Accelerator
		require.NoError(t, yaml.UnmarshalWithOptions(data, &a, yaml.Strict()), file)
		list = append(list, a)
	}
	return list
}

func powerTables(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "kernels")
	if _, err := os.Stat(dir); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "CI must have the shared kernel tables")
		t.Skip("no kernel tables: ", err)
	}
	return dir
}

func h200Power() hardware.AcceleratorPower {
	return hardware.AcceleratorPower{
		Idle: 126, Active: 75, TDP: 700,
		Busy: map[hardware.KernelClass]units.Watts{
			hardware.DenseClass: 100, hardware.ExpertsClass: 250, hardware.PrefillClass: 150, hardware.DecodeClass: 50,
		},
		PerFLOP:    map[hardware.Format]units.JoulesPerFLOP{hardware.BF16: 0.4e-12, hardware.FP8: 0.2e-12},
		PerHBMByte: 40e-12, ClockExponent: 2.7,
	}
}

// drawn makes rows that a known accelerator would have been read at.
func drawnRows(p hardware.AcceleratorPower, l lag, class hardware.KernelClass, module bool) []powerRow {
	random := rand.New(rand.NewPCG(1, uint64(class.Index())))
	c := p.Coefficients()
	var rows []powerRow
	for range 300 {
		seconds := 1e-3 * math.Pow(100, random.Float64())
		r := powerRow{accelerator: "h200", table: "h200_sxm/x/vllm/1/" + string(class),
			module: module, seconds: seconds}
		r.work.AddBusy(class, seconds)
		r.work.AddFLOPs(hardware.BF16, random.Float64()*0.4e15*seconds)
		r.work.AddFLOPs(hardware.FP8, random.Float64()*0.4e15*seconds)
		r.work.HBMBytes = random.Float64() * 3e12 * seconds
		r.watts = reading(&p, &c, l, &r) * (0.98 + 0.04*random.Float64())
		rows = append(rows, r)
	}
	return rows
}

// Rows drawn from known coefficients give them back, lag included, although
// every tenth row is far off.
func TestPowerFitRecoversKnownCoefficients(t *testing.T) {
	truth, slow := h200Power(), lag{0.006, 0.5}
	var tables [][]powerRow
	for _, class := range hardware.KernelClasses() {
		tables = append(tables, drawnRows(truth, slow, class, class == hardware.PrefillClass))
	}
	for _, rows := range tables {
		for i := 0; i < len(rows); i += 10 {
			rows[i].watts = 150
		}
	}
	r := &PowerReport{}
	blank := hardware.Accelerator{Name: "h200", Compute: map[hardware.Format]units.FLOPRate{"bf16": 1e15, "fp8": 2e15}, Power: hardware.AcceleratorPower{
		Idle: truth.Idle, Active: truth.Active, TDP: truth.TDP}}
	r.fit(silicons([]hardware.Accelerator{blank})[0], tables, Options{Accelerators: []hardware.Accelerator{blank}})
	require.Len(t, r.Fits, 1)
	got := r.Fits[0].Power
	for class, watts := range truth.Busy {
		require.InDelta(t, float64(watts), float64(got.Busy[class]), 20, class)
	}
	require.InEpsilon(t, 0.4e-12, float64(got.PerFLOP[hardware.BF16]), 0.1)
	require.InEpsilon(t, 0.2e-12, float64(got.PerFLOP[hardware.FP8]), 0.15)
	require.InEpsilon(t, 40e-12, float64(got.PerHBMByte), 0.1)
	require.InEpsilon(t, slow.tau, r.Fits[0].Lag[0], 0.2)
	require.InEpsilon(t, slow.shape, r.Fits[0].Lag[1], 0.15)
	require.Less(t, r.Fits[0].Error.MedianAPE, 0.03)
	require.Equal(t, 1200, r.Fits[0].Error.N)
}

func TestLagLaws(t *testing.T) {
	p, l := h200Power(), lag{0.005, 0.4}
	last := 0.0
	for seconds := 1e-6; seconds < 100; seconds *= 2 {
		w := l.read(&p, 600, seconds)
		require.Greater(t, w, last, "a longer run reads higher")
		require.GreaterOrEqual(t, w, 126.0)
		require.LessOrEqual(t, w, 600.0)
		last = w
	}
	require.InDelta(t, 600, last, 1e-6, "a settled reading is the draw")
	require.InDelta(t, 126, l.read(&p, 600, 1e-12), 1)
}

func TestReadingStopsAtTheCap(t *testing.T) {
	p := h200Power()
	c := p.Coefficients()
	r := powerRow{seconds: 1, work: hardware.EnergyWork{HBMBytes: 1e15}}
	require.InDelta(t, 0.985*700, reading(&p, &c, lag{}, &r), 1e-9)
	r.work.HBMBytes = 1e12
	require.InDelta(t, 126+75+40, reading(&p, &c, lag{}, &r), 1e-9)
}

// DeepSeek-V3 decode, 16 heads, 4 sequences at context 1000, counted by hand.
func TestModuleDecodeWork(t *testing.T) {
	a, hidden, known := latentModel("deepseek-ai/DeepSeek-V3", llm.MLA, 16)
	require.True(t, known)
	m := moduleRun{attention: a, hidden: hidden, dense: hardware.FP8, kv: hardware.BF16,
		sequences: 4, query: 1, prefix: 999}
	w := m.decode()
	const parameters = 7168*1536 + 1536*16*192 + 7168*576 + 512*16*256 + 16*128*7168
	require.InEpsilon(t, 2.0*4*parameters, w.FLOPs[hardware.FP8.Index()], 1e-9)
	require.InEpsilon(t, 4*2.0*16*(576+512)*1000, w.FLOPs[hardware.BF16.Index()], 1e-9)
	const passes = 2*7168 + 1536 + 16*(2*192+2*128)
	require.InEpsilon(t, parameters+4*2.0*passes+4*1000*576*2, w.HBMBytes, 1e-3)
	require.Equal(t, 1.0, w.Busy[hardware.DecodeClass.Index()])
}

// DeepSeek-V3.2 prefill, all heads, 2 prompts of 3000 tokens.
func TestModulePrefillWork(t *testing.T) {
	a, hidden, known := latentModel("deepseek-ai/DeepSeek-V3.2", llm.DSA, 128)
	require.True(t, known)
	m := moduleRun{attention: a, hidden: hidden, dense: hardware.BF16, kv: hardware.FP8, sequences: 2, query: 3000}
	w := m.prefill()
	selected := 2048.0*2049/2 + (3000-2048)*2048
	weights := a.Weights(hidden)
	require.InEpsilon(t, 2*6000*(weights.Sharded+weights.Replicated)+2*2*128*(576+512)*selected,
		w.FLOPs[hardware.BF16.Index()], 1e-9)
	require.InEpsilon(t, 2*2*64*128*(3000.0*3001/2), w.FLOPs[hardware.FP8.Index()], 1e-9)
	_, _, known = latentModel("meta-llama/Llama-3.1-70B", llm.MLA, 8)
	require.False(t, known)
}

func TestInheritedPowerKeepsItsShare(t *testing.T) {
	from := hardware.Accelerator{Name: "gb200", Compute: map[hardware.Format]units.FLOPRate{"bf16": 1e15, "fp8": 2e15},
		HBM: hardware.HBM{Bandwidth: 4e12}, Power: h200Power()}
	a := hardware.Accelerator{Name: "rubin", Compute: map[hardware.Format]units.FLOPRate{"bf16": 3e15, "fp8": 8e15},
		HBM: hardware.HBM{Bandwidth: 10e12}, Power: hardware.AcceleratorPower{Idle: 1, TDP: 1400},
		PowerFrom: &hardware.PowerFrom{Accelerator: "gb200", By: hardware.ByTDP}}
	p := scaled(a, from)
	require.Equal(t, units.Watts(1), p.Idle)
	require.InEpsilon(t, 500, float64(p.Busy[hardware.ExpertsClass]), 0.005)
	for f, rate := range a.Compute {
		share := float64(p.PerFLOP[f]) * float64(rate) / 1400
		require.InEpsilon(t, float64(from.Power.PerFLOP[f])*float64(from.Compute[f])/700, share, 0.005, f)
	}
	require.InEpsilon(t, 40e-12*4e12/700, float64(p.PerHBMByte)*10e12/1400, 0.005)

	fits := inherit([]PowerFit{{Accelerator: "gb200", Power: h200Power()}}, []hardware.Accelerator{from, a})
	require.Len(t, fits, 1)
	require.Equal(t, "rubin", fits[0].Accelerator)
	require.Contains(t, fits[0].Rule, "share of the TDP that gb200 draws")
}

func TestReplacePowerTouchesFittedLinesOnly(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(powerPresets, "h200.yaml"))
	require.NoError(t, err)
	f := PowerFit{Accelerator: "h200", Silicon: "hopper", Power: h200Power(),
		Tables: []string{"h200_sxm/gemm/vllm/0.22.0/gemm_perf"},
		Error:  FamilyError{N: 9, MAPE: 0.1, Max: 0.5, MedianAPE: 0.05}}
	o := Options{Source: "somewhere", Date: "2026-08-21"}
	once, err := replacePower(string(data), &f, o)
	require.NoError(t, err)
	twice, err := replacePower(once, &f, o)
	require.NoError(t, err)
	require.Equal(t, once, twice)

	var a hardware.Accelerator
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(once), &a, yaml.Strict()))
	require.NoError(t, a.Validate())
	require.Equal(t, h200Power().Busy, a.Power.Busy)
	require.InEpsilon(t, 40e-12, float64(a.Power.PerHBMByte), 1e-12)
	require.Equal(t, 9, a.Sources["power.busy"].Points)
	require.Equal(t, "h200_sxm vllm 0.22.0", a.Sources["power.per_flop"].Table)
	require.Equal(t, strings.Count(string(data), "\n"), strings.Count(once, "\n"))

	_, err = replacePower("power: {idle: 1W}\n", &f, o)
	require.ErrorContains(t, err, `no single line "busy"`)
}

func TestWritePowerWritesAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join(powerPresets, "h200.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "h200.yaml"), data, 0o600))
	fits := []PowerFit{
		{Accelerator: "h200", Power: h200Power(), Rule: "r", margin: [2]float64{0.5, 2}},
		{Accelerator: "missing"},
	}
	_, err = writePower(Options{Out: dir}, fits)
	require.ErrorContains(t, err, "missing.yaml")
	after, err := os.ReadFile(filepath.Join(dir, "h200.yaml"))
	require.NoError(t, err)
	require.Equal(t, string(data), string(after))
}

// The presets are what the shared tables give, byte for byte, and the median
// error of the readings is at most 15 % on every measured accelerator.
func TestPowerPresetsFollowTheTables(t *testing.T) {
	o := Options{Tables: powerTables(t), Accelerators: presetAccelerators(t), Out: t.TempDir(), Date: "2026-08-21",
		Source: "github.com/ai-dynamo/aiconfigurator 095f58a5 (Apache-2.0)"}
	if out := os.Getenv("POWER_PRESETS"); out != "" {
		o.Out = out // rewrites the presets: POWER_PRESETS=$PWD/configs/accelerators
	}
	for _, a := range o.Accelerators {
		data, err := os.ReadFile(filepath.Join(powerPresets, a.Name+".yaml"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(o.Out, a.Name+".yaml"), data, 0o600))
	}
	r, err := Power(o)
	require.NoError(t, err)
	require.Len(t, r.Presets, len(o.Accelerators))
	for _, f := range r.Fits {
		if f.Rule != "" {
			continue
		}
		t.Logf("%-6s n=%d median %.3f mape %.3f bias %+.3f; without lag n=%d median %.3f", f.Accelerator, f.Error.N,
			f.Error.MedianAPE, f.Error.MAPE, f.Error.Bias, f.Settled.N, f.Settled.MedianAPE)
		require.Greater(t, f.Error.N, 50000)
		require.Less(t, f.Error.MedianAPE, 0.15, f.Accelerator)
		require.Less(t, f.Settled.MedianAPE, 0.15, f.Accelerator)
	}
	for _, e := range r.Tables {
		t.Logf("%-75s n=%6d median %.3f mape %.3f bias %+.3f", e.Tables, e.N, e.MedianAPE, e.MAPE, e.Bias)
	}
	for _, file := range r.Presets {
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		shipped, err := os.ReadFile(filepath.Join(powerPresets, filepath.Base(file)))
		require.NoError(t, err)
		require.Equal(t, string(shipped), string(written), "rewrite with POWER_PRESETS")
	}
}

package hardware_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
)

var presetDir = filepath.Join("..", "..", "configs")

func presetNames(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(presetDir, kind, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".yaml")
	}
	return names
}

func loadAccelerator(t *testing.T, name string) hardware.Accelerator {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(presetDir, "accelerators", name+".yaml"))
	require.NoError(t, err)
	var a hardware.Accelerator
	require.NoError(t, yaml.UnmarshalWithOptions(data, &a, yaml.Strict()), name)
	require.Equal(t, name, a.Name)
	return a
}

// loadSystem puts the named accelerator in its place, as the loader does.
func loadSystem(t *testing.T, name string) hardware.System {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(presetDir, "systems", name+".yaml"))
	require.NoError(t, err)
	reference := regexp.MustCompile(`(?m)^accelerator: (\S+)\n`)
	accelerator := reference.FindSubmatch(data)
	require.NotNil(t, accelerator, name)
	var s hardware.System
	require.NoError(t, yaml.UnmarshalWithOptions(reference.ReplaceAll(data, nil), &s, yaml.Strict()), name)
	require.Equal(t, name, s.Name)
	s.Accelerator = loadAccelerator(t, string(accelerator[1]))
	return s
}

func TestAcceleratorPresets(t *testing.T) {
	for _, name := range presetNames(t, "accelerators") {
		t.Run(name, func(t *testing.T) {
			a := loadAccelerator(t, name)
			require.NoError(t, a.Validate())
			requireSources(t, reflect.ValueOf(a), "", a.Sources)
			bf16, fp8 := a.Compute[hardware.BF16], a.Compute[hardware.FP8]
			require.GreaterOrEqual(t, float64(fp8/bf16), 1.9, "dense rates double from BF16 to FP8")
			for f, rate := range a.Compute {
				source, _ := a.Sources.Of("compute." + string(f))
				require.Equal(t, "dense", source.Density, "%s %v", f, rate)
			}
			require.Equal(t, name == "rubin" || name == "mi450", a.Preliminary)
		})
	}
}

func TestSystemPresets(t *testing.T) {
	for _, name := range presetNames(t, "systems") {
		t.Run(name, func(t *testing.T) {
			s := loadSystem(t, name)
			require.NoError(t, s.Validate())
			require.Equal(t, s.Accelerator.Preliminary, s.Preliminary)
			s.Accelerator = hardware.Accelerator{}
			requireSources(t, reflect.ValueOf(s), "", s.Sources)
		})
	}
}

// requireSources checks that every number set in a spec has a source.
func requireSources(t *testing.T, v reflect.Value, path string, sources hardware.Sources) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			requireSources(t, v.Field(i), strings.TrimPrefix(path+"."+name, "."), sources)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if _, isSource := v.Interface().(hardware.Sources); !isSource {
				requireSources(t, v.MapIndex(key), path+"."+key.String(), sources)
			}
		}
	case reflect.Float64, reflect.Int:
		_, ok := sources.Of(path)
		require.True(t, ok || v.IsZero(), "%s has no source", path)
	}
}

// Full load is at most nameplate plus a little: nameplates are what a buyer
// provisions, all parts at their limits.
func TestNameplatesHoldFullLoad(t *testing.T) {
	for _, name := range presetNames(t, "systems") {
		s := loadSystem(t, name)
		tdp := s.Accelerator.Power.TDP
		full := s.Power(hardware.Usage{Accelerators: s.Accelerators, AcceleratorWatts: tdp, CPULoad: 1})
		share := float64(full.IT / full.Provisioned)
		require.Less(t, share, 1.02, "%s: %v of %v", name, full.IT, full.Provisioned)
		require.Greater(t, share, 0.7, "%s: %v of %v", name, full.IT, full.Provisioned)
	}
}

// HGX H100 was seen to draw at most 8.4 kW of its 10.2 kW (arXiv 2412.08602);
// a GB300 rack at the published operating point of 937 W draws about 89 kW
// before losses (modelling.md 6.3).
func TestPresetsMeetObservedSystems(t *testing.T) {
	node := loadSystem(t, "hgx-h100").Power(hardware.Usage{Accelerators: 8, AcceleratorWatts: 680, CPULoad: 0.5})
	require.InEpsilon(t, 8400, float64(node.IT), 0.06)
	rack := loadSystem(t, "gb300-nvl72").Power(hardware.Usage{Accelerators: 72, AcceleratorWatts: 937, CPULoad: 0.54})
	require.InEpsilon(t, 89000, float64(rack.IT-rack.Conversion-rack.Fans), 0.01)
	require.InEpsilon(t, 1240, float64(rack.IT)/72, 0.05)
}

// The check points of modelling.md 6.3: an H200 node of 640 W accelerators and
// 700 W of hosts draws 6.7 kW, with fans and losses 7.9 kW; hosts at the load
// of an agent run draw 200 W less. A GB300 rack of 937 W accelerators draws
// 89 kW before losses.
func TestNodesMeetTheirCheckPoints(t *testing.T) {
	h200 := loadSystem(t, "hgx-h200")
	node := h200.Power(hardware.Usage{Accelerators: 8, AcceleratorWatts: 640, CPULoad: 1})
	require.InEpsilon(t, 7900, float64(node.IT), 0.005)
	node = h200.Power(hardware.Usage{Accelerators: 8, AcceleratorWatts: 640, CPULoad: hardware.HostLoad(1)})
	require.InEpsilon(t, 7900, float64(node.IT), 0.03)
	require.InEpsilon(t, 8*640, float64(node.Accelerator), 1e-12)
	rack := loadSystem(t, "gb300-nvl72").Power(hardware.Usage{Accelerators: 72, AcceleratorWatts: 937,
		CPULoad: hardware.HostLoad(1)})
	require.InEpsilon(t, 36*250, float64(rack.CPU), 0.07, "250 W per Grace")
	require.InEpsilon(t, 89000, float64(rack.IT-rack.Conversion-rack.Fans), 0.01)
	require.InEpsilon(t, 1830, float64(rack.Provisioned)/72, 0.04, "all-in nameplate 1.83 kW an accelerator")
}

// Decode that waits for memory, and prompts that compute, on H200: the ranges
// seen in serving (137 to 593 W and 593 to 662 W, modelling.md 6.1).
func TestH200PresetMeetsServing(t *testing.T) {
	a := loadAccelerator(t, "h200")
	half := hardware.EnergyWork{HBMBytes: 0.5 * float64(a.HBM.Bandwidth)}
	half.AddBusy(hardware.DecodeClass, 0.5)
	require.InDelta(t, 400, float64(a.Power.Static())+a.Power.Dynamic(half), 150)

	prefill := hardware.EnergyWork{HBMBytes: 1e12}
	prefill.AddFLOPs(hardware.FP8, 0.7e15)
	prefill.AddBusy(hardware.DenseClass, 0.6)
	prefill.AddBusy(hardware.PrefillClass, 0.4)
	require.InDelta(t, 630, float64(a.Power.Static())+a.Power.Dynamic(prefill), 70)
}

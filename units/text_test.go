package units

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	cases := []struct {
		text string
		dim  dimension
		want float64
	}{
		{"141GB", memory, 141e9},
		{"288GiB", memory, 288 * 1073741824},
		{"1.5TiB", memory, 1.5 * 1099511627776},
		{"64kB", memory, 64000},
		{"64KB", memory, 64000},
		{"64KiB", memory, 65536},
		{"17 TB", memory, 17e12},
		{"1EB", memory, 1e18},
		{"1e3B", memory, 1000},
		{"512B", memory, 512},
		{"8TB/s", bandwidth, 8e12},
		{"800Gb/s", bandwidth, 100e9},
		{"800Gbit/s", bandwidth, 100e9},
		{"400Gbps", bandwidth, 50e9},
		{"50GBps", bandwidth, 50e9},
		{"2GiB/s", bandwidth, 2147483648},
		{"15PFLOPS", computeRate, 15e15},
		{"15PFLOP/s", computeRate, 15e15},
		{"989.5TFLOPS", computeRate, 989.5e12},
		{"1.44EFLOPS", computeRate, 1.44e18},
		{"1400W", power, 1400},
		{"130kW", power, 130e3},
		{"1.2MW", power, 1.2e6},
		{"300mW", power, 0.3},
		{"36kJ", energy, 36e3},
		{"2kWh", energy, 7.2e6},
		{"12pJ", energy, 12e-12},
		{"10s", duration, 10},
		{"35ms", duration, 0.035},
		{"60us", duration, 60e-6},
		{"60µs", duration, 60e-6},
		{"60μs", duration, 60e-6},
		{"0.519ns", duration, 0.519e-9},
		{"63ps", duration, 63e-12},
		{"5min", duration, 300},
		{"2h", duration, 7200},
		{"-1s", duration, -1},
		{".5s", duration, 0.5},
		{"20tok/s", tokenRate, 20},
		{"12ktok/s", tokenRate, 12e3},
		{"20tokens/s", tokenRate, 20},
		{"0.75pJ/FLOP", energyPerFLOP, 0.75e-12},
		{"750fJ/FLOP", energyPerFLOP, 0.75e-12},
		{"6pJ/bit", energyPerByte, 48e-12},
		{"48pJ/B", energyPerByte, 48e-12},
	}
	for _, c := range cases {
		got, err := parse(c.text, c.dim)
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, got, c.text)
	}
}

func TestParseErrors(t *testing.T) {
	cases := []struct {
		text string
		dim  dimension
		want string
	}{
		{"141", memory, "141: needs a unit, e.g. 141GB " +
			"(accepted: B, kB, MB, GB, TB, PB, EB, KiB, MiB, GiB, TiB, PiB)"},
		{"1400W", memory, "1400W: is a power, want a memory size such as 141GB"},
		{"141Gb", memory, "141Gb: is a number of bits, want a memory size such as 141GB"},
		{"800GB", bandwidth, "800GB: is a memory size, want a bandwidth such as 8TB/s"},
		{"15PFLOP", computeRate, "15PFLOP: is a number of operations, want a compute rate such as 15PFLOPS"},
		{"10s", power, "10s: is a time, want a power such as 1400W"},
		{"3kWh", power, "3kWh: is an energy, want a power such as 1400W"},
		{"20tok", tokenRate, "20tok: is a number of tokens, want a token rate such as 20tok/s"},
		{"6pJ/bit", energyPerFLOP, "6pJ/bit: is an energy per byte, want an energy per FLOP such as 0.75pJ/FLOP"},
		{"1pJ/FLOP", energyPerByte, "1pJ/FLOP: is an energy per FLOP, want an energy per byte such as 6pJ/bit"},
		{"10sec", duration, `10sec: unknown unit "sec", want a time such as 35ms ` +
			"(accepted: ps, ns, us, ms, s, min, h)"},
		{"5ks", duration, `5ks: unknown unit "ks", want a time such as 35ms (accepted: ps, ns, us, ms, s, min, h)`},
		{"NaN", power, "NaN: must be a finite number, want a power such as 1400W"},
		{"-InfW", power, "-InfW: not a quantity, want a power such as 1400W"},
		{"+Inf", power, "+Inf: must be a finite number, want a power such as 1400W"},
		{"1e999W", power, "1e999W: is out of range"},
		{"1e99999999999999999999W", power, "1e99999999999999999999W: exponent 99999999999999999999 is out of range"},
		{"many", memory, "many: not a quantity, want a memory size such as 141GB"},
		{"", memory, `"": not a quantity, want a memory size such as 141GB`},
		{"1,400W", power, `1,400W: unknown unit ",400W", want a power such as 1400W (accepted: mW, W, kW, MW, GW)`},
	}
	for _, c := range cases {
		_, err := parse(c.text, c.dim)
		require.EqualError(t, err, c.want, c.text)
	}
}

func TestUnknownUnits(t *testing.T) {
	texts := []string{"5iB", "5XB", "5KiW", "5mB", "5B/", "5/s", "5s/s", "5FLOPs", "5gb", "5ps/s", "5KW", "5°C"}
	for _, text := range texts {
		_, err := parse(text, memory)
		require.ErrorContains(t, err, "unknown unit", text)
	}
}

func TestMarshalText(t *testing.T) {
	cases := []struct {
		text, want string
		dim        dimension
	}{
		{"0B", "0B", memory},
		{"141GB", "141GB", memory},
		{"288GiB", "288GiB", memory},
		{"512B", "512B", memory},
		{"1.5TiB", "1.5TiB", memory},
		{"800Gb/s", "100GB/s", bandwidth},
		{"989500GFLOPS", "989.5TFLOPS", computeRate},
		{"130000W", "130kW", power},
		{"0.3W", "0.3W", power},
		{"2kWh", "7.2MJ", energy},
		{"0.519ns", "519ps", duration},
		{"60µs", "60us", duration},
		{"2h", "7200s", duration},
		{"-0.5s", "-500ms", duration},
		{"1e-20s", "1e-8ps", duration},
		{"1e30W", "1e21GW", power},
		{"0.75pJ/FLOP", "0.75pJ/FLOP", energyPerFLOP},
		{"6pJ/bit", "48pJ/B", energyPerByte},
		{"20000tok/s", "20ktok/s", tokenRate},
	}
	for _, c := range cases {
		v, err := parse(c.text, c.dim)
		require.NoError(t, err)
		text, err := marshal(v, c.dim)
		require.NoError(t, err)
		require.Equal(t, c.want, string(text))
	}
}

func TestMarshalTextRefusesWhatIsNotFinite(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := Watts(v).MarshalText()
		require.ErrorContains(t, err, "a power is not finite")
	}
}

func TestStringRounds(t *testing.T) {
	require.Equal(t, "153.48GB", Bytes(153.482345472e9).String())
	require.Equal(t, "288GiB", Bytes(288<<30).String())
	require.Equal(t, "333.33ms", Seconds(1.0/3).String())
	require.Equal(t, "1kW", Watts(999.9999).String())
	require.Equal(t, "0W", Watts(0).String())
	require.Equal(t, "+InfW", Watts(math.Inf(1)).String())
}

type sample struct {
	Capacity  Bytes         `yaml:"capacity" json:"capacity"`
	Bandwidth ByteRate      `yaml:"bandwidth" json:"bandwidth"`
	Peak      FLOPRate      `yaml:"peak" json:"peak"`
	TDP       Watts         `yaml:"tdp" json:"tdp"`
	Spent     Joules        `yaml:"spent" json:"spent"`
	Floor     Seconds       `yaml:"floor" json:"floor"`
	Speed     TokenRate     `yaml:"speed" json:"speed"`
	PerFLOP   JoulesPerFLOP `yaml:"per_flop" json:"per_flop"`
	PerByte   JoulesPerByte `yaml:"per_byte" json:"per_byte"`
}

func sampleValue() sample {
	return sample{288 << 30, 8e12, 15e15, 1400, 7.2e6, 0.519e-9, 20, 0.75e-12, 48e-12}
}

func TestYAML(t *testing.T) {
	const text = `capacity: 288GiB
bandwidth: 8TB/s
peak: 15PFLOPS
tdp: 1.4kW
spent: 7.2MJ
floor: 519ps
speed: 20tok/s
per_flop: 0.75pJ/FLOP
per_byte: 48pJ/B
`
	var got sample
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(text), &got, yaml.Strict()))
	require.Equal(t, sampleValue(), got)
	out, err := yaml.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, text, string(out))
}

func TestYAMLRefusesBareNumbers(t *testing.T) {
	for _, value := range []string{"141", "1.5e3", ".inf", ".nan", "0x10", "true", "null", "[1GB]"} {
		var got sample
		err := yaml.Unmarshal([]byte("capacity: "+value), &got)
		if value == "null" {
			require.NoError(t, err) // as for every Go type: null leaves the zero value
			require.Zero(t, got)
			continue
		}
		require.Error(t, err, value)
	}
}

func TestJSON(t *testing.T) {
	out, err := json.Marshal(sampleValue())
	require.NoError(t, err)
	require.JSONEq(t, `{"capacity":"288GiB","bandwidth":"8TB/s","peak":"15PFLOPS","tdp":"1.4kW","spent":"7.2MJ",
		"floor":"519ps","speed":"20tok/s","per_flop":"0.75pJ/FLOP","per_byte":"48pJ/B"}`, string(out))
	var got sample
	require.NoError(t, json.Unmarshal(out, &got))
	require.Equal(t, sampleValue(), got)
	require.Error(t, json.Unmarshal([]byte(`{"capacity":141}`), &got))
}

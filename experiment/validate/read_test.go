package validate

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadsACase(t *testing.T) {
	cases := read(t, nil, row{"id": "b", "mode": "disaggregated", "gpus": "24", "prefill_workers": "2",
		"prefill_gpus": "4", "prefill_tp": "1", "prefill_ep": "4", "prefill_dp_attention": "true", "decode_workers": "2",
		"length_range": "fixed",
		"mtp":          "true", "ttft_p99_s": "3.5"})
	require.Len(t, cases, 2)
	require.Equal(t, Case{ID: "a", Date: "2026-05-17", Engine: "sglang", System: "hgx-h200", Model: "deepseek-r1",
		Weights: "fp8", Mode: "aggregated", Accelerators: 8, Decode: Pool{Workers: 1, Accelerators: 8, TP: 8, EP: 1},
		Input: 1024, Output: 128, Shortest: 0.8, Concurrency: 4,
		Measured: [metricCount]float64{TotalThroughput: 100, TPOT: 10}, Line: 2}, cases[0])
	b := cases[1]
	require.Equal(t, Pool{Workers: 2, Accelerators: 4, TP: 1, EP: 4, DPAttention: true}, b.Prefill)
	require.True(t, b.MTP)
	require.Equal(t, 1., b.Shortest)
	require.Equal(t, 3.5, b.Measured[TTFTTail])
	require.Empty(t, b.Gap)
}

func TestColumnsMayStandInAnyOrderBesideOthers(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(csvOf(nil)), "\n")
	for i, line := range lines {
		cells := strings.Split(line, ",")
		for a, b := 0, len(cells)-1; a < b; a, b = a+1, b-1 {
			cells[a], cells[b] = cells[b], cells[a]
		}
		lines[i] = strings.Join(append(cells, []string{"notes", "whatever"}[i]), ",")
	}
	cases, err := Read(strings.NewReader(strings.Join(lines, "\n")), "cases.csv")
	require.NoError(t, err)
	require.Equal(t, read(t, nil), cases)
}

// What a row does not record leaves it out; it is no fault of the table.
func TestGapsLeaveACaseOut(t *testing.T) {
	for why, changes := range map[string]row{
		"decode_tp is not recorded":                     {"decode_tp": ""},
		"length_range is not recorded":                  {"length_range": ""},
		"mtp is not recorded":                           {"mtp": ""},
		"gpus: 16, but the workers have 8 in all":       {"gpus": "16"},
		"prefill_workers is not recorded":               {"mode": "disaggregated"},
		"decode_dp_attention is not recorded":           {"decode_dp_attention": " "},
		"mode is not recorded":                          {"mode": ""},
		"model is not recorded":                         {"model": "", "system": "hgx-h200"},
		"gpus: 8, but the workers have 16777216 in all": {"decode_workers": "2097152"},
	} {
		require.Equal(t, why, read(t, changes)[0].Gap)
	}
}

func TestBadTablesAreRefusedByLineAndColumn(t *testing.T) {
	good := csvOf(nil)
	for want, text := range map[string]string{
		"cases.csv: empty: want a header":                           "",
		"cases.csv: no cases":                                       strings.SplitN(good, "\n", 2)[0],
		"cases.csv:1: column concurrency is missing":                strings.Replace(good, "concurrency", "users", 1),
		"cases.csv:1: column ttft_p50_s is missing":                 strings.Replace(good, "ttft_p50_s", "ttft_ms", 1),
		"cases.csv:1: column mtp stands there twice":                strings.Replace(good, "isl", "mtp", 1),
		`cases.csv:3: id: "a" is already in line 2`:                 csvOf(nil, nil),
		`cases.csv:2: tpot_p50_ms: "NaN": want a number above 0`:    csvOf(row{"tpot_p50_ms": "NaN"}),
		`cases.csv:2: tpot_p50_ms: "-3": want a number above 0`:     csvOf(row{"tpot_p50_ms": "-3"}),
		`cases.csv:2: total_tok_s_gpu: "+Inf": want a number above`: csvOf(row{"total_tok_s_gpu": "+Inf"}),
		`cases.csv:2: isl: "1e3": want a whole number`:              csvOf(row{"isl": "1e3"}),
		`cases.csv:2: concurrency: "-4": want a whole number`:       csvOf(row{"concurrency": "-4"}),
		`cases.csv:3: concurrency: "0": want a whole number`:        csvOf(nil, row{"id": "b", "concurrency": "0"}),
		`cases.csv:2: mtp: "maybe": want true or false`:             csvOf(row{"mtp": "maybe"}),
		`cases.csv:2: mode: "split": want aggregated or`:            csvOf(row{"mode": "split"}),
		`cases.csv:2: length_range: "0.8-1.2": want fixed`:          csvOf(row{"length_range": "0.8-1.2"}),
		`cases.csv:2: length_range: "0-1.0": want fixed`:            csvOf(row{"length_range": "0-1.0"}),
		"cases.csv: record on line 2: wrong number of fields":       strings.Replace(good, ",fp8,", ",", 1),
		"cases.csv: parse error on line 2":                          strings.Replace(good, ",fp8,", `,"fp8,`, 1),
	} {
		_, err := Read(strings.NewReader(text), "cases.csv")
		require.ErrorContains(t, err, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(csvOf(nil))
	f.Add(csvOf(row{"mode": "disaggregated"}, row{"id": "b", "length_range": "0.5-1"}))
	f.Add("id,id\n")
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := Read(strings.NewReader(text), "cases.csv")
		if err != nil {
			require.Empty(t, cases)
			return
		}
		for _, c := range cases {
			if c.Gap == "" {
				require.Positive(t, c.Concurrency*c.Input*c.Output)
				require.InDelta(t, 0.5, c.Shortest, 0.5)
				require.Positive(t, c.Decode.TP)
			}
		}
	})
}

func TestReadsThePublicTable(t *testing.T) {
	f, err := os.Open(sharedPath(t, "validation/serving-dev.csv"))
	require.NoError(t, err)
	defer f.Close()
	cases, err := Read(f, "serving-dev.csv")
	require.NoError(t, err)
	require.Len(t, cases, 193)
	mtp := 0
	for _, c := range cases {
		require.Empty(t, c.Gap, c.ID)
		if c.MTP {
			mtp++
		}
	}
	require.Equal(t, 49, mtp)
}

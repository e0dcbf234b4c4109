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
		Measured: [metricCount]float64{TotalThroughput: 100, TPOT: 10, Step: 10}, Line: 2}, cases[0])
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
		lines[i] = strings.Join(append(cells, []string{"remarks", "whatever"}[i]), ",")
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
		require.Equal(t, why, read(t, changes, row{"id": "good"})[0].Gap)
	}
}

func TestBadTablesAreRefused(t *testing.T) {
	good := csvOf(nil)
	header := strings.SplitN(good, "\n", 2)[0]
	for want, text := range map[string]string{
		"cases.csv: empty: want a header":                                         "",
		"cases.csv: no cases":                                                     header,
		"cases.csv:1: column concurrency is missing":                              strings.Replace(good, "concurrency", "users", 1),
		"cases.csv:1: column load is missing":                                     strings.Replace(good, "isl", "workload", 1),
		"cases.csv:1: column mtp stands there twice":                              strings.Replace(good, "isl", "mtp", 1),
		"cases.csv:1: no column of measurements; want one of":                     strings.Join(fixedColumns(), ",") + "\n",
		"cases.csv: no usable case in 1 rows; cases.csv:2: mode: \"split\": want": csvOf(row{"mode": "split"}),
	} {
		_, err := Read(strings.NewReader(text), "cases.csv")
		require.ErrorContains(t, err, want)
	}
}

// One bad row never costs the others.
func TestBadRowsAreLeftOutWithTheirReason(t *testing.T) {
	for want, changes := range map[string]row{
		`tpot_p50_ms: "NaN": want a number above 0`:    {"tpot_p50_ms": "NaN"},
		`tpot_p50_ms: "-3": want a number above 0`:     {"tpot_p50_ms": "-3"},
		`total_tok_s_gpu: "+Inf": want a number above`: {"total_tok_s_gpu": "+Inf"},
		`prefix_hit: 1.2: want a share`:                {"prefix_hit": "1.2"},
		`isl: "1e3": want a whole number`:              {"isl": "1e3"},
		`concurrency: "-4": want a whole number`:       {"concurrency": "-4"},
		`concurrency: "0": want a whole number`:        {"concurrency": "0"},
		`mtp: "maybe": want true or false`:             {"mtp": "maybe"},
		`mode: "split": want aggregated or`:            {"mode": "split"},
		`length_range: "0.8-1.2": want fixed`:          {"length_range": "0.8-1.2"},
		`length_range: "0-1.0": want fixed`:            {"length_range": "0-1.0"},
		`id: "good" is already in line 2`:              {"id": "good"},
		`metrics: nothing was measured`:                {"total_tok_s_gpu": "", "tpot_p50_ms": ""},
	} {
		if changes["id"] == "" {
			changes["id"] = "bad"
		}
		cases := read(t, row{"id": "good"}, changes)
		require.Len(t, cases, 2)
		require.Empty(t, cases[0].Gap)
		require.Contains(t, cases[1].Gap, want)
	}
	short := strings.Replace(csvOf(row{"id": "good"}, nil), "\na,", "\n", 1)
	cases, err := Read(strings.NewReader(short), "cases.csv")
	require.NoError(t, err)
	require.Contains(t, cases[1].Gap, "cells in a row")
}

// agentRow is a run of agents in the columns of such tables.
func agentTable(cells ...string) string {
	header := append(agentColumns(), "draft_kind", "draft_tokens", "acceptance_length", "offload", "warmup_s", "window_s",
		"ttft_mean_s", "prefix_hit", "gpu_power_w", "j_per_output_tok")
	return strings.Join(header, ",") + "\n" + strings.Join(cells, "\n") + "\n"
}

func TestReadsRunsOfAgents(t *testing.T) {
	const start = "a,sglang,hgx-h200,minimax-m2,aggregated,8,1,8,"
	cases, err := Read(strings.NewReader(agentTable(
		start+"4,agentx-256k: as published,lanes,eagle3,3,2.49,dram,600,3600,0.8,0.97,400,8",
		strings.Replace(start, "a,", "b,", 1)+`0,agentx,lanes,none,,,none,600,3600,0.8,,,`,
		strings.Replace(start, "a,", "c,", 1)+`4,kernelbook,"sessions, no think time",,,,,,,0.8,,,`,
		strings.Replace(start, "a,", "d,", 1)+`4,kernelbook,lanes,,,,,,,0.8,,,`,
		strings.Replace(start, "a,", "e,", 1)+`4,kernelbook,rate,,,,,,,0.8,,,`,
	)), "agents.csv")
	require.NoError(t, err)
	a := cases[0]
	require.Empty(t, a.Gap)
	require.Equal(t, Load{Workload: "agentx-256k", About: "as published", Lanes: true, Offload: "dram", Warmup: 600, Window: 3600}, a.Load)
	require.Equal(t, Draft{Name: "eagle3", Depth: 3, Accepted: 2.49}, a.Draft)
	require.True(t, a.MTP)
	require.InEpsilon(t, 50., a.Measured[OutputThroughput], 1e-9, "watts over joules a token")
	require.Equal(t, Pool{Workers: 1, Accelerators: 8, TP: 8, EP: 1}, a.Decode, "tensor parallelism where nothing is said")
	require.Contains(t, cases[1].Gap, `concurrency: "0"`)
	require.Empty(t, cases[2].Gap)
	require.False(t, cases[2].Load.Lanes || cases[2].MTP)
	require.Contains(t, cases[3].Gap, "window_s")
	require.Contains(t, cases[4].Gap, `load: "rate"`)
}

func FuzzRead(f *testing.F) {
	f.Add(csvOf(nil))
	f.Add(csvOf(row{"mode": "disaggregated"}, row{"id": "b", "length_range": "0.5-1"}))
	f.Add("id,id\n")
	f.Add(agentTable("a,sglang,hgx-h200,minimax-m2,aggregated,8,1,8,4,kernelbook,sessions,mtp,,,,,,1,,,"))
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := Read(strings.NewReader(text), "cases.csv")
		if err != nil {
			require.Empty(t, cases)
			return
		}
		for _, c := range cases {
			if c.Gap == "" {
				require.True(t, c.Agents() || c.Input*c.Output > 0)
				require.Positive(t, c.Concurrency)
				require.True(t, c.Agents() || c.Shortest > 0 && c.Shortest <= 1)
				require.Positive(t, c.Decode.TP)
			}
		}
	})
}

func readPublic(t *testing.T, name string) []Case {
	f, err := os.Open(sharedPath(t, "validation/"+name))
	require.NoError(t, err)
	defer f.Close()
	cases, err := Read(f, name)
	require.NoError(t, err)
	return cases
}

func TestReadsThePublicTables(t *testing.T) {
	agents := readPublic(t, "agents-dev.csv")
	require.Len(t, agents, 120)
	require.Len(t, readPublic(t, "serving-dev-2.csv"), 263)
	cases := readPublic(t, "serving-dev.csv")
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

// What stands in the notes as a mean is one, and no median.
func TestMeansOfTheNotes(t *testing.T) {
	c := read(t, row{"id": "a"})[0]
	require.Zero(t, c.Measured[TTFTMean])
	text := strings.Replace(strings.Replace(csvOf(nil), "\n", ",notes\n", 1), "10,", "10,", 1)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines[1] += ",as kept elsewhere; TTFT 0.394 s is a mean (blanked)"
	cases, err := Read(strings.NewReader(strings.Join(lines, "\n")), "cases.csv")
	require.NoError(t, err)
	require.Equal(t, 0.394, cases[0].Measured[TTFTMean])
	require.Zero(t, cases[0].Measured[TTFT])
}

// Watts over joules a token are tokens a second.
func TestThroughputFromWattsAndJoules(t *testing.T) {
	c := read(t, row{"total_tok_s_gpu": "", "gpu_power_w": "800", "j_per_output_tok": "2"})[0]
	require.Equal(t, 400., c.Measured[OutputThroughput])
	c = read(t, row{"total_tok_s_gpu": "", "output_tok_s_gpu": "300", "gpu_power_w": "800", "j_per_output_tok": "2"})[0]
	require.Equal(t, 300., c.Measured[OutputThroughput], "reported figures go first")
}

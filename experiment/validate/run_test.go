package validate

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func runRows(t testing.TB, o Options, rows ...row) *Result {
	t.Helper()
	r, err := Run(context.Background(), read(t, rows...), o)
	require.NoError(t, err)
	return r
}

// of is one prediction.
func of(t testing.TB, r *Result, id string, m Metric) float64 {
	t.Helper()
	for _, c := range r.Cases {
		if c.ID == id && c.Metric == m.String() {
			return c.Predicted
		}
	}
	require.FailNow(t, "no prediction", "%s %s", id, m)
	return 0
}

// all asks for every metric.
func all(changes row) row {
	r := row{}
	for _, m := range Metrics() {
		r[m.String()] = "1000"
	}
	r[Hit.String()] = "0.5"
	for column, value := range changes {
		r[column] = value
	}
	return r
}

// One request at a time, all of one length: a request takes its time to first
// token and 127 times that between tokens, and throughput is what it holds
// over that time.
func TestOneRequestAtATime(t *testing.T) {
	r := runRows(t, Options{}, all(row{"concurrency": "1", "length_range": "fixed"}))
	ttft, tpot := of(t, r, "a", TTFT), of(t, r, "a", TPOT)/1000
	seconds := ttft + 127*tpot
	require.InEpsilon(t, (1024+128)/seconds/8, of(t, r, "a", TotalThroughput), 1e-6)
	require.InEpsilon(t, 128/seconds/8, of(t, r, "a", OutputThroughput), 1e-6)
	require.InEpsilon(t, ttft, of(t, r, "a", TTFTTail), 1e-9, "all requests are alike")
	require.InEpsilon(t, of(t, r, "a", Power)*8*seconds/128, of(t, r, "a", Energy), 1e-6)
	require.Greater(t, of(t, r, "a", Power), 126., "H200 with a model loaded")
	require.Less(t, of(t, r, "a", Power), 700., "its limit")
}

func TestMoreRequestsInFlightMeanMoreThroughputAndLessSpeed(t *testing.T) {
	r := runRows(t, Options{}, all(nil), all(row{"id": "b", "concurrency": "32"}))
	require.Greater(t, of(t, r, "b", TotalThroughput), 2*of(t, r, "a", TotalThroughput))
	require.Greater(t, of(t, r, "b", TPOT), of(t, r, "a", TPOT))
	require.Less(t, of(t, r, "b", Energy), of(t, r, "a", Energy))
}

func TestTheResultDoesNotDependOnHowManyRunAtOnce(t *testing.T) {
	rows := []row{all(nil), all(row{"id": "b", "concurrency": "16"}), all(row{"id": "c", "mtp": "true"}),
		all(row{"id": "d", "decode_tp": ""}), all(split(row{"id": "e"}))}
	one, err := json.Marshal(runRows(t, Options{Workers: 1}, rows...))
	require.NoError(t, err)
	four, err := json.Marshal(runRows(t, Options{Workers: 4}, rows...))
	require.NoError(t, err)
	require.Equal(t, string(one), string(four))
}

func TestCasesThatCannotBeSimulatedAreListed(t *testing.T) {
	r := runRows(t, Options{}, nil,
		row{"id": "gap", "decode_ep": ""},
		row{"id": "heads", "model": "qwen3.5-397b-a17b", "gpus": "64", "decode_gpus": "64", "decode_tp": "64"},
		row{"id": "memory", "gpus": "1", "decode_gpus": "1", "decode_tp": "1"},
		row{"id": "kernels", "engine": "atom"},
		row{"id": "impossible", "tpot_p50_ms": "0.2", "concurrency": "64"})
	require.Equal(t, 6, r.Rows)
	require.Equal(t, 1, r.Simulated)
	require.Len(t, r.Cases, 3)
	for i, want := range []string{"decode_ep is not recorded", "tp 64 does not divide", "does not fit",
		"engine atom has no kernels for h200", "cannot be measured on this deployment: 0.2 ms per token"} {
		require.Contains(t, r.Skipped[i].Why, want)
	}
}

func TestUnknownNamesLeaveACaseOut(t *testing.T) {
	for want, changes := range map[string]row{
		"system: hgx-h300":   {"id": "b", "system": "hgx-h300"},
		"model: deepseek-r9": {"id": "b", "model": "deepseek-r9"},
		"engine: sglangg":    {"id": "b", "engine": "sglangg"},
	} {
		r := runRows(t, Options{}, nil, changes)
		require.Equal(t, 1, r.Simulated)
		require.Contains(t, r.Skipped[0].Why, want)
		require.Contains(t, r.Skipped[0].Why, "did you mean")
	}
}

func TestCancelledRunsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, read(t, nil), Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestProgressCountsTheCases(t *testing.T) {
	last := 0
	runRows(t, Options{Workers: 2, Progress: func(done, all int) {
		require.Equal(t, last+1, done)
		require.Equal(t, 3, all)
		last = done
	}}, nil, row{"id": "b"}, row{"id": "gap", "mtp": ""})
	require.Equal(t, 2, last, "cases left out are not waited for")
}

func TestEfficiencyMovesPredictions(t *testing.T) {
	changes := all(row{"engine": "trtllm"})
	fitted, plain := runRows(t, Options{}, changes), runRows(t, Options{Unfitted: true}, changes)
	require.Greater(t, of(t, fitted, "a", TPOT), of(t, plain, "a", TPOT), "Hopper's factor is below 1")
	f := fitted.Factors[0]
	require.Equal(t, []string{"h200"}, f.Accelerators)
	require.Equal(t, 2, f.Points)
}

// A few public rows of different engines, accelerators, models and modes,
// within bounds that only a broken model misses.
func TestPublicRowsAreNear(t *testing.T) {
	f, err := os.Open(sharedPath(t, "validation/serving-dev.csv"))
	require.NoError(t, err)
	defer f.Close()
	cases, err := Read(f, "serving-dev.csv")
	require.NoError(t, err)
	wanted := map[string]bool{
		"IX-R1-h200-sglang-fp8-none-agg-8k1k-c4": true, "IX-R1-b200-sglang-fp8-none-agg-1k1k-c64": true,
		"IX-R1-b200-trt-fp4-none-agg-8k1k-c32": true, "IX-K25-b200-fp4-c16": true,
		"IX-R1-gb300-dynamo-sglang-fp8-none-pd-1k1k-c32-4p16d": true,
		"IX-R1-gb200-dynamo-trt-fp8-none-pd-8k1k-c333-16p32d":  true,
	}
	var chosen []Case
	for _, c := range cases {
		if wanted[c.ID] {
			chosen = append(chosen, c)
		}
	}
	require.Len(t, chosen, len(wanted))
	r, err := Run(context.Background(), chosen, Options{})
	require.NoError(t, err)
	require.Equal(t, len(wanted), r.Simulated)
	for _, c := range r.Cases {
		if c.Metric == TPOT.String() || c.Metric == TotalThroughput.String() {
			require.InDelta(t, 0, c.Error, 0.35, "%s %s", c.ID, c.Metric)
		}
	}
	require.Less(t, r.Summary[TPOT.String()].MedianAPE, 0.2)
}

// At the batch that was predicted, the step at the measured batch is the one
// predicted; twice the throughput at equal speed is twice the batch, and slower.
func TestStepsAreComparedAtTheMeasuredBatch(t *testing.T) {
	first := runRows(t, Options{}, all(row{"concurrency": "16", "length_range": "fixed"}))
	tpot, rate := of(t, first, "a", TPOT), of(t, first, "a", OutputThroughput)
	measured := func(rate float64) row {
		return row{"concurrency": "16", "length_range": "fixed", "total_tok_s_gpu": "",
			"output_tok_s_gpu": strconv.FormatFloat(rate, 'g', -1, 64), "tpot_p50_ms": strconv.FormatFloat(tpot, 'g', -1, 64)}
	}
	same := runRows(t, Options{}, measured(rate))
	require.InEpsilon(t, tpot, of(t, same, "a", Step), 1e-9)
	twice := runRows(t, Options{}, measured(2*rate))
	require.Greater(t, of(t, twice, "a", Step), 1.02*tpot)
	require.Equal(t, of(t, same, "a", TPOT), of(t, twice, "a", TPOT), "the run itself does not know")
}

// What a table says of a finite run: the size of its set, whether it is played
// before what counts, and whether its end counts.
func TestFiniteRunsAreAsTheTableTells(t *testing.T) {
	l := Load{Workload: "kernelbook", About: "20 sessions, 232 turns"}
	l.finite("warm replay")
	require.Equal(t, Load{Workload: l.Workload, About: l.About, Sessions: 20, Passes: 2}, l)
	l.About = "KernelBook agent replay: 1,745 turns"
	l.finite("warm replay; steady-state tokens (busiest stretch)")
	require.Equal(t, Load{Workload: l.Workload, About: l.About, Sessions: replaySessions, Passes: 2, Steady: true}, l)
	l.finite("warm pass of 15 of 150 sessions")
	require.Equal(t, Load{Workload: l.Workload, About: l.About, Sessions: replaySessions, Passes: 1}, l)
	require.Equal(t, 86016, (&Case{Notes: "Marlin experts; max_model_len 86,016, token budget 16,384"}).longest(1<<20))
	require.Equal(t, 40960, (&Case{Notes: "warm replay; max length 40,960"}).longest(1<<20))
	require.Equal(t, 9, (&Case{Notes: "max length 40,960"}).longest(9))
	l = Load{Workload: "codex-swebench"}
	l.finite("")
	require.Equal(t, Load{Workload: l.Workload, Passes: 1}, l)
}

// Where nobody recorded how much of a draft is accepted, the answer is a band: its
// ends are runs with nothing and with all that is plausible accepted, and a value in
// it is not off.
func TestUnknownAcceptanceIsABand(t *testing.T) {
	unknown := row{"mtp": "true", "tpot_p50_ms": "1000"}
	r := runRows(t, Options{}, unknown)
	find := func(r *Result, m Metric) *Comparison {
		for i := range r.Cases {
			if r.Cases[i].Metric == m.String() {
				return &r.Cases[i]
			}
		}
		return nil
	}
	slow := find(r, TPOT)
	require.Less(t, slow.Band[0], slow.Predicted)
	require.Less(t, slow.Predicted, slow.Band[1])
	require.InEpsilon(t, slow.Band[1]/1000-1, *slow.Outside, 1e-9)
	require.Greater(t, slow.Band[1]/slow.Band[0], 1.5, "nothing accepted, or all")
	inside := row{"mtp": "true", "tpot_p50_ms": strconv.FormatFloat(1.1*slow.Predicted, 'g', -1, 64)}
	r = runRows(t, Options{}, inside)
	require.Zero(t, *find(r, TPOT).Outside)
	require.Equal(t, 1, r.Bands[TPOT.String()].N)
	require.Nil(t, find(runRows(t, Options{}, row{}), TPOT).Band)
}

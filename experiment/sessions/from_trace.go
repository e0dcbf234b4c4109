//go:build !js || readers

package sessions

import (
	"fmt"
	"strings"

	"agentsim/trace"
	"agentsim/trace/readers"
)

// fromTrace deals out the sessions of the trace that a workload names.
func fromTrace(w *trace.Workload, seed uint64, unshared bool) (*Source, error) {
	r, err := readers.OpenAll([]string{w.Trace}, readers.Options{
		Format:  w.Format,
		SkipBad: w.SkipBad,
		Prefix:  w.Prefix,
		Block:   w.BlockTokens,
	})
	if err != nil {
		return nil, &TraceError{err}
	}
	defer r.Close()
	options := w.PoolOptions()
	options.Unshared = unshared
	pool, err := trace.NewPool(r, options)
	if err != nil {
		return nil, &TraceError{fmt.Errorf("%s: %w", w.Trace, err)}
	}
	source, err := dealer(w, pool, seed)
	if err != nil {
		return nil, err
	}
	source.Notes = notes(r.Report())
	return source, nil
}

// notes are what a reader met that bears on an answer.
func notes(r readers.Report) (out []string) {
	for _, n := range r.Notes {
		if !strings.HasPrefix(n.Text, "unknown ") {
			out = append(out, fmt.Sprintf("workload.trace: %s (%d)", n.Text, n.Count))
		}
	}
	if len(r.Bad) > 0 {
		out = append(out, fmt.Sprintf("workload.trace: %d bad records passed over, the first: %v", len(r.Bad), r.Bad[0]))
	}
	return out
}

// Trees are the session trees of a trace, by their times.
func Trees(file string) (*trace.Pool, error) {
	r, err := readers.OpenAll([]string{file}, readers.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return trace.NewPool(r, trace.PoolOptions{Trees: true})
}

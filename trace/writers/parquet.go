// Package writers stores calls as files: a compact Parquet table of our own
// and agentic Mooncake JSON Lines. No format has room for text: what people
// and models said is never written.
package writers

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"agentsim/trace"
)

// Row is a call in the Parquet table. Times that are not known are null.
type Row struct {
	Session string   `parquet:"session,dict,zstd"`        // trajectory; empty = the call stands alone
	Agent   string   `parquet:"agent,dict,zstd"`          // empty = the session's main agent
	Parent  string   `parquet:"parent,dict,zstd"`         // session or agent that spawned this one
	Turn    int32    `parquet:"turn,delta,zstd"`          // 0-based within (session, agent)
	Kind    string   `parquet:"kind,dict,zstd"`           // first | tool | user
	Start   *float64 `parquet:"start_s,optional,zstd"`    // seconds from the trace's start
	Gap     *float64 `parquet:"gap_s,optional,zstd"`      // seconds from the end of the agent's previous call
	Service *float64 `parquet:"service_s,optional,zstd"`  // seconds the recorded provider took
	Input   int32    `parquet:"input_tokens,delta,zstd"`  // prompt, whole
	Cached  int32    `parquet:"cached_tokens,delta,zstd"` // of these, what the recorded provider's cache returned
	Prefix  int32    `parquet:"prefix_tokens,delta,zstd"` // of these, what an earlier prompt holds
	Output  int32    `parquet:"output_tokens,delta,zstd"` // generated
	Shared  int32    `parquet:"shared_tokens,delta,zstd"` // of a first prompt, leading tokens that sessions share
	Model   string   `parquet:"model,dict,zstd"`
	Tool    string   `parquet:"tool,dict,zstd"` // whose result the call answers
	// After, of a sub-agent's first call, is 1 + the turn of its parent whose
	// answer started it; Joins, that the call waited for all sub-agents that its
	// agent had started. Where they are 0 and false, times tell.
	After int32 `parquet:"after_turn,delta,zstd"`
	Joins bool  `parquet:"joins,zstd"`
	// Holder is 1 + the number in the table of the latest call before this one
	// whose prompt holds the last of the prefix; 0 = not told.
	Holder int32 `parquet:"holder,delta,zstd"`
}

// About says where a trace comes from. It is kept in the table's metadata.
type About struct {
	Source  string // of the data, such as a repository and commit
	Licence string
	Format  string // that the calls were read from
}

// The keys of the table's metadata. Version changes when the columns do.
const (
	KeyVersion = "agentsim.trace.version"
	KeySource  = "agentsim.trace.source"
	KeyLicence = "agentsim.trace.licence"
	KeyFormat  = "agentsim.trace.format"
	Version    = "3"
	// VersionCached is the version of tables without prefix_tokens, whose
	// cached_tokens are the prefix.
	VersionCached = "2"
)

const (
	batchRows = 4096
	groupRows = 64 << 10 // rows that are held in memory before they are written
)

// Parquet writes all calls of r to a file and returns how many. The file
// appears when it is complete.
func Parquet(path string, r trace.Reader, about About) (calls int, err error) {
	err = replace(path, func(out io.Writer) error {
		w := parquet.NewGenericWriter[Row](out,
			parquet.MaxRowsPerRowGroup(groupRows),
			parquet.KeyValueMetadata(KeyVersion, Version),
			parquet.KeyValueMetadata(KeySource, about.Source),
			parquet.KeyValueMetadata(KeyLicence, about.Licence),
			parquet.KeyValueMetadata(KeyFormat, about.Format),
			parquet.KeyValueMetadata(keySeal, unsealed()),
			parquet.CreatedBy("agentsim", Version, ""),
		)
		if calls, err = copyRows(w, r); err != nil {
			return err
		}
		return w.Close()
	}, seal)
	return calls, err
}

func copyRows(w *parquet.GenericWriter[Row], r trace.Reader) (int, error) {
	rows := make([]Row, 0, batchRows)
	times := make([]float64, 0, 3*batchRows) // what the rows point to
	calls := 0
	var call trace.Call
	for {
		err := r.Read(&call)
		if err != nil && !errors.Is(err, io.EOF) {
			return calls, err
		}
		if err == nil {
			times = append(times, call.Start, call.Gap, call.Service)
			rows = append(rows, row(&call, times[len(times)-3:]))
			calls++
		}
		if err != nil || len(rows) == batchRows {
			if _, err := w.Write(rows); err != nil {
				return calls, fmt.Errorf("writing calls: %w", err)
			}
			rows, times = rows[:0], times[:0]
		}
		if err != nil {
			return calls, nil
		}
	}
}

func row(c *trace.Call, times []float64) Row {
	return Row{
		Session: c.Session,
		Agent:   c.Agent,
		Parent:  c.Parent,
		Turn:    int32(c.Turn),
		Kind:    c.Kind.String(),
		Start:   known(&times[0]),
		Gap:     known(&times[1]),
		Service: known(&times[2]),
		Input:   int32(c.Input),
		Cached:  int32(c.Cached),
		Prefix:  int32(c.Prefix),
		Output:  int32(c.Output),
		Shared:  int32(c.Shared),
		Model:   c.Model,
		Tool:    c.Tool,
		After:   int32(c.After),
		Joins:   c.Joins,
		Holder:  int32(c.Holder),
	}
}

// known returns nil for an unknown time.
func known(time *float64) *float64 {
	if *time < 0 {
		return nil
	}
	return time
}

// Call returns the call that a row holds.
func (r *Row) Call() (trace.Call, error) {
	kind, err := kindOf(r.Kind)
	if err != nil {
		return trace.Call{}, err
	}
	return trace.Call{
		Session: r.Session,
		Agent:   r.Agent,
		Parent:  r.Parent,
		Turn:    int(r.Turn),
		Kind:    kind,
		Start:   orUnknown(r.Start),
		Gap:     orUnknown(r.Gap),
		Service: orUnknown(r.Service),
		Input:   int(r.Input),
		Cached:  int(r.Cached),
		Prefix:  int(r.Prefix),
		Output:  int(r.Output),
		Shared:  int(r.Shared),
		Model:   r.Model,
		Tool:    r.Tool,
		After:   int(r.After),
		Joins:   r.Joins,
		Holder:  int(r.Holder),
	}, nil
}

func kindOf(name string) (trace.Kind, error) {
	for _, k := range []trace.Kind{trace.First, trace.Tool, trace.User} {
		if name == k.String() {
			return k, nil
		}
	}
	return 0, fmt.Errorf("kind: %q; want first, tool or user", name)
}

func orUnknown(time *float64) float64 {
	if time == nil {
		return trace.Unknown
	}
	return *time
}

package readers

import (
	"cmp"
	"slices"
)

// azure reads the Azure LLM inference traces of 2023 and 2024: CSV with wall
// time, whole prompts, no sessions and no prefixes. Rows are held in memory, in
// 16 bytes each, as only the last one tells when the trace began.
type azure struct {
	env  *env
	rows []azureRow
	next int
	zero float64 // Unix seconds
}

type azureRow struct {
	start         float64 // Unix seconds
	input, output int32
}

func newAzure(e *env) csvFormat { return &azure{env: e} }

func (a *azure) columns() (required, optional []string) {
	return []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, nil
}
func (a *azure) begin(string)        {}
func (a *azure) finish(*queue) error { return nil }

func (a *azure) row(r *csvRow, _ *queue) {
	at, err := wallTime(r.cell("TIMESTAMP"))
	if err != nil {
		r.fail("TIMESTAMP: %v", err)
		return
	}
	row := azureRow{unixSeconds(at), int32(r.count("ContextTokens")), int32(r.count("GeneratedTokens"))}
	switch {
	case r.err != nil:
	case row.input == 0:
		a.env.note(noTokens)
	default:
		a.rows = append(a.rows, row)
	}
}

// drain pushes the rows in the order of time, some at a time.
func (a *azure) drain(q *queue) (bool, error) {
	const some = 4096
	if a.next == 0 && len(a.rows) > 0 {
		slices.SortStableFunc(a.rows, func(x, y azureRow) int {
			return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(x.input, y.input), cmp.Compare(x.output, y.output))
		})
		a.zero = a.rows[0].start
	}
	end := min(a.next+some, len(a.rows))
	for _, row := range a.rows[a.next:end] {
		c := unknownTimes()
		c.Start, c.Input, c.Output = micros(row.start-a.zero), int(row.input), int(row.output)
		q.push(c)
	}
	a.next = end
	return a.next == len(a.rows), nil
}

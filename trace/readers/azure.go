package readers

// azure reads the Azure LLM inference traces of 2023 and 2024: CSV with wall
// time, whole prompts, no sessions and no prefixes.
type azure struct{ clock clock }

func newAzure(*env) csvFormat { return &azure{} }

func (a *azure) columns() (required, optional []string) {
	return []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, nil
}
func (a *azure) begin(string)        {}
func (a *azure) finish(*queue) error { return nil }

func (a *azure) row(r *csvRow, q *queue) {
	c := unknownTimes()
	at, err := wallTime(r.cell("TIMESTAMP"))
	if err != nil {
		r.fail("TIMESTAMP: %v", err)
		return
	}
	c.Start = a.clock.since(at)
	c.Input, c.Output = r.count("ContextTokens"), r.count("GeneratedTokens")
	q.push(c)
}

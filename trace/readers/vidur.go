package readers

// vidur reads Vidur's CSV of prompt and answer lengths, with arrival times in
// seconds or without.
type vidur struct{ env *env }

func newVidur(e *env) csvFormat { return vidur{e} }

func (vidur) columns() (required, optional []string) {
	return []string{"num_prefill_tokens", "num_decode_tokens"},
		[]string{"arrived_at", "num_total_tokens", "pd_ratio"}
}
func (vidur) begin(string)        {}
func (vidur) finish(*queue) error { return nil }

func (v vidur) row(r *csvRow, q *queue) {
	c := unknownTimes()
	c.Start = r.seconds("arrived_at", 1)
	c.Input, c.Output = r.count("num_prefill_tokens"), r.count("num_decode_tokens")
	if v.env.usable(&c) {
		q.push(c)
	}
}

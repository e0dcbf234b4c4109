//go:build !js || readers

package ask

import "context"

// fileMethods are those that read what people drop, and those that the page does
// not ask.
func fileMethods() map[string]Method {
	return map[string]Method{
		"trace-stats": quick((*Desk).TraceStats),
		"table":       quick((*Desk).Table),
		"compare": method(func(ctx context.Context, d *Desk, q *CompareQuestion, p Progress) (*Comparison, error) {
			return d.Compare(ctx, q, p)
		}),
		"plan": method(func(ctx context.Context, d *Desk, q *PlanQuestion, p Progress) (*Plan, error) {
			return d.Plan(ctx, q, p)
		}),
		"sweep": method(func(ctx context.Context, d *Desk, q *SweepQuestion, p Progress) (*SweepAnswer, error) {
			return d.Sweep(ctx, q, p)
		}),
	}
}

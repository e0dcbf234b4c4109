package metrics

import "math"

// Batch means (modelling.md 4.3): the run is cut into 20 to 30 equal spans of
// time, long enough to be nearly independent, and the spread of their means
// says how certain the mean of the whole is.
const (
	bucketLimit  = 120 // buckets merge in pairs when they are so many
	batchesMost  = 30
	batchesLeast = 10 // fewer say nothing about their spread
)

// Batches sums a series over time, in ever wider buckets, so that a run of any
// length keeps 60 to 120 of them. What is summed is a ratio: met over asked,
// or, with times as denominators, a rate.
type Batches struct {
	start, width float64
	sums         [bucketLimit]ratio
	last         int // bucket in progress
}

type ratio struct{ above, below float64 }

// NewBatches starts a series at a time, in buckets of width seconds at first.
// Choose a width of about the smallest span of interest; it doubles as needed.
func NewBatches(start, width float64) Batches {
	return Batches{start: start, width: width}
}

// Add counts above over below at a time, not before the start.
func (b *Batches) Add(now, above, below float64) {
	i := b.advance(now)
	b.sums[i].above += above
	b.sums[i].below += below
}

// advance moves to the bucket of a time, merging buckets when they run out.
func (b *Batches) advance(now float64) int {
	at := (now - b.start) / b.width
	for at >= bucketLimit {
		for i := range bucketLimit / 2 {
			x, y := b.sums[2*i], b.sums[2*i+1]
			b.sums[i] = ratio{x.above + y.above, x.below + y.below}
		}
		clear(b.sums[bucketLimit/2:])
		b.width *= 2
		b.last /= 2
		at /= 2
	}
	i := max(int(at), 0)
	b.last = max(b.last, i)
	return i
}

// Interval is a mean with the half-width of its 95 % confidence interval,
// infinite where there is too little to tell.
type Interval struct{ Mean, Half float64 }

// Contains reports whether the interval leaves v possible.
func (i Interval) Contains(v float64) bool { return math.Abs(v-i.Mean) <= i.Half }

// Ratio is the sum of all above over the sum of all below up to now, with the
// interval of a ratio estimator over the batches that are complete; 0 with an
// infinite half-width when there is nothing.
func (b *Batches) Ratio(now float64) Interval {
	last := b.advance(now)
	var total ratio
	for _, s := range b.sums[:last+1] {
		total.above += s.above
		total.below += s.below
	}
	if total.below == 0 {
		return Interval{Half: math.Inf(1)}
	}
	mean := total.above / total.below
	return Interval{Mean: mean, Half: b.half(last, mean)}
}

// half is the half-width around a mean from the first n buckets, grouped into
// at most batchesMost batches. The residual of a batch from the common ratio
// has mean zero, so its spread is that of the ratio times the mean denominator.
func (b *Batches) half(n int, mean float64) float64 {
	group := (n + batchesMost - 1) / batchesMost
	if group == 0 || n/group < batchesLeast {
		return math.Inf(1)
	}
	k := n / group
	var squares, residuals, below float64
	for i := n % group; i < n; i += group { // the oldest odd buckets are left out
		var batch ratio
		for _, s := range b.sums[i : i+group] {
			batch.above += s.above
			batch.below += s.below
		}
		r := batch.above - mean*batch.below
		residuals += r
		squares += r * r
		below += batch.below
	}
	if below == 0 {
		return math.Inf(1)
	}
	count := float64(k)
	variance := max(squares-residuals*residuals/count, 0) / (count - 1)
	return studentT975(k-1) * math.Sqrt(variance/count) / (below / count)
}

// Series appends the ratio of every complete bucket to dst, for a test of
// warm-up; a bucket without any has the one before it.
func (b *Batches) Series(now float64, dst []float64) []float64 {
	last := b.advance(now)
	value := b.Ratio(now).Mean
	for _, s := range b.sums[:last] {
		if s.below != 0 {
			value = s.above / s.below
		}
		dst = append(dst, value)
	}
	return dst
}

// Discard drops the first n buckets as warm-up; the series then starts there.
func (b *Batches) Discard(n int) {
	n = min(n, b.last+1)
	copy(b.sums[:], b.sums[n:])
	clear(b.sums[bucketLimit-n:])
	b.start += float64(n) * b.width
	b.last = max(b.last-n, 0)
}

// Start is where the series begins, in seconds.
func (b *Batches) Start() float64 { return b.start }

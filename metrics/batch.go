package metrics

import "math"

// Batch means (modelling.md 4.3): the run is cut into 20 to 30 equal spans of
// time, long enough to be nearly independent, and the spread of their means
// says how certain the mean of the whole is.
const (
	bucketLimit = 120 // buckets merge in pairs when they are so many
	batchesMost = 30
)

// Batches sums a series over time, in ever wider buckets, so that a run of any
// length keeps 60 to 120 of them. What is summed is a ratio: met over asked,
// or, with times as denominators, a rate.
type Batches struct {
	start, width float64
	sums         [bucketLimit]Ratio
}

// NewBatches starts a series at a time, in buckets of width seconds at first.
// Choose a width of about the smallest span of interest; it doubles as needed.
func NewBatches(start, width float64) Batches {
	return Batches{start: start, width: width}
}

// Add counts above over below at a time, not before the start.
func (b *Batches) Add(now, above, below float64) {
	i := b.advance(now)
	b.sums[i].Above += above
	b.sums[i].Below += below
}

// advance finds the bucket of a time, merging buckets when they run out.
func (b *Batches) advance(now float64) int {
	for now-b.start >= b.width*bucketLimit {
		for i := range bucketLimit / 2 {
			b.sums[i] = b.sums[2*i].plus(b.sums[2*i+1])
		}
		clear(b.sums[bucketLimit/2:])
		b.width *= 2
	}
	return max(int((now-b.start)/b.width), 0)
}

// Ratio is the sum of all above over the sum of all below up to now, with the
// interval from the batches that are complete (see RatioOf).
func (b *Batches) Ratio(now float64) Interval {
	last := b.advance(now)
	var total Ratio
	for _, s := range b.sums[:last+1] {
		total = total.plus(s)
	}
	if total.Below == 0 {
		return Interval{Half: math.Inf(1)}
	}
	var grouped [batchesMost]Ratio
	return Interval{Mean: total.value(), Half: halfWidth(b.group(last, grouped[:0]), total.value())}
}

// group joins the first n buckets into at most batchesMost equal batches,
// leaving out the oldest odd ones.
func (b *Batches) group(n int, dst []Ratio) []Ratio {
	size := (n + batchesMost - 1) / batchesMost
	if size == 0 {
		return dst
	}
	for i := n % size; i < n; i += size {
		var batch Ratio
		for _, s := range b.sums[i : i+size] {
			batch = batch.plus(s)
		}
		dst = append(dst, batch)
	}
	return dst
}

// Series appends the ratio of every complete bucket to dst, for a test of
// warm-up; a bucket without any has the one before it.
func (b *Batches) Series(now float64, dst []float64) []float64 {
	last := b.advance(now)
	value := b.Ratio(now).Mean
	for _, s := range b.sums[:last] {
		if s.Below != 0 {
			value = s.value()
		}
		dst = append(dst, value)
	}
	return dst
}

// Discard drops the first n buckets as warm-up; the series then starts there.
func (b *Batches) Discard(n int) {
	n = min(n, bucketLimit)
	copy(b.sums[:], b.sums[n:])
	clear(b.sums[bucketLimit-n:])
	b.start += float64(n) * b.width
}

// Start is where the series begins, in seconds.
func (b *Batches) Start() float64 { return b.start }

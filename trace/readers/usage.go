package readers

import "math"

// usage is a provider's report of the tokens of one call, as its keys name
// them. Providers differ in what the input includes: cache reads, tokens
// written to the cache; and whether the output includes reasoning.
type usage struct {
	input, output int
	read          int // from the provider's cache
	created       int // written to the provider's cache
	reasoning     int // thoughts
	total         int // of all; 0 = not told
	usual         buckets
}

// buckets says which counts stand beside input and output, rather than in them.
type buckets struct{ read, created, reasoning bool }

// anthropic counts what is read from and written to the cache beside the input
// (Messages API, usage).
func anthropic() buckets { return buckets{read: true, created: true} }

// openAI counts all of it inside (Chat Completions and Responses, usage).
func openAI() buckets { return buckets{} }

// google counts thoughts beside the output (Gemini API, usageMetadata).
func google() buckets { return buckets{reasoning: true} }

// tokens returns the whole prompt, how much of it the provider's cache
// returned, and all that was generated. Of the ways to read the report those
// are possible that take no more out of a count than is in it; of these, one
// that gives the total is right; or else the one nearest to the usual manner.
func (u *usage) tokens() (input, cached, output int) {
	all := allBuckets()
	best, least := all[len(all)-1], math.MaxInt
	for _, b := range all {
		if !u.possible(b) {
			continue
		}
		misfit := b.distance(u.usual)
		if u.total > 0 && u.sum(b) != u.total {
			misfit += len(all)
		}
		if misfit < least {
			best, least = b, misfit
		}
	}
	input, output = u.counted(best)
	return input, min(u.read, input), output
}

// allBuckets are the ways to read a report, those that put more inside first.
func allBuckets() [8]buckets {
	return [8]buckets{
		{},
		{created: true},
		{read: true},
		{read: true, created: true},
		{reasoning: true},
		{created: true, reasoning: true},
		{read: true, reasoning: true},
		{read: true, created: true, reasoning: true},
	}
}

// distance counts the differences between two manners.
func (b buckets) distance(other buckets) int {
	n := 0
	for _, differs := range []bool{b.read != other.read, b.created != other.created, b.reasoning != other.reasoning} {
		if differs {
			n++
		}
	}
	return n
}

// possible reports whether a count holds all that is inside it.
func (u *usage) possible(b buckets) bool {
	inside := 0
	if !b.read {
		inside += u.read
	}
	if !b.created {
		inside += u.created
	}
	return inside <= u.input && (b.reasoning || u.reasoning <= u.output)
}

func (u *usage) counted(b buckets) (input, output int) {
	input, output = u.input, u.output
	if b.read {
		input += u.read
	}
	if b.created {
		input += u.created
	}
	if b.reasoning {
		output += u.reasoning
	}
	return input, output
}

func (u *usage) sum(b buckets) int {
	input, output := u.counted(b)
	return input + output
}

package llm

// chunked is grouped attention inside chunks of Window tokens: a query sees the
// tokens of its own chunk that came before it (Llama 4).
type chunked struct{ windowed }

func (chunked) until(a reach, n int64) Work {
	chunk := int64(a.Window)
	whole, rest := n/chunk, n%chunk
	return Work{Pairs: float64(whole*sumTo(chunk) + sumTo(rest))}
}

// decode is the mean over the chunk beyond the first one, so that what a step
// costs does not jump with every sequence's place in its chunk.
func (chunked) decode(a reach, context float64) Work {
	if chunk := float64(a.Window); context > chunk {
		return Work{Pairs: (chunk + 1) / 2}
	}
	return Work{Pairs: context}
}

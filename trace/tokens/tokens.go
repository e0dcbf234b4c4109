// Package tokens counts the tokens of text in traces that give no counts.
//
// The count is that of one public vocabulary, OpenAI's o200k_base. Models have
// vocabularies of their own; on code and English their counts differ by some
// ten per cent.
package tokens

import "unicode/utf8"

// Counter returns the number of tokens of a text.
type Counter func(text []byte) int

// CharactersPerToken is the mean over 13 recorded sessions of a coding agent
// (LMCache/lmcache-agent-trace 16a14ad, mini-swe-agent) counted with o200k_base:
// 4.22 for 5.9 million characters of prompts, 4.19 for the answers.
const CharactersPerToken = 4.2

// ByRatio returns a Counter that divides the number of characters and rounds
// up. It is a thousand times faster than a vocabulary and needs none.
func ByRatio(charactersPerToken float64) Counter {
	return func(text []byte) int {
		n := float64(utf8.RuneCount(text)) / charactersPerToken
		whole := int(n)
		if float64(whole) < n {
			whole++
		}
		return whole
	}
}

package readers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Reports as providers and gateways write them, with what was sent and said.
func TestUsageOfProviders(t *testing.T) {
	for _, test := range []struct {
		name   string
		report usage
		want   [3]int // prompt, of it from the cache, generated
	}{
		{"Anthropic Messages", usage{input: 3, created: 400, read: 30_000, output: 100, usual: anthropic()}, [3]int{30_403, 30_000, 100}},
		{"Anthropic Messages, more new than cached",
			usage{input: 9_000, created: 400, read: 300, output: 100, usual: anthropic()}, [3]int{9_700, 300, 100}},
		{"OpenAI Responses", usage{input: 9_900, read: 8_960, output: 100, reasoning: 40, total: 10_000}, [3]int{9_900, 8_960, 100}},
		{"OpenAI without a total", usage{input: 9_900, read: 8_960, output: 100, reasoning: 40}, [3]int{9_900, 8_960, 100}},
		{"Gemini, thoughts beside", usage{input: 8_000, read: 7_500, output: 100, reasoning: 50, total: 8_150, usual: google()}, [3]int{8_000, 7_500, 150}},
		{"GenAI span of an Anthropic client", usage{input: 5, read: 5_600, created: 6_100, output: 200}, [3]int{11_705, 5_600, 200}},
		{"Langfuse, all beside", usage{input: 90, read: 17_600, output: 100, reasoning: 900, total: 18_690}, [3]int{17_690, 17_600, 1_000}},
		{"Langfuse, input with the cache in it", usage{input: 100, read: 60, output: 10, total: 110}, [3]int{100, 60, 10}},
		{"Langfuse, input without it", usage{input: 100, read: 60, output: 10, total: 170}, [3]int{160, 60, 10}},
		{"LiteLLM, Anthropic handed on",
			usage{input: 14, read: 2_480, created: 690, output: 80, total: 94, usual: anthropic()}, [3]int{3_184, 2_480, 80}},
		{"LiteLLM, reads added and writes not",
			usage{input: 2_494, read: 2_480, created: 690, output: 80, usual: buckets{created: true}}, [3]int{3_184, 2_480, 80}},
		{"LiteLLM, everything added",
			usage{input: 3_184, read: 2_480, created: 690, output: 80, total: 3_264}, [3]int{3_184, 2_480, 80}},
		{"reasoning that cannot be inside", usage{input: 10, output: 3, reasoning: 70}, [3]int{10, 0, 73}},
		{"nothing but two counts", usage{input: 10, output: 3}, [3]int{10, 0, 3}},
		{"nothing", usage{}, [3]int{}},
	} {
		input, cached, output := test.report.tokens()
		require.Equal(t, test.want, [3]int{input, cached, output}, test.name)
	}
}

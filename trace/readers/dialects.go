package readers

import (
	"strings"

	"agentsim/trace/jsonscan"
)

// dialect reads an attribute of a span under the names of OpenInference
// (Phoenix, Arize), OpenLLMetry (Traceloop) and the Vercel AI SDK, which the
// GenAI conventions do not have.
func (p *spans) dialect(s *jsonscan.Scanner, name string, sp *otelSpan) {
	count := func(to *int) {
		if v, told := looseCount(s, name); told {
			*to = max(*to, v)
		}
	}
	switch name {
	case "openinference.span.kind", "span_kind":
		sp.operation = openInferenceKind(looseText(s), sp.operation)
	case "operation.name", "ai.operationId":
		sp.operation = vercelOperation(looseText(s), sp.operation)
	case "llm.model_name", "ai.model.id", "llm.request.model", "gen_ai.response.model", "embedding.model_name":
		if model := looseText(s); sp.model == "" {
			sp.model = p.env.names.of([]byte(model))
		}
	case "tool.name", "ai.toolCall.name", "agent.name", "ai.telemetry.functionId":
		if named := looseText(s); sp.name == "" {
			sp.name = named
		}
	case "llm.token_count.prompt", "ai.usage.promptTokens", "ai.usage.inputTokens", "llm.usage.prompt_tokens":
		count(&sp.tokens.input)
	case "llm.token_count.completion", "ai.usage.completionTokens", "ai.usage.outputTokens",
		"llm.usage.completion_tokens":
		count(&sp.tokens.output)
	case "llm.token_count.total", "ai.usage.totalTokens", "ai.usage.tokens":
		count(&sp.tokens.total)
	case "llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens",
		"ai.usage.inputTokenDetails.cacheReadTokens", "gen_ai.usage.cached_tokens",
		"llm.token_count.prompt_details.cache_input", "gen_ai.usage.input_tokens.cached":
		count(&sp.tokens.read)
	case "llm.token_count.prompt_details.cache_write", "ai.usage.inputTokenDetails.cacheWriteTokens":
		count(&sp.tokens.created)
	case "llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens",
		"ai.usage.outputTokenDetails.reasoningTokens", "gen_ai.usage.output_tokens.reasoning":
		count(&sp.tokens.reasoning)
	default:
		if session := sessionAttribute(name); session {
			if named := looseText(s); sp.session == "" {
				sp.session = named
			}
			return
		}
		s.Skip()
	}
}

// sessionAttribute reports whether an attribute names the session.
func sessionAttribute(name string) bool {
	for _, prefix := range []string{
		"ai.telemetry.metadata.", "traceloop.association.properties.", "langfuse.", "metadata.",
	} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
		}
	}
	switch plainName(name) {
	case "sessionid", "threadid", "conversationid", "chatid":
		return true
	}
	return false
}

// openInferenceKind is the operation of a span of OpenInference.
func openInferenceKind(kind, before string) string {
	switch strings.ToUpper(kind) {
	case "LLM":
		return "chat"
	case "TOOL":
		return "execute_tool"
	case "AGENT":
		return "invoke_agent"
	case "EMBEDDING", "RERANKER", "RETRIEVER", "CHAIN", "GUARDRAIL", "EVALUATOR", "PROMPT":
		return noOperation
	}
	return before // of another convention: UNKNOWN, CLIENT, SERVER
}

// vercelOperation is the operation of a span of the Vercel AI SDK, whose name
// may be followed by that of the function. A call of the provider lies in one of
// the SDK, which tells its tokens again.
func vercelOperation(name, before string) string {
	name, _, _ = strings.Cut(name, " ")
	switch name {
	case "ai.generateText.doGenerate", "ai.streamText.doStream", "ai.generateObject.doGenerate",
		"ai.streamObject.doStream":
		return "chat"
	case "ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject":
		return sdkOperation
	case "ai.toolCall":
		return "execute_tool"
	case "ai.embed", "ai.embed.doEmbed", "ai.embedMany", "ai.embedMany.doEmbed":
		return noOperation
	}
	return before
}

// Operations that the conventions have no name for.
const (
	sdkOperation = "sdk"  // of an SDK, around calls of the provider
	noOperation  = "none" // that is no call of a model, whatever tokens it counts
)

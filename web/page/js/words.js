// What the page says, in one file: names of rooms, parts and terms.

export const rooms = /** @type {[string, string][]} */ ([["story", "Story"], ["workbench", "Workbench"], ["sessions", "Sessions"], ["studies", "Studies"]]);

/** The states of a turn, in order, and the colours of all figures. @type {Record<string, [string, string]>} */
export const states = {
  tool: ["tool", "var(--tool)"], ingress: ["ingress", "var(--ingress)"], queue: ["queue", "var(--queue)"], reload: ["reload", "var(--reload)"],
  prefill: ["prefill", "var(--prefill)"], transfer: ["transfer", "var(--transfer)"], slot: ["waiting for a slot", "var(--slot)"], decode: ["decode", "var(--decode)"],
};

/** The parts of a rank's memory. @type {[string, string, string][]} */
export const memory = [
  ["experts", "experts", "var(--experts)"], ["dense", "attention and dense", "var(--weights)"], ["embeddings", "embeddings", "var(--host)"],
  ["reserved", "runtime", "var(--ingress)"], ["activations", "activations", "var(--prefill)"], ["cache", "caches", "var(--cache)"], ["unused", "left unused", "transparent"],
];

/** Why prompt tokens were not found in a cache. @type {[string, string, string][]} */
export const lost = [
  ["never_seen", "never seen before", "var(--tool)"], ["prompt_changed", "the prompt changed", "var(--ingress)"], ["evicted", "evicted", "var(--queue)"],
  ["no_checkpoint", "no checkpoint kept", "var(--prefill)"], ["other_worker", "on another worker", "var(--reload)"], ["not_kept", "generated, not kept", "var(--slot)"],
];

/** Where the watts go. @type {Record<string, string>} */
export const watts = { accelerator: "var(--decode)", cpu: "var(--slot)", host: "var(--host)", switch: "var(--prefill)", fans: "var(--cache2)", conversion: "var(--tool)" };

/** The five meanings of a megawatt. @type {[string, string, string][]} */
export const megawatts = [
  ["accelerator_measured", "drawn by the accelerators", "the benchmark's"], ["accelerator_tdp", "rated power of the accelerators", "whatever they draw"],
  ["it", "node or rack at the wall", "with hosts, switches, fans, losses"], ["facility", "of the building", "with cooling and distribution"],
  ["provisioned", "nameplate", "what a buyer reserves"],
];

/** What stands in the way of more agents, in words.
 * @param {string} limit */
export function limitInWords(limit) {
  const [what, why] = limit.split(": ");
  const measure = what?.startsWith("ttft") ? "the time to first token" : what?.startsWith("output_speed") ? "the speed of answers" : what?.startsWith("e2e") ? "the speed of whole requests" : what;
  return why ? `${measure}: ${why}` : measure || "nothing yet";
}

/** What a number rests on, and how it is drawn. @type {Record<string, [string, "solid" | "hatched" | "dotted"]>} */
export const bases = {
  measured: ["measured", "solid"], vendor: ["stated by the maker", "solid"], published: ["published", "solid"], fitted: ["fitted", "hatched"], assumed: ["assumed", "dotted"],
};

/** Terms, each in a sentence, with the step of the story that shows it. @type {Record<string, [string, number]>} */
export const terms = {
  agent: ["A program that calls a model, runs a tool, and calls again with a longer conversation, over and over.", 1],
  "time to first token": ["From sending a request until its answer begins; prompts wait, are read, and their caches travel in it.", 2],
  TTFT: ["Time to first token: from sending a request until its answer begins.", 2],
  prefill: ["Reading a prompt: all its tokens at once, which takes arithmetic.", 2],
  decode: ["Writing an answer: one token after the other, which takes memory bandwidth.", 2],
  prefix: ["The part of a prompt that was computed before; its cache can be used again instead of computing it.", 6],
  "expert parallel": ["The experts of a model spread over several accelerators; tokens travel to theirs and back in every layer.", 4],
  disaggregated: ["Some workers only read prompts, others only write answers; caches move between them.", 5],
  cache: ["What attention keeps of a conversation, so that its tokens need not be computed again.", 3],
  "P10 to P90": ["Four answers out of five lie in this range, by what public runs of similar stacks were off and by what the inputs do not know.", 7],
};

// The gap in seven steps. Each asks before it shows: the reader's guess stays on
// the figure beside the answer. The text is that of docs/LEARN.md.

import { count, gigabytes, h, isAbort, later, num, percent, put, say } from "./dom.js";
import { bars, figure, interval, waterfall } from "./figures.js";
import { withTerms } from "./terms.js";
import { turn } from "./workbench.js";
import { memory } from "./words.js";

const node = "h200-agentperf-slo20", unit = "gb300-agentperf-slo20";

/** The steps at which factors of the comparison are spoken of. @type {Record<string, number>} */
const stepOf = { "HBM capacity": 3, "HBM bandwidth": 3, "weight format and kernel path": 4, "compute": 4, "overlap and engine": 4, "disaggregation": 5, "scale-up domain and link": 5, "prefix reuse and tiers": 6, "speculation": 7, "power per accelerator": 7, "deployments as given": 7 };

/**
 * @typedef {{name: string, low: number, high: number, log?: boolean, start: number, show: (v: number) => string, set: (v: number) => string[], of: string}} Slider
 * @typedef {{
 *   title: string, ask: string, low: number, high: number, log?: boolean, unit: (v: number) => string,
 *   truth: (world: World) => number, said: (world: World, truth: number) => string,
 *   draw: (world: World, guess: number | undefined) => any, slider: Slider,
 * }} Step
 * @typedef {{node: any, unit: any, gap: any, bounded: any}} World
 */

const factor = (/** @type {World} */ w, /** @type {string} */ name) => w.gap.factors.find((/** @type {any} */ f) => f.name === name)?.multiplier ?? 1;

/** Two bars: the guess and what is so.
 * @param {string} title
 * @param {{name: string, value: number, colour: string}[]} list
 * @param {(v: number) => string} show */
const beside = (title, list, show) => figure({ title, level: "h3", draw: bars(list.map((x) => ({ name: x.name, all: x.value, parts: [{ name: "", value: x.value, colour: x.colour }] })), { show }) });

/** @type {Step[]} */
const steps = [
  {
    title: "What is counted", ask: "How many agents does one node of eight H200 hold, if three of four answers must come at 20 tokens a second?",
    low: 1, high: 2000, log: true, unit: (v) => `${count(Math.round(v))} agents`, truth: (w) => w.node.capacity.agents,
    said: (w, t) => `${count(t)} agents, ${num(w.node.capacity.agents_per_accelerator)} a card. A GB300 unit of 32 cards holds ${count(w.unit.capacity.agents)}: ${num(w.unit.capacity.agents_per_accelerator)} a card.`,
    draw: (w, g) => figure({ title: "Agents on one node", level: "h3", draw: interval({ answer: w.node.capacity.agents, guess: g, other: w.unit.capacity.agents, unit: "agents; the ring is the GB300 unit" }) }),
    slider: { name: "The speed that three of four answers must have", of: node, low: 10, high: 60, start: 20, show: (v) => `${Math.round(v)} tok/s`, set: (v) => [`slo.output_speed.p25=${Math.round(v)}tok/s`] },
  }, {
    title: "A turn", ask: "Of the time from one request to the next, how much does a GB300 unit spend writing the answer?",
    low: 0, high: 1, unit: percent, truth: (w) => w.unit.time.by_state.decode / w.unit.time.cycle_s,
    said: (w, t) => `${percent(t)}. Reading the prompt takes ${percent(w.unit.time.by_state.prefill / w.unit.time.cycle_s)}, waiting for it ${percent(w.unit.time.by_state.queue / w.unit.time.cycle_s)}.`,
    draw: (w) => turn(w.unit),
    slider: { name: "How long a tool runs", of: unit, low: 0.1, high: 60, log: true, start: 1.4, show: (v) => `${num(v, 2)} s`, set: (v) => [`workload.tool_gap={kind: constant, value: ${Math.max(100, Math.round(v * 1000))}ms}`] },
  }, {
    title: "Memory decides what fits", ask: "An H200 has 141 GB. How many are left for the caches of its agents?",
    low: 0, high: 141, unit: (v) => `${num(v, 3)} GB`, truth: (w) => w.node.memory[0].cache / 1e9,
    said: (w, t) => `${num(t)} GB: the experts alone take ${gigabytes(w.node.memory[0].experts)}. With the whole prompt in the cache ${num(w.node.memory[0].cache_tokens / w.node.metrics.mean_input_tokens, 2)} prompts would fit, were it not for windows and states.`,
    draw: (w) => figure({ title: "Memory of one card", level: "h3", draw: bars([["one H200", w.node.memory[0]], ["one GB300 that decodes", w.unit.memory.at(-1)]].map(([name, m]) => ({ name: String(name), all: m.hbm, parts: memory.map(([key, n, colour]) => ({ name: n, colour, value: m[key] })) })), { show: gigabytes }) }),
    slider: { name: "Memory of one H200", of: node, low: 120, high: 320, start: 150.75, show: (v) => `${Math.round(v)} GB`, set: (v) => [`system.accelerator.hbm.capacity=${Math.round(v)}GB`] },
  }, {
    title: "A kernel path is worth more than a chip", ask: "Hopper unpacks 4-bit weights before it multiplies; Blackwell does not. By what factor does that alone move the answer?",
    low: 1, high: 20, log: true, unit: (v) => `×${num(v, 2)}`, truth: (w) => factor(w, "weight format and kernel path"),
    said: (w, t) => `×${num(t)} on average over all orders; more raw compute is worth ×${num(factor(w, "compute"))}.`,
    draw: (w, g) => beside("Worth, as a factor", [...(g ? [{ name: "your guess", value: g, colour: "var(--queue)" }] : []), { name: "weight format and kernel path", value: factor(w, "weight format and kernel path"), colour: "var(--accent)" }, { name: "compute", value: factor(w, "compute"), colour: "var(--other)" }], (v) => `×${num(v)}`),
    slider: { name: "Kernels, as a share of what they do now", of: node, low: 0.4, high: 4, log: true, start: 1, show: (v) => `×${num(v, 2)}`, set: (v) => [`kernels.efficiency=${num(v, 3)}`] },
  }, {
    title: "Prefill apart from decode", ask: "On the GB300 unit some cards only read prompts and others only write. What is that worth?",
    low: 1, high: 10, log: true, unit: (v) => `×${num(v, 2)}`, truth: (w) => factor(w, "disaggregation"),
    said: (w, t) => `×${num(t)} on average: long prompts no longer hold up answers.`,
    draw: (w, g) => beside("Worth, as a factor", [...(g ? [{ name: "your guess", value: g, colour: "var(--queue)" }] : []), { name: "disaggregation", value: factor(w, "disaggregation"), colour: "var(--accent)" }, { name: "72 cards in one domain", value: factor(w, "scale-up domain and link"), colour: "var(--other)" }], (v) => `×${num(v)}`),
    slider: { name: "Workers that read prompts, of four cards each", of: unit, low: 1, high: 14, start: 6, show: (v) => String(Math.round(v)), set: (v) => [`deployment.prefill.workers=${Math.round(v)}`] },
  }, {
    title: "Caches lose prefixes", ask: "An agent sends its whole conversation again and again. On the H200 node, how much of a prompt is found in the cache?",
    low: 0, high: 1, unit: percent, truth: (w) => w.node.metrics.prefix_hit_rate,
    said: (w, t) => `${percent(t)}; on the GB300 unit ${percent(w.unit.metrics.prefix_hit_rate)}. What is lost is computed again.`,
    draw: (w, g) => figure({ title: "Of a prompt's tokens", level: "h3", draw: bars([...(g !== undefined ? [{ name: "your guess", all: g, parts: [{ name: "found", value: g, colour: "var(--queue)" }] }] : []), ...[["one H200 node", w.node], ["one GB300 unit", w.unit]].map(([name, r]) => ({ name: String(name), all: r.metrics.prefix_hit_rate, parts: [{ name: "found", value: r.metrics.prefix_hit_rate, colour: "var(--cache)" }, { name: "computed again or new", value: 1 - r.metrics.prefix_hit_rate, colour: "var(--tool)" }] }))], { show: percent, most: 1 }) }),
    slider: { name: "Share of memory that the engine may use", of: node, low: 0.85, high: 0.99, start: 0.94, show: (v) => percent(v), set: (v) => [`engine.memory.utilisation=${v.toFixed(3)}`] },
  }, {
    title: "What is not known", ask: "Four of five answers for the GB300 unit lie between P10 and P90. How many times P10 is P90?",
    low: 1, high: 10, log: true, unit: (v) => `×${num(v, 2)}`, truth: (w) => { const m = w.bounded.capacity.model_interval.agents; return m.p90 / m.p10; },
    said: (w, t) => { const m = w.bounded.capacity.model_interval.agents; return `×${num(t)}: from ${count(Math.round(m.p10))} to ${count(Math.round(m.p90))} agents. That is how far predictions of public runs of such stacks were off.`; },
    draw: (w) => { const m = w.bounded.capacity.model_interval.agents; return figure({ title: "Agents on the GB300 unit, P10 to P90", level: "h3", draw: interval({ answer: w.bounded.capacity.agents, low: m.p10, high: m.p90, unit: "agents" }) }); },
    slider: { name: "If all kernels were as fast, times", of: unit, low: 0.6, high: 1.6, log: true, start: 1, show: (v) => `×${num(v, 2)}`, set: (v) => [`kernels.efficiency=${num(v, 3)}`] },
  },
];

/** The text of every step, from the marked parts of the lessons.
 * @param {string} text */
function parts(text) {
  /** @type {Record<number, string[]>} */ const found = {};
  for (const [, n, body] of text.matchAll(/<!-- step (\d) -->([\s\S]*?)<!-- end -->/g)) (found[Number(n)] ??= []).push(body.replace(/\s+/g, " ").replace(/[:;,]\s*$/, ".").trim());
  return found;
}

/** Bold and code of a line of Markdown, as elements.
 * @param {string} line */
function inline(line) {
  return line.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => part.startsWith("**") ? h("strong", null, part.slice(2, -2)) : part.startsWith("`") ? h("code", null, part.slice(1, -1)) : withTerms(part));
}

/**
 * @param {HTMLElement} room
 * @param {import("./main.js").App} app
 */
export function open(room, app) {
  const { engine, state } = app;
  const stop = new AbortController();
  /** @type {(number | undefined)[]} */ const guesses = [];
  /** @type {World | undefined} */ let world;
  const place = h("div", { class: "stack" });
  const fall = h("div", { class: "card" });
  const column = h("div");
  const holder = h("div", { class: "story narrow" }, column, h("div", { class: "figurehold stack" }, place, fall));
  put(room, h("div", { class: "row spread" }, h("h1", null, "Where the twenty-fold gap comes from"), dots()), h("p", { class: "soft" }, "From a node of eight H200 to a unit of thirty-two GB300, in seven steps. Guess first, then see."), holder);

  /** @type {HTMLElement[]} */ let sections = [];
  function dots() {
    return h("div", { class: "steps", role: "group", "aria-label": "Steps" }, steps.map((s, i) => h("button", { "aria-label": `Step ${i + 1}: ${s.title}`, "data-step": i + 1, onclick: () => visit(i + 1) }, i + 1)));
  }

  /** Goes to a step. @param {number} n */
  function visit(n, scroll = true) {
    n = Math.min(steps.length, Math.max(1, n));
    const moved = n !== state.step;
    app.go({ step: n }, !moved);
    mark();
    if (scroll) { sections[n - 1]?.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" }); held = performance.now() + 900; }
  }
  let held = 0;

  function mark() {
    sections.forEach((s, i) => s.classList.toggle("now", i + 1 === state.step));
    for (const b of room.querySelectorAll(".steps button")) b.toggleAttribute("aria-current", b.getAttribute("data-step") === String(state.step));
    for (const b of room.querySelectorAll(".steps button[aria-current]")) b.setAttribute("aria-current", "step");
    draw();
  }

  function draw() {
    if (!world) return;
    const i = state.step - 1, step = steps[i], guess = guesses[i];
    const shown = guess !== undefined;
    put(place, h("div", { class: "card" }, shown ? step.draw(world, guess) : h("p", { class: "soft" }, "Guess first: the figure appears with your guess on it.")));
    const factors = [...world.gap.factors].sort((/** @type {any} */ a, /** @type {any} */ b) => (stepOf[a.name] ?? 7) - (stepOf[b.name] ?? 7));
    const now = factors.filter((f) => (stepOf[f.name] ?? 7) <= (shown || state.step < 3 ? state.step : state.step - 1)).length;
    put(fall, figure({ title: "The gap, step by step", level: "h3", about: world.gap.counted, draw: waterfall({ from: world.gap.ends.b.value, to: world.gap.ends.a.value, fromName: "H200 node", toName: "GB300 unit", shown: now, factors: factors.map((f) => ({ name: f.name, multiplier: f.multiplier, lit: (stepOf[f.name] ?? 7) === state.step })) }) }));
  }

  /**
   * @param {Step} step
   * @param {number} i
   * @param {string[]} text
   */
  function section(step, i, text) {
    const scale = (/** @type {number} */ v) => (step.log ? step.low * (step.high / step.low) ** v : step.low + (step.high - step.low) * v);
    const range = h("input", { type: "range", min: 0, max: 1, step: 0.005, value: 0.5, "aria-label": `Your guess: ${step.ask}` });
    const said = h("output", null, step.unit(scale(0.5)));
    range.addEventListener("input", () => { said.textContent = step.unit(scale(Number(range.value))); range.setAttribute("aria-valuetext", said.textContent ?? ""); });
    const result = h("div", { class: "stack" });
    const see = h("button", { class: "main", onclick: () => {
      if (!world) return;
      guesses[i] = scale(Number(range.value));
      const truth = step.truth(world);
      put(result, h("p", null, "You said ", h("strong", null, step.unit(/** @type {number} */ (guesses[i]))), ". The model says ", h("strong", { "data-truth": i + 1 }, step.unit(truth)), "."), h("p", null, step.said(world, truth)), text.map((t) => h("p", null, inline(t))), trial(step), onward(i));
      see.textContent = "Guess again";
      say(`The model says ${step.unit(truth)}.`);
      visit(i + 1, false);
    } }, "See");
    return h("section", { class: "step", "aria-label": step.title, onfocusin: () => { if (state.step !== i + 1) visit(i + 1, false); } },
      h("div", { class: "count" }, `${i + 1} of ${steps.length}`), h("h2", null, step.title),
      h("div", { class: "guess" }, h("p", null, step.ask), range, h("div", { class: "row spread" }, said, see)), result);
  }

  /** A slider that asks the simulator. @param {Step} step */
  function trial(step) {
    const { slider } = step;
    const scale = (/** @type {number} */ v) => (slider.log ? slider.low * (slider.high / slider.low) ** v : slider.low + (slider.high - slider.low) * v);
    const back = (/** @type {number} */ v) => (slider.log ? Math.log(v / slider.low) / Math.log(slider.high / slider.low) : (v - slider.low) / (slider.high - slider.low));
    const out = h("output", { class: "num" }), value = h("output", null, slider.show(slider.start));
    const range = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: back(slider.start), "aria-label": slider.name });
    const ask = later(async () => {
      try {
        const r = await engine.ask("estimate", { scenario: slider.of, set: slider.set(scale(Number(range.value))) }, { signal: stop.signal });
        out.textContent = `${count(r.capacity.agents)} agents on ${slider.of === node ? "the H200 node" : "the GB300 unit"}`;
      } catch (error) {
        if (!isAbort(error)) out.textContent = error instanceof Error && /infeasible/.test(error.message) ? "nobody: it does not fit" : "not with this value";
      }
    }, 60);
    range.addEventListener("input", () => { value.textContent = slider.show(scale(Number(range.value))); void ask(); });
    void ask();
    return h("div", { class: "guess" }, h("p", null, h("strong", null, "Try it. "), slider.name, ": ", value), range, out);
  }

  /** @param {number} i */
  function onward(i) {
    if (i + 1 < steps.length) return h("button", { onclick: () => visit(i + 2) }, `Next: ${steps[i + 1].title}`);
    return h("div", { class: "row" }, h("button", { class: "main", onclick: () => app.go({ room: "workbench", yaml: `name: mine\nextends: ${unit}\nprotocol: steady-state\n`, other: `name: node\nextends: ${node}\nprotocol: steady-state\n` }) }, "Open both in the workbench"), h("span", { class: "small soft" }, "The residual to the published figures is in no factor; the program is not fitted to them."));
  }

  /** @param {KeyboardEvent} e */
  function key(e) {
    if (e.target instanceof HTMLInputElement || e.target instanceof HTMLTextAreaElement || e.altKey || e.ctrlKey || e.metaKey) return;
    if (e.key === "ArrowRight" || e.key === "PageDown") { e.preventDefault(); visit(state.step + 1); }
    if (e.key === "ArrowLeft" || e.key === "PageUp") { e.preventDefault(); visit(state.step - 1); }
  }
  document.addEventListener("keydown", key);
  const watcher = new IntersectionObserver((entries) => {
    if (performance.now() < held || matchMedia("(max-width: 860px)").matches) return;
    const seen = entries.filter((e) => e.isIntersecting).sort((a, b) => b.intersectionRatio - a.intersectionRatio)[0];
    if (seen) visit(sections.indexOf(/** @type {HTMLElement} */ (seen.target)) + 1, false);
  }, { rootMargin: "-35% 0px -45% 0px" });

  void (async () => {
    put(place, h("p", { class: "soft" }, "The simulator is being loaded while you read."));
    try {
      const learn = await (await fetch("learn.md", { signal: stop.signal })).text();
      const texts = parts(learn);
      sections = steps.map((s, i) => section(s, i, texts[i + 1] ?? []));
      put(column, sections);
      mark();
      for (const s of sections) watcher.observe(s);
      if (state.step > 1) sections[state.step - 1].scrollIntoView({ block: "start" });
      const ask = (/** @type {string} */ scenario, more = {}) => engine.ask("estimate", { scenario, ...more }, { signal: stop.signal });
      const [gap, a, b] = await Promise.all([fetch("gap.json", { signal: stop.signal }).then((r) => r.json()), ask(node), ask(unit)]);
      world = { gap, node: a, unit: b, bounded: b };
      draw();
      column.dataset.ready = "1";
      world.bounded = await ask(unit, { interval: true });
      column.dataset.ready = "2";
      draw();
    } catch (error) {
      if (!isAbort(error)) put(place, h("p", { class: "note bad", role: "alert" }, `The story cannot be told: ${error instanceof Error ? error.message : error}`));
    }
  })();

  return () => { stop.abort(); watcher.disconnect(); document.removeEventListener("keydown", key); };
}

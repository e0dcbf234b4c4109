// The workbench: a scenario as a form and as YAML, and its answer: estimated at
// once, simulated as it comes.

import { count, gigabytes, h, isAbort, later, num, percent, put, say, seconds } from "./dom.js";
import { editor } from "./editor.js";
import { Failure } from "./failure.js";
import { bars, figure, interval, table } from "./figures.js";
import { form } from "./form.js";
import { rack } from "./rack.js";
import { withTerms } from "./terms.js";
import { bases, lost, limitInWords, megawatts, memory, states, watts } from "./words.js";

/**
 * @param {HTMLElement} room
 * @param {import("./main.js").App} app
 */
export function open(room, app) {
  const { engine, state } = app;
  let quick = new AbortController(), slow = new AbortController();
  /** @type {any} */ let meanings = [];
  /** @type {Record<string, {name: string, about?: string}[]>} */ const kinds = {};

  const answer = h("div", { class: "stack" });
  const running = h("div", { class: "card stack", hidden: true });
  const details = h("div", { class: "grid" });
  const live = rack(app);
  const compared = h("div", { class: "stack" });
  const text = editor({ text: state.yaml, change: (yaml) => changed(yaml), meanings: () => meanings, presets: (kind) => (kinds[kind] ?? []).map((p) => p.name) });
  const controls = form({ engine, kinds, yaml: () => state.yaml, edit: (yaml) => { text.set(yaml); changed(yaml); } });
  const auto = h("input", { type: "checkbox", id: "auto", checked: remembered() });
  auto.addEventListener("change", () => { try { localStorage.setItem("auto", String(auto.checked)); } catch { /* lasts as long as the page */ } if (auto.checked) simulate(); });

  put(room, h("div", { class: "bench" },
    h("aside", { class: "card", "aria-label": "Scenario" },
      h("div", { class: "row spread" }, h("h2", null, "Scenario"), h("div", { class: "row" }, opener((yaml) => { text.set(yaml); changed(yaml); }))),
      text.element,
      h("p", { class: "small soft" }, "Each control below writes one field of this YAML. Ctrl+Space completes; a file can be dropped here."),
      controls.element,
      compared),
    h("section", { class: "stack", "aria-label": "Answer" }, h("h1", { class: "unseen" }, "Workbench"), answer, running, details, live.element)));
  room.addEventListener("dragover", over);
  room.addEventListener("drop", drop);

  const estimateSoon = later(estimate, 60);
  const simulateSoon = later(() => { if (auto.checked) simulate(); }, 1400);

  /** @param {string} yaml */
  function changed(yaml) {
    slow.abort();
    app.go({ yaml }, true);
    estimateSoon();
    simulateSoon();
  }

  async function estimate() {
    quick.abort();
    quick = new AbortController();
    const how = { signal: quick.signal }, question = { yaml: state.yaml };
    try {
      const first = await engine.ask("estimate", question, how);
      shown = { estimate: first, simulated: undefined };
      text.mark([]);
      draw();
      controls.refresh([]);
      const [explained, bounded] = await Promise.all([engine.ask("explain", question, how), engine.ask("estimate", { ...question, interval: true }, how)]);
      shown.explained = explained;
      shown.estimate = bounded;
      draw();
      if (state.other) compare();
    } catch (error) {
      if (!isAbort(error)) failed(error);
    }
  }

  /** @type {{estimate?: any, simulated?: any, explained?: any, rested?: any}} */ let shown = {};

  async function simulate() {
    slow.abort();
    slow = new AbortController();
    const own = slow, yaml = state.yaml, began = performance.now();
    const bar = h("i"), said = h("span", null, "Simulating: the search begins."), tries = h("ol", { class: "keys" });
    running.hidden = false;
    put(running, h("div", { class: "row spread" }, said, h("button", { onclick: () => { own.abort(); running.hidden = true; } }, "Stop")), h("div", { class: "progress" }, bar), tries);
    live.ramp([]);
    /** @type {any[]} */ const steps = [];
    try {
      const result = await engine.ask("capacity", { yaml }, { signal: own.signal, progress: (step) => {
        if (!step.agents) return;
        steps.push(step);
        const bracket = step.high ? `between ${count(step.low)} and ${count(step.high)}` : `at least ${count(step.low)}`;
        said.textContent = `Simulating: ${count(step.agents)} agents ${step.pass ? "pass" : "fail"}; the answer is ${bracket}. ${seconds((performance.now() - began) / 1000)}, ${steps.length} tried.`;
        bar.style.width = step.high ? `${Math.min(96, 40 + 56 * (1 - Math.log(step.high / Math.max(step.low ?? 1, 1)) / Math.log(2)))}%` : `${Math.min(38, 4 * steps.length)}%`;
        live.ramp(steps);
      } });
      if (own.signal.aborted || yaml !== state.yaml) return;
      shown.simulated = result;
      running.hidden = true;
      say(`Simulated: ${count(result.capacity.agents)} agents.`);
      draw();
    } catch (error) {
      if (isAbort(error)) return;
      put(running, h("p", { class: "note bad" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {unknown} error */
  function failed(error) {
    shown = {};
    drawing++;
    const faults = error instanceof Failure ? error.faults : [];
    text.mark(faults.map((/** @type {any} */ f) => f.line ?? 0));
    controls.refresh(faults);
    put(answer, h("div", { class: "card note bad", role: "alert" },
      h("h2", null, error instanceof Failure && error.kind === "infeasible" ? "This serves nobody" : "This cannot be answered yet"),
      faults.length ? h("ul", null, faults.map((f) => h("li", null, f.line ? `Line ${f.line}: ` : "", h("code", null, `${f.path ?? ""}${f.value ? ": " + f.value : ""}`), ` ${f.problem}`))) : h("p", null, error instanceof Error ? error.message : String(error))));
    put(details);
  }

  function draw() {
    const r = shown.simulated ?? shown.estimate;
    if (!r) return;
    put(answer, headline(r, shown, () => { auto.checked = true; simulate(); }, auto));
    live.about(r, state.yaml);
    void detail(r);
  }

  /** What the steps rest on takes seconds, so it is worked out for those who ask. */
  function askRests() {
    const said = h("p", { class: "soft" }, "Which numbers the steps hang on, and which of them are measured, fitted or assumed.");
    const button = h("button", { onclick: async () => {
      button.disabled = true;
      said.textContent = "Every number is moved a little, and the steps are priced again…";
      try {
        const { basis } = await engine.ask("explain", { yaml: state.yaml, rest: true }, { signal: quick.signal });
        shown.rested = basis;
        draw();
      } catch (error) {
        if (!isAbort(error)) said.textContent = error instanceof Error ? error.message : String(error);
        button.disabled = false;
      }
    } }, "Work it out");
    return h("div", { class: "card wide" }, h("h2", null, "What the steps rest on"), said, button);
  }

  let drawing = 0;
  /** One part after the other, each a task of its own, so that the page answers in between.
   * @param {any} r */
  async function detail(r) {
    const mine = ++drawing;
    const parts = [() => turn(r), () => hits(r), () => power(r), () => ranks(r), () => shown.explained && steps(shown.explained), () => megawattTable(r), () => shown.explained && (shown.rested ? rests(shown.rested) : askRests())];
    for (const [i, part] of parts.entries()) {
      await new Promise((then) => setTimeout(then));
      if (mine !== drawing) return;
      const element = part() || h("div", { hidden: true });
      const old = details.children[i];
      if (old) old.replaceWith(element); else details.append(element);
    }
  }

  async function compare() {
    put(compared, h("h2", null, "Beside another"), h("p", { class: "soft small" }, "Comparing…"));
    try {
      const [other, differ] = await Promise.all([engine.ask("estimate", { yaml: state.other, interval: true }), engine.ask("differences", { a: { yaml: state.other }, b: { yaml: state.yaml } })]);
      const mine = shown.simulated ?? shown.estimate;
      const rows = [["agents", other.capacity.agents, mine.capacity.agents], ["per accelerator", other.capacity.agents_per_accelerator, mine.capacity.agents_per_accelerator], ...megawatts.map(([key, name]) => [`per MW ${name}`, other.capacity.agents_per_mw[key], mine.capacity.agents_per_mw[key]]), ["prefix found", other.metrics.prefix_hit_rate, mine.metrics.prefix_hit_rate], ["TTFT P95, s", other.metrics.ttft_p95_s, mine.metrics.ttft_p95_s], ["speed P25, tok/s", other.metrics.output_speed_p25, mine.metrics.output_speed_p25]];
      put(compared, h("h2", null, "Beside another"),
        h("div", { class: "scroll" }, table(["", "pinned", "this", "ratio"], rows.map(([name, a, b]) => [name, a, b, b && a ? `×${num(b / a)}` : "–"]))),
        h("details", null, h("summary", null, `${count(differ.all)} fields differ`), h("div", { class: "scroll" }, table(["field", "pinned", "this"], differ.fields.map((/** @type {any} */ f) => [f.path, f.a, f.b])))),
        h("button", { onclick: () => { app.go({ other: "" }); pin(); } }, "Unpin"));
    } catch (error) {
      put(compared, h("p", { class: "note bad" }, `The pinned scenario: ${error instanceof Error ? error.message : error}`), h("button", { onclick: () => { app.go({ other: "" }); pin(); } }, "Unpin"));
    }
  }
  function pin() {
    if (state.other) return void compare();
    put(compared, h("div", { class: "row" }, h("button", { onclick: () => { app.go({ other: state.yaml }); void compare(); } }, "Pin to compare with another")));
  }

  /** @param {DragEvent} e */
  function over(e) { e.preventDefault(); }
  /** @param {DragEvent} e */
  function drop(e) {
    e.preventDefault();
    const file = e.dataTransfer?.files[0];
    if (file) void file.text().then((yaml) => { text.set(yaml); changed(yaml); });
  }

  void (async () => {
    put(answer, h("div", { class: "card answer" }, h("p", { class: "soft" }, "The simulator is being loaded; the first answer comes within a second or two.")));
    const first = estimate();
    const [catalogue, fields] = await Promise.all([engine.ask("catalogue"), engine.ask("fields")]);
    for (const kind of catalogue.kinds) kinds[kind.name] = kind.presets;
    kinds.scenarios = catalogue.scenarios;
    meanings = fields.fields;
    controls.ready();
    await first;
    pin();
    if (auto.checked) simulateSoon();
  })();

  return () => {
    quick.abort();
    slow.abort();
    live.stop();
    room.removeEventListener("dragover", over);
    room.removeEventListener("drop", drop);
  };
}

function remembered() {
  try { return localStorage.getItem("auto") !== "false"; } catch { return true; }
}

/** @param {(yaml: string) => void} use */
function opener(use) {
  const input = h("input", { type: "file", accept: ".yaml,.yml", hidden: true, "aria-label": "Open a YAML file", onchange: () => { const file = input.files?.[0]; if (file) void file.text().then(use); } });
  return [input, h("button", { onclick: () => input.click() }, "Open…")];
}

/**
 * One number first, in words, with its interval and what limits it.
 * @param {any} r
 * @param {any} shown
 * @param {() => void} simulate
 * @param {HTMLElement} auto
 */
export function headline(r, shown, simulate, auto) {
  const c = r.capacity, m = c.model_interval;
  const simulated = r === shown.simulated;
  const differs = shown.simulated && shown.estimate ? shown.simulated.capacity.agents / shown.estimate.capacity.agents - 1 : undefined;
  return h("div", { class: "card answer stack" },
    h("div", { class: "row spread" },
      h("span", { class: `by ${simulated ? "simulated" : ""}` }, simulated ? "✓ simulated" : "≈ estimated by mean flows"),
      h("div", { class: "row small" }, h("label", { class: "row small", for: "auto" }, auto, "simulate after changes"), !simulated && h("button", { onclick: simulate }, "Simulate"))),
    h("div", { class: "facts" },
      h("div", { class: "big", "data-agents": c.agents }, count(c.agents), " ", h("span", null, "agents")),
      h("div", { class: "fact" }, h("div", { class: "value" }, num(c.agents_per_accelerator)), h("div", { class: "what" }, `per ${r.inputs?.accelerator?.toUpperCase() ?? "accelerator"} of ${c.accelerators}`), between(m?.agents_per_accelerator)),
      h("div", { class: "fact" }, h("div", { class: "value" }, num(c.agents_per_mw.accelerator_measured)), h("div", { class: "what" }, "per MW that they draw"), between(m?.agents_per_mw?.accelerator_measured))),
    figure({ title: "Where the answer lies", level: "h3", about: m ? "P10 to P90, by what public runs of such stacks were off and what the inputs do not know" : "the interval is being worked out", draw: interval({ answer: c.agents, low: m?.agents.p10, high: m?.agents.p90, sampleLow: simulated ? c.agents_low : undefined, sampleHigh: simulated ? c.agents_high : undefined, other: simulated ? shown.estimate?.capacity.agents : undefined, unit: "agents" }), table: () => table(["", "low", "answer", "high"], [["model, P10 to P90", m?.agents.p10 ?? "–", c.agents, m?.agents.p90 ?? "–"], ["sample, 95 %", simulated ? c.agents_low : "–", c.agents, simulated ? c.agents_high : "–"]]) }),
    h("p", { class: "limit" }, "Limited by ", h("strong", null, withTerms(limitInWords(r.limit))), "."),
    r.drafts?.capacity && h("p", { class: "note", "data-drafts": "" }, `Nobody has measured how many draft tokens ${r.drafts.pool} workers have accepted here. With ${num(r.drafts.tokens_per_step.p10)} to ${num(r.drafts.tokens_per_step.p90)} tokens a step, the target's own included, there are `, h("strong", null, `${count(r.drafts.capacity.agents.p10)} to ${count(r.drafts.capacity.agents.p90)} agents`), `; the figures here are those of ${num(r.drafts.tokens_per_step.p50)}.`),
    differs !== undefined && h("p", { class: "small soft" }, `The estimate had said ${count(shown.estimate.capacity.agents)}: the simulation is ${num(Math.abs(100 * differs), 2)} % ${differs < 0 ? "below" : "above"} it.`),
    simulated && h("p", { class: "small soft" }, "Fingerprint ", h("code", { "data-fingerprint": r.fingerprint }, r.fingerprint), ": the same on every machine."),
    r.warnings?.length ? h("details", null, h("summary", null, `${r.warnings.length} notes`), h("div", { class: "note warn" }, h("ul", null, r.warnings.map((/** @type {string} */ w) => h("li", null, w))))) : null);
}

/** The interval of a figure, under it. @param {{p10: number, p90: number} | undefined} q */
const between = (q) => (q ? h("div", { class: "what" }, `${num(q.p10)} to ${num(q.p90)}`) : null);

/** @param {any} r */
export function turn(r) {
  const parts = Object.entries(states).map(([key, [name, colour]]) => ({ name, colour, value: r.time.by_state[key] ?? 0 })).filter((p) => p.value > 0);
  return h("div", { class: "card wide" }, figure({ title: "A turn", about: "the mean time from one request of an agent to its next", draw: bars([{ name: "", parts, all: r.time.cycle_s }], { show: seconds }), keys: parts.map((p) => [p.name, p.colour]), table: () => table(["state", "seconds"], parts.map((p) => [p.name, p.value])) }));
}

/** @param {any} r */
function hits(r) {
  const m = r.metrics;
  const parts = [{ name: "found", colour: "var(--cache)", value: m.prefix_hit_rate }];
  if (m.prefix_lost) for (const [key, name, colour] of lost) parts.push({ name, colour, value: m.prefix_lost[key] });
  else parts.push({ name: "not found", colour: "var(--tool)", value: 1 - m.prefix_hit_rate });
  return h("div", { class: "card" }, figure({ title: "Prompts and caches", about: m.prefix_lost ? "where a prompt's tokens come from, and why some are computed again" : "why tokens are lost is known once it is simulated", draw: bars([{ name: "", parts: parts.filter((p) => p.value > 0), all: 1 }], { show: percent }), keys: parts.filter((p) => p.value > 0).map((p) => [p.name, p.colour]), table: () => table(["tokens of prompts", "share"], parts.map((p) => [p.name, p.value])) }));
}

/** @param {any} r */
function power(r) {
  const p = r.power;
  const parts = Object.entries(p.by_component).sort(([, a], [, b]) => /** @type {number} */ (b) - /** @type {number} */ (a)).map(([name, value]) => ({ name, colour: watts[name] ?? "var(--other)", value: /** @type {number} */ (value) }));
  const show = (/** @type {number} */ w) => (w >= 1000 ? `${num(w / 1000)} kW` : `${num(w)} W`);
  return h("div", { class: "card" }, figure({ title: "Watts", about: `at the wall; an accelerator draws ${num(p.per_accelerator_w)} W on average`, draw: bars([{ name: "", parts, all: p.it_w }], { show }), keys: parts.map((q) => [q.name, q.colour]), table: () => table(["component", "W"], parts.map((q) => [q.name, q.value])) }));
}

/** @param {any} r */
function ranks(r) {
  const pools = r.memory.map((/** @type {any} */ p) => ({ name: p.pool, all: p.hbm, parts: memory.map(([key, name, colour]) => ({ name, colour, value: p[key] })).filter((q) => q.value > 0) }));
  return h("div", { class: "card wide" }, figure({ title: "Memory of one accelerator", about: "what is left for caches decides how many sessions are remembered", draw: bars(pools, { show: gigabytes }), keys: memory.map(([, name, colour]) => [name, colour]), table: () => table(["GB", ...r.memory.map((/** @type {any} */ p) => p.pool)], memory.map(([key, name]) => [name, ...r.memory.map((/** @type {any} */ p) => p[key] / 1e9)])) }));
}

const operators = /** @type {[RegExp, string][]} */ ([[/expert/, "var(--experts)"], [/attention/, "var(--attention)"], [/dispatch|combine|exchange|all|gather|reduce/, "var(--exchange)"], [/host/, "var(--host)"]]);

/** @param {any} explained */
function steps(explained) {
  const list = explained.steps.map((/** @type {any} */ step) => ({ name: `${step.pool}: ${step.phase}`, all: step.seconds, parts: step.operators.map((/** @type {any} */ o) => ({ name: o.operator + (o.kind ? ` ${o.kind}` : ""), value: o.seconds, colour: operators.find(([pattern]) => pattern.test(o.operator))?.[1] ?? "var(--other)" })) }));
  return h("div", { class: "card wide" }, figure({ title: "A step, operator by operator", about: "experts blue, attention green, exchange orange, host pink", draw: (width) => {
    const each = bars(list.map((/** @type {any} */ l) => ({ ...l, label: seconds(l.all), parts: l.parts.map((/** @type {any} */ p) => ({ ...p, value: p.value / l.all })) })), { show: (v) => percent(v), most: 1 })(width);
    return each;
  }, table: () => table(["pool", "phase", "operator", "bound by", "ms", "share", "W"], explained.steps.flatMap((/** @type {any} */ st) => st.operators.map((/** @type {any} */ o) => [st.pool, st.phase, o.operator + (o.kind ? ` ${o.kind}` : ""), o.bound, o.seconds * 1e3, percent(o.share), o.watts]))) }));
}

/** What the steps rest on, by how much they would change with each number. Marked as everywhere: solid, hatched, dotted.
 * @param {any[]} basis */
function rests(basis) {
  const parts = basis.map((b) => ({ name: bases[b.basis]?.[0] ?? b.basis, colour: "var(--accent)", value: b.share, fill: bases[b.basis]?.[1] ?? "dotted" })).filter((p) => p.value > 0);
  const first = (/** @type {any} */ b) => (b.top ?? []).slice(0, 3).map((/** @type {any} */ w) => w.path).join(", ");
  return h("div", { class: "card wide" }, figure({ title: "What the steps rest on", about: "shares of all numbers, by how much a step's time changes with them: solid is measured or stated by the maker, hatched is fitted, dotted is assumed", draw: bars([{ name: "", parts, all: 1 }], { show: percent, most: 1 }), table: () => table(["basis", "numbers", "share", "the weightiest"], basis.map((b) => [bases[b.basis]?.[0] ?? b.basis, b.numbers, percent(b.share), first(b)])) }));
}

/** @param {any} r */
function megawattTable(r) {
  const c = r.capacity, m = c.model_interval?.agents_per_mw;
  return h("div", { class: "card wide" }, h("h2", null, "Agents per megawatt, in its five meanings"), h("div", { class: "scroll" }, h("table", null,
    h("thead", null, h("tr", null, ["a megawatt", "which is", "agents", "P10 to P90"].map((t, i) => h("th", { scope: "col", class: i > 1 ? "n" : null }, t)))),
    h("tbody", null, megawatts.map(([key, name, about]) => h("tr", null, h("th", { scope: "row" }, name), h("td", { class: "soft" }, about), h("td", { class: "n" }, num(c.agents_per_mw[key])), h("td", { class: "n soft" }, m ? `${num(m[key].p10)} to ${num(m[key].p90)}` : "…")))))));
}

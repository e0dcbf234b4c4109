// Your own sessions: a log is dropped, and its shape is drawn; then how many
// agents like these three racks hold.

import { count, h, isAbort, num, percent, put, say, seconds } from "./dom.js";
import { bars, figure, lines, table } from "./figures.js";
import { limitInWords } from "./words.js";

const racks = [["h200-agentperf-slo20", "a node of 8 H200"], ["b300-agentperf-slo20", "a node of 8 B300"], ["gb300-agentperf-slo20", "a unit of 32 GB300"]];

/**
 * @param {HTMLElement} room
 * @param {import("./main.js").App} app
 */
export function open(room, app) {
  const { engine } = app;
  let stop = new AbortController();
  const local = engine.kind === "wasm";
  const input = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Choose logs", "data-drop": "sessions", onchange: () => void look([...(input.files ?? [])]) });
  const zone = h("div", { class: "drop", ondragover: (/** @type {DragEvent} */ e) => { e.preventDefault(); zone.classList.add("over"); }, ondragleave: () => zone.classList.remove("over"), ondrop: (/** @type {DragEvent} */ e) => { e.preventDefault(); zone.classList.remove("over"); void look([...(e.dataTransfer?.files ?? [])]); } },
    h("h2", null, "Drop a log of Claude Code, OpenCode, Codex, or of most others"),
    h("p", null, local ? h("strong", null, "It stays in this browser: the page sends nothing anywhere.") : h("strong", null, "It goes to the program that runs on this machine, and no further."), " What was said is counted and dropped."),
    h("p", { class: "soft small" }, "Claude Code keeps its sessions in ~/.claude/projects, Codex in ~/.codex/sessions; opencode export writes one. JSON, JSONL, CSV, plain or gzip."),
    input, h("button", { class: "main", onclick: () => input.click() }, "Choose files"));
  const shape = h("div", { class: "stack" });
  put(room, h("h1", null, "Your own sessions"), h("div", { class: "stack" }, zone, shape));

  /** @param {File[]} files */
  async function look(files) {
    if (!files.length) return;
    stop.abort();
    stop = new AbortController();
    put(shape, h("p", { class: "note", role: "status" }, `Reading ${files.length === 1 ? files[0].name : `${files.length} files`}, ${num(files.reduce((t, f) => t + f.size, 0) / 1e6)} MB…`));
    try {
      const stats = await engine.askAbout("trace-stats", files, {}, { signal: stop.signal });
      const places = h("div", { class: "card" }, h("h2", null, "Agents like these"), h("p", { class: "soft" }, "Being estimated for three racks…"));
      put(shape, summary(stats), places, h("div", { class: "grid" }, drawn(stats)));
      say(`${count(stats.sessions)} sessions, ${count(stats.calls)} calls.`);
      await like(files, places, stop.signal);
    } catch (error) {
      if (!isAbort(error)) put(shape, h("div", { class: "note bad", role: "alert" }, h("strong", null, "These files cannot be read. "), error instanceof Error ? error.message : String(error)));
    }
  }

  /**
   * @param {File[]} files
   * @param {HTMLElement} places
   * @param {AbortSignal} signal
   */
  async function like(files, places, signal) {
    /** @type {any[][]} */ const rows = [];
    for (const [scenario, name] of racks) {
      try {
        const r = await engine.askAbout("agents-like", files, { yaml: `name: like-these\nextends: ${scenario}\n` }, { signal });
        rows.push([name, count(r.capacity.agents), num(r.capacity.agents_per_accelerator), num(r.capacity.agents_per_mw.accelerator_measured), percent(r.metrics.prefix_hit_rate), limitInWords(r.limit)]);
      } catch (error) {
        if (isAbort(error)) return;
        rows.push([name, "–", "–", "–", "–", error instanceof Error ? error.message : String(error)]);
      }
      put(places, h("h2", null, "Agents like these"), h("p", { class: "soft" }, "At 20 tok/s for three of four answers and a first token within 10 s, by the analytic model."), h("div", { class: "scroll" }, table(["", "agents", "per card", "per MW drawn", "found in caches", "limited by"], rows)));
    }
  }
  return () => stop.abort();
}

/** @param {any} s */
function summary(s) {
  const fact = (/** @type {any} */ value, /** @type {string} */ what, id = "") => h("div", { class: "fact" }, h("div", { class: "value", "data-stat": id || null }, value), h("div", { class: "what" }, what));
  return h("div", { class: "card stack" },
    h("div", { class: "facts" }, fact(count(s.sessions), "sessions", "sessions"), fact(count(s.calls), "calls", "calls"), fact(num(s.turns.mean), "calls a session"), fact(count(Math.round(s.input_tokens.mean)), "tokens a prompt, mean", "input"), fact(count(Math.round(s.output_tokens.mean)), "tokens an answer, mean"), fact(percent(s.prefix_reuse), "of prompts seen before", "reuse")),
    h("p", { class: "small soft" }, `Read as ${s.format}, ${count(s.files)} file${s.files === 1 ? "" : "s"}.`, s.sub_agents ? ` ${count(s.sub_agents)} of the sessions are sub-agents.` : ""),
    s.notes?.length ? h("details", null, h("summary", null, `${s.notes.length} notes`), h("ul", null, s.notes.map((/** @type {string} */ n) => h("li", null, n)))) : null,
    h("details", null, h("summary", null, "All numbers"), h("div", { class: "scroll" }, table(["", "P10", "P50", "P90", "mean", "max", "n"], ["turns", "first_input_tokens", "last_input_tokens", "input_tokens", "new_tokens", "output_tokens", "tool_gap_s", "user_gap_s", "service_s"].map((key) => [key.replaceAll("_", " "), s[key].p10, s[key].p50, s[key].p90, s[key].mean, s[key].max, s[key].n])))));
}

/** @param {any} s */
function drawn(s) {
  const c = s.curves ?? {};
  const card = (/** @type {any} */ f) => f && h("div", { class: "card" }, f);
  const people = s.user_gap_s.mean * s.user_gap_s.n, tools = s.tool_gap_s.mean * s.tool_gap_s.n, service = s.service_s.mean * s.service_s.n;
  return [
    card(c.context && figure({ title: "Context along a session", about: "mean prompt of the n-th call, in tokens", draw: lines({ series: [{ name: "prompt", colour: "var(--decode)", x: c.context.x, y: c.context.y }], x: "call", y: "tokens" }) })),
    card(c.reuse && figure({ title: "Reuse along a session", about: "share of a prompt that an endless cache would return", draw: lines({ series: [{ name: "reuse", colour: "var(--cache)", x: c.reuse.x, y: c.reuse.y }], x: "call", y: "share", showY: percent }) })),
    card((c.tool_gap || c.user_gap) && figure({ title: "Gaps before a call", about: "share of gaps of at most so long", keys: [["tools", "var(--tool)"], ["people", "var(--queue)"]], draw: lines({ series: [["tools", c.tool_gap, "var(--tool)"], ["people", c.user_gap, "var(--queue)"]].filter(([, v]) => v).map(([name, v, colour]) => ({ name, colour, x: v.x, y: v.y })), x: "seconds", y: "share", logX: true, showX: seconds, showY: percent }) })),
    card(people + tools + service > 0 && figure({ title: "Whose time", about: "people, tools, and the model that answered", draw: bars([{ name: "", parts: [{ name: "people", value: people, colour: "var(--queue)" }, { name: "tools", value: tools, colour: "var(--tool)" }, { name: "model", value: service, colour: "var(--decode)" }].filter((p) => p.value > 0) }], { show: seconds }) })),
    card(c.turns && c.turns.x.length > 1 && figure({ title: "Calls of a session", about: "share of sessions with at most so many", draw: lines({ series: [{ name: "calls", colour: "var(--accent)", x: c.turns.x, y: c.turns.y }], x: "calls", y: "share", logX: true, showY: percent }) })),
  ];
}

// The form: every control is a field of the YAML. What it shows is the scenario
// with its presets resolved; what it writes is one field of the text.

import { h, later, put, say } from "./dom.js";

/** @typedef {{path: string, label: string, kind?: string, among?: string[], wide?: boolean, when?: string}} Control */

/** @type {{title: string, controls: Control[]}[]} */
const groups = [
  { title: "Rack and model", controls: [
    { path: "system", label: "System", kind: "systems" }, { path: "model", label: "Model", kind: "models" },
    { path: "engine", label: "Engine", kind: "engines" }, { path: "workload.profile", label: "Agents", kind: "workloads" },
    { path: "system.accelerator.hbm.capacity", label: "Memory of one" }, { path: "engine.memory.utilisation", label: "Share of it used" },
  ] },
  { title: "Service level", controls: [{ path: "slo.output_speed.p25", label: "Speed, 3 of 4 answers" }, { path: "slo.ttft.p95", label: "First token, 95 %" }] },
  { title: "Deployment", controls: [
    { path: "deployment.mode", label: "Mode", among: ["aggregated", "disaggregated", "auto"] }, { path: "deployment.router", label: "Router" },
    ...["aggregated", "prefill", "decode"].flatMap((pool) => [
      { path: `deployment.${pool}.workers`, label: `${pool}: workers`, when: pool }, { path: `deployment.${pool}.accelerators`, label: `${pool}: each of`, when: pool },
      { path: `deployment.${pool}.ep`, label: `${pool}: expert parallel`, when: pool }, { path: `deployment.${pool}.tp`, label: `${pool}: tensor parallel`, when: pool },
      ...(pool === "prefill" ? [] : [{ path: `deployment.${pool}.max_batch_per_rank`, label: `${pool}: slots a rank`, when: pool }, { path: `deployment.${pool}.draft_tokens`, label: `${pool}: draft tokens`, when: pool }]),
      ...(pool === "decode" ? [] : [{ path: `deployment.${pool}.token_budget`, label: `${pool}: token budget`, when: pool }]),
    ]),
  ] },
  { title: "Caches and protocol", controls: [{ path: "engine.cache.policy", label: "Cache policy" }, { path: "protocol", label: "Protocol", kind: "protocols" }, { path: "seed", label: "Seed" }] },
];

const poolsOf = /** @type {Record<string, string[]>} */ ({ aggregated: ["aggregated"], disaggregated: ["prefill", "decode"], auto: [] });

/**
 * @param {{engine: import("./engine.js").Engine, kinds: Record<string, {name: string, about?: string}[]>, yaml: () => string, edit: (yaml: string) => void}} o
 */
export function form(o) {
  const all = groups.flatMap((g) => g.controls);
  /** @type {Map<string, {holder: HTMLElement, input: any, control: Control}>} */ const fields = new Map();
  const element = h("div", null, groups.map((g) => h("fieldset", null, h("legend", null, g.title), h("div", { class: "fields" }, g.controls.map(field)))));

  /** @param {Control} control */
  function field(control) {
    const id = `f-${control.path.replace(/\W/g, "-")}`;
    const input = control.kind || control.among ? h("select", { id }) : h("input", { id, autocomplete: "off", spellcheck: "false" });
    if (control.among) put(input, control.among.map((name) => h("option", { value: name }, name)));
    input.addEventListener("change", () => void write(control.path, input.value.trim()));
    const holder = h("div", { class: "field", hidden: Boolean(control.when), title: control.path }, h("label", { for: id }, control.label), input);
    fields.set(control.path, { holder, input, control });
    return holder;
  }

  /**
   * @param {string} path
   * @param {string} value
   */
  async function write(path, value) {
    try {
      const { yaml } = await o.engine.ask("edit", { yaml: o.yaml(), path, value });
      o.edit(yaml);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      const f = fields.get(path);
      f?.holder.classList.add("bad");
    }
  }

  /** Reads the fields' values from the scenario, and marks those with faults.
   * @param {any[]} faults */
  const refresh = later(async (faults) => {
    for (const [path, f] of fields) f.holder.classList.toggle("bad", faults.some((/** @type {any} */ x) => x.path === path));
    if (faults.length) return;
    try {
      const { values } = await o.engine.ask("values", { yaml: o.yaml(), paths: all.map((c) => c.path) });
      const mode = values.find((/** @type {any} */ v) => v.path === "deployment.mode")?.text ?? "";
      for (const v of values) {
        const f = fields.get(v.path);
        if (!f) continue;
        if (f.control.when) f.holder.hidden = !(poolsOf[mode] ?? []).includes(f.control.when);
        f.holder.classList.toggle("own", Boolean(v.line));
        if (document.activeElement === f.input && f.input.tagName === "INPUT") continue;
        if (f.input.tagName === "SELECT" && v.text && ![...f.input.options].some((x) => x.value === v.text)) f.input.append(h("option", { value: v.text }, v.text));
        f.input.value = v.text;
      }
    } catch { /* what is wrong is said beside the answer */ }
  }, 30);

  return {
    element,
    refresh,
    /** Fills lists of presets once they are known. */
    ready() {
      for (const { input, control } of fields.values()) {
        if (!control.kind) continue;
        const now = input.value;
        put(input, (o.kinds[control.kind] ?? []).map((p) => h("option", { value: p.name, title: p.about }, p.name)));
        input.value = now;
      }
      refresh([]);
    },
  };
}

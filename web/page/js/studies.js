// Studies: the results of a sweep, as a table, a Pareto front, a heat map,
// parallel coordinates and the effect of each axis, with one selection.

import { count, h, num, put, s, say } from "./dom.js";
import { figure, spaced, table, ticks } from "./figures.js";

/** @typedef {{study: string, axes: string[], objectives?: any[], columns: {name: string, kind: string, unit?: string}[], rows: any[][], scenario?: string, set?: string[]}} Study */

/**
 * @param {HTMLElement} room
 * @param {import("./main.js").App} app
 */
export function open(room, app) {
  const { engine } = app;
  const view = h("div", { class: "stack" });
  let timer = 0;
  const input = h("input", { type: "file", hidden: true, "aria-label": "Choose results", "data-drop": "studies", onchange: () => { const f = input.files?.[0]; if (f) void look(f); } });
  const zone = h("div", { class: "drop", ondragover: (/** @type {DragEvent} */ e) => { e.preventDefault(); zone.classList.add("over"); }, ondragleave: () => zone.classList.remove("over"), ondrop: (/** @type {DragEvent} */ e) => { e.preventDefault(); zone.classList.remove("over"); const f = e.dataTransfer?.files[0]; if (f) void look(f); } },
    h("h2", null, "Drop the results of a study"), h("p", null, "results.parquet, results.jsonl or results.csv of ", h("code", null, "agentsim sweep")), input, h("button", { class: "main", onclick: () => input.click() }, "Choose a file"));
  const here = h("div", { class: "row" });
  put(room, h("h1", null, "Studies"), h("div", { class: "stack" }, zone, here, view));

  void engine.studies().then((list) => {
    if (list.length) put(here, h("span", { class: "soft" }, "In the folder of this server:"), list.map((st) => h("button", { onclick: () => follow(st.name) }, st.name, st.complete ? "" : " (running)")));
  }).catch(() => {});

  /** @param {string} name */
  async function follow(name) {
    clearTimeout(timer);
    try {
      show(await engine.study(name), name);
      const running = (await engine.studies()).some((st) => st.name === name && !st.complete);
      if (running && room.isConnected) timer = /** @type {any} */ (setTimeout(() => void follow(name), 3000));
    } catch (error) { fail(error); }
  }

  /** @param {File} file */
  async function look(file) {
    clearTimeout(timer);
    put(view, h("p", { class: "note", role: "status" }, `Reading ${file.name}…`));
    try {
      const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
      if (String.fromCharCode(...head) === "PAR1") show(await engine.askAbout("table", [file]), file.name);
      else show(read(await file.text()), file.name);
    } catch (error) { fail(error); }
  }
  /** @param {unknown} error */
  function fail(error) { put(view, h("div", { class: "note bad", role: "alert" }, h("strong", null, "These results cannot be read. "), error instanceof Error ? error.message : String(error))); }

  /** @param {Study} study @param {string} name */
  function show(study, name) {
    if (!study.rows.length) return put(view, h("p", { class: "note" }, "No point of this study is done yet."));
    say(`${count(study.rows.length)} points.`);
    put(view, explorer(study, name, (row, tell) => void toScenario(study, row, app, tell)));
  }
  return () => clearTimeout(timer);
}

/** What makes a point: the scenario that its study varies, and what is set in it. Every file says both in its rows;
 * those of earlier versions say it for the study, or not at all.
 * @param {Study} study
 * @param {any[]} row
 * @returns {{scenario: string | undefined, set: string[]}} */
export function makes(study, row) {
  const cell = (/** @type {string} */ name) => row[study.columns.findIndex((c) => c.name === name)];
  const listed = cell("study.set");
  if (listed) return { scenario: cell("study.scenario"), set: JSON.parse(listed) };
  const own = study.axes.map((axis) => [axis, cell(axis)]).filter(([, v]) => v !== null && v !== undefined);
  const unit = (/** @type {string} */ path) => study.columns.find((c) => c.name === path)?.unit ?? "";
  return { scenario: study.scenario ?? cell("scenario"), set: [...(study.set ?? []), ...own.map(([path, v]) => `${path}=${v}${typeof v === "number" ? unit(path) : ""}`)] };
}

/** Opens a point in the workbench. What cannot be is said, with the command that can.
 * @param {Study} study
 * @param {any[]} row
 * @param {import("./main.js").App} app
 * @param {(text: string) => void} tell */
async function toScenario(study, row, app, tell) {
  const { scenario, set } = makes(study, row);
  const command = `agentsim capacity ${scenario} ${set.map((one) => `--set '${one}'`).join(" ")}`;
  if (!scenario) return tell("These results do not say which scenario they vary.");
  if (/[\\/]|\.ya?ml$/.test(scenario) && !scenario.startsWith("what-if/")) return tell(`The study varies the file ${scenario}, which is not here. On the machine that has it: ${command}`);
  let yaml = `name: point-${row[study.columns.findIndex((c) => c.name === "point")] ?? 0}\nextends: ${scenario}\n`;
  /** @type {string[]} */ const left = [];
  for (const one of set) {
    const at = one.indexOf("=");
    try { ({ yaml } = await app.engine.ask("edit", { yaml, path: one.slice(0, at).trim(), value: one.slice(at + 1) })); } catch { left.push(one); }
  }
  if (left.length) return tell(`What this point sets does not fit into one text (${left.join(", ")}). The command line takes it: ${command}`);
  app.go({ room: "workbench", yaml });
}

/** JSON lines or CSV as a table. Axes are the columns before the results that vary.
 * @param {string} text
 * @returns {Study} */
export function read(text) {
  /** @type {string[]} */ let names = [];
  /** @type {any[][]} */ let rows = [];
  if (text.trimStart().startsWith("{")) {
    const objects = text.split("\n").filter((l) => l.trim()).map((l) => JSON.parse(l));
    names = [...new Set(objects.flatMap((o) => Object.keys(o)))];
    rows = objects.map((o) => names.map((n) => o[n] ?? null));
  } else {
    const [head, ...lines] = csv(text);
    names = head;
    rows = lines.filter((l) => l.length === head.length).map((l) => l.map((v) => (v === "" ? null : Number.isFinite(Number(v)) ? Number(v) : v)));
  }
  if (!names.includes("point")) throw new Error("want a table of agentsim sweep, with a column point");
  const columns = names.map((name, i) => ({ name, kind: rows.some((r) => typeof r[i] === "string") ? "text" : "number" }));
  const first = names.findIndex((n) => ["scenario", "fingerprint", "deployment", "capacity.agents"].includes(n) || n.startsWith("capacity."));
  const fixed = new Set(["point", "replication", "seed", "status", "error", "deployment", "study.scenario", "study.set"]);
  return { study: "", axes: names.slice(0, first < 0 ? names.length : first).filter((n) => !fixed.has(n)), columns, rows };
}

/** @param {string} text */
function csv(text) {
  /** @type {string[][]} */ const rows = [];
  /** @type {string[]} */ let row = [];
  let cell = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) { if (c === '"' && text[i + 1] === '"') { cell += '"'; i++; } else if (c === '"') quoted = false; else cell += c; }
    else if (c === '"') quoted = true;
    else if (c === ",") { row.push(cell); cell = ""; }
    else if (c === "\n" || c === "\r") { if (c === "\r" && text[i + 1] === "\n") i++; row.push(cell); rows.push(row); row = []; cell = ""; }
    else cell += c;
  }
  if (cell || row.length) { row.push(cell); rows.push(row); }
  return rows;
}

/**
 * @param {Study} study
 * @param {string} name
 * @param {(row: any[], tell: (text: string) => void) => void} use
 */
function explorer(study, name, use) {
  const numeric = study.columns.filter((c, i) => c.kind !== "text" && study.rows.filter((r) => typeof r[i] === "number").length > 1).map((c) => c.name);
  const at = (/** @type {string} */ column) => study.columns.findIndex((c) => c.name === column);
  const prefer = (/** @type {string[]} */ list, /** @type {string} */ other) => list.find((c) => numeric.includes(c)) ?? other;
  let y = prefer(["capacity.agents_per_mw.accelerator_measured", "capacity.agents_per_mw.it", "capacity.agents"], numeric[0]);
  let x = prefer(["metrics.output_speed_p25", "metrics.ttft_p95_s", ...study.axes], numeric[1] ?? numeric[0]);
  let chosen = -1, filter = "", sort = y, down = true;
  const figures = h("div", { class: "grid" }), list = h("div", { class: "card stack" }), told = h("p", { class: "note warn", role: "status", hidden: true });
  const pick = (/** @type {string} */ label, /** @type {string} */ value, /** @type {(v: string) => void} */ set) => h("label", { class: "row small" }, label, h("select", { style: { width: "auto", "max-width": "300px" }, onchange: (/** @type {any} */ e) => { set(e.target.value); draw(); } }, numeric.map((n) => h("option", { value: n, selected: n === value }, n))));
  const box = h("input", { type: "search", placeholder: "filter", "aria-label": "Filter rows", style: { width: "12em" }, oninput: () => { filter = box.value.toLowerCase(); rows(); } });
  const good = () => study.rows.map((row, i) => ({ row, i })).filter(({ row }) => typeof row[at(x)] === "number" && typeof row[at(y)] === "number");

  /** @param {number} i */
  function select(i) { chosen = i; told.hidden = true; draw(); }

  function front() {
    const best = [...good()].sort((a, b) => b.row[at(x)] - a.row[at(x)] || b.row[at(y)] - a.row[at(y)]);
    let top = -Infinity;
    return new Set(best.filter(({ row }) => row[at(y)] > top && ((top = row[at(y)]), true)).map(({ i }) => i));
  }

  function draw() {
    const pareto = front();
    const axes = study.axes.filter((a) => new Set(study.rows.map((r) => r[at(a)])).size > 1);
    put(figures,
      h("div", { class: "card" }, figure({ title: "Every point, and the front", about: "the line joins those that none beats in both; larger is better", draw: (w) => scatter(w, pareto), table: () => table(["point", x, y], [...pareto].map((i) => [String(study.rows[i][at("point")]), study.rows[i][at(x)], study.rows[i][at(y)]])) })),
      axes.length > 1 && h("div", { class: "card" }, figure({ title: `${short(y)} by two axes`, about: "the best of each cell; darker is more", draw: (w) => heat(w, axes[0], axes[1]) })),
      h("div", { class: "card" }, figure({ title: "Parallel coordinates", draw: (w) => parallel(w, [...axes, x, y].filter((v, i, all) => all.indexOf(v) === i)) })),
      axes.map((a) => h("div", { class: "card" }, figure({ title: `Effect of ${a}`, about: `mean of ${short(y)} over all other axes`, draw: (w) => effect(w, a) }))));
    rows();
  }

  /** A text, or what of it has room, with a mark where it was cut. @param {string} text @param {number} most */
  function cut(text, most) { return text.length > most ? `${text.slice(0, most - 1)}…` : text; }

  /** @param {string} n */
  function short(n) { return n.replace(/^capacity\.|^metrics\./, "").replaceAll("_", " "); }

  /** @param {number} width @param {Set<number>} pareto */
  function scatter(width, pareto) {
    const height = 280, left = 62, bottom = 36, top = 20, right = 12;
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}` });
    const points = good();
    const xs = points.map((p) => p.row[at(x)]), ys = points.map((p) => p.row[at(y)]);
    const x0 = Math.min(...xs), x1 = Math.max(...xs), y1 = Math.max(...ys, 0) * 1.05 || 1;
    const across = (/** @type {number} */ v) => left + ((v - Math.min(0, x0)) / (x1 * 1.03 - Math.min(0, x0) || 1)) * (width - left - right), up = (/** @type {number} */ v) => height - bottom - (v / y1) * (height - bottom - top);
    for (const t of ticks(0, y1, 5)) svg.append(s("line", { x1: left, x2: width - right, y1: up(t), y2: up(t), class: "rule" }), s("text", { x: left - 6, y: up(t) + 4, "text-anchor": "end", class: "soft" }, num(t)));
    for (const t of spaced(ticks(Math.min(0, x0), x1, 6), across, 50)) svg.append(s("text", { x: across(t), y: height - bottom + 17, "text-anchor": "middle", class: "soft" }, num(t)));
    svg.append(s("text", { x: 0, y: 11, class: "soft" }, short(y)), s("text", { x: width - right, y: height - 4, "text-anchor": "end", class: "soft" }, short(x)));
    const line = points.filter((p) => pareto.has(p.i)).sort((a, b) => a.row[at(x)] - b.row[at(x)]);
    svg.append(s("path", { d: line.map((p, i) => `${i ? "L" : "M"}${across(p.row[at(x)])} ${up(p.row[at(y)])}`).join(""), style: { fill: "none", stroke: "var(--accent)", "stroke-width": 2 } }));
    for (const p of points.slice(0, 4000)) svg.append(s("circle", { cx: across(p.row[at(x)]), cy: up(p.row[at(y)]), r: p.i === chosen ? 8 : pareto.has(p.i) ? 5.5 : 4, style: { fill: p.i === chosen ? "var(--queue)" : pareto.has(p.i) ? "var(--accent)" : "var(--other)", cursor: "pointer" }, onclick: () => select(p.i) }, s("title", null, `point ${p.row[at("point")]}: ${num(p.row[at(x)])}, ${num(p.row[at(y)])}`)));
    return svg;
  }

  /** @param {number} width @param {string} a @param {string} b */
  function heat(width, a, b) {
    const order = (/** @type {any[]} */ v) => [...new Set(v)].filter((u) => u !== null).sort((p, q) => (typeof p === "number" ? p - q : String(p).localeCompare(String(q), "en", { numeric: true })));
    const as = order(study.rows.map((r) => r[at(a)])).slice(0, 24), bs = order(study.rows.map((r) => r[at(b)])).slice(0, 24);
    const left = 92, top = 26, cell = (width - left) / as.length, tall = 30;
    const svg = s("svg", { viewBox: `0 0 ${width} ${top + bs.length * tall + 30}` });
    const best = (/** @type {any} */ u, /** @type {any} */ v) => Math.max(...study.rows.filter((r) => r[at(a)] === u && r[at(b)] === v && typeof r[at(y)] === "number").map((r) => r[at(y)]));
    const most = Math.max(...good().map((p) => p.row[at(y)]), 1e-300);
    svg.append(s("text", { x: 0, y: 12, class: "soft" }, b), s("text", { x: width, y: top + bs.length * tall + 28, "text-anchor": "end", class: "soft" }, a));
    bs.forEach((v, j) => {
      svg.append(s("text", { x: left - 6, y: top + j * tall + 19, "text-anchor": "end" }, typeof v === "number" ? num(v) : cut(String(v), 14)));
      as.forEach((u, i) => {
        const value = best(u, v), share = Number.isFinite(value) ? value / most : 0;
        svg.append(s("rect", { x: left + i * cell + 1, y: top + j * tall + 1, width: Math.max(cell - 2, 1), height: tall - 2, rx: 3, style: { fill: Number.isFinite(value) ? "var(--accent)" : "var(--sunk)", opacity: Number.isFinite(value) ? 0.12 + 0.88 * share : 1 } }, s("title", null, `${a} ${u}, ${b} ${v}: ${num(value)}`)));
        if (cell > 46) svg.append(s("text", { x: left + (i + 0.5) * cell, y: top + j * tall + 19, "text-anchor": "middle", style: { fill: share > 0.55 ? "var(--accent-ink)" : "var(--ink)" } }, Number.isFinite(value) ? num(value) : "–"));
      });
    });
    const room = spaced(as.map((_, i) => i), (i) => i * cell, 60);
    for (const i of room) svg.append(s("text", { x: left + (i + 0.5) * cell, y: top + bs.length * tall + 14, "text-anchor": "middle", class: "soft" }, typeof as[i] === "number" ? num(as[i]) : cut(String(as[i]), 14)));
    return svg;
  }

  /** @param {number} width @param {string[]} columns */
  function parallel(width, columns) {
    const height = 264, top = 48, bottom = 24, pad = 30;
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}` });
    const across = (/** @type {number} */ i) => pad + (i / Math.max(columns.length - 1, 1)) * (width - 2 * pad);
    const scales = columns.map((c) => {
      const values = study.rows.map((r) => r[at(c)]).filter((v) => v !== null);
      if (values.every((v) => typeof v === "number")) { const low = Math.min(...values), high = Math.max(...values); return { low: num(low), high: num(high), to: (/** @type {any} */ v) => (high > low ? (v - low) / (high - low) : 0.5) }; }
      const set = [...new Set(values)].sort();
      return { low: String(set[0]), high: String(set.at(-1)), to: (/** @type {any} */ v) => (set.length > 1 ? set.indexOf(v) / (set.length - 1) : 0.5) };
    });
    const up = (/** @type {number} */ v) => height - bottom - v * (height - top - bottom);
    const draw = (/** @type {any[]} */ row, /** @type {number} */ i, lit = false) => {
      if (columns.some((c) => row[at(c)] === null || row[at(c)] === undefined)) return;
      svg.append(s("path", { d: columns.map((c, k) => `${k ? "L" : "M"}${across(k).toFixed(1)} ${up(scales[k].to(row[at(c)])).toFixed(1)}`).join(""), style: { fill: "none", stroke: lit ? "var(--queue)" : "var(--accent)", "stroke-width": lit ? 3 : 1.2, opacity: lit ? 1 : Math.max(0.12, Math.min(0.6, 30 / study.rows.length)), cursor: "pointer" }, onclick: () => select(i) }));
    };
    study.rows.slice(0, 1500).forEach((row, i) => draw(row, i));
    if (chosen >= 0) draw(study.rows[chosen], chosen, true);
    columns.forEach((c, i) => {
      const anchor = i === 0 ? "start" : i === columns.length - 1 ? "end" : "middle", px = i === 0 ? 0 : i === columns.length - 1 ? width : across(i);
      const beside = (/** @type {string} */ text) => (i === columns.length - 1 ? { x: across(i) - 4, "text-anchor": "end", text: cut(text, 16) } : { x: across(i) + 4, "text-anchor": "start", text: cut(text, 16) });
      const value = (/** @type {string} */ text, /** @type {number} */ y) => { const { text: shown, ...at } = beside(text); return s("text", { ...at, y }, shown, s("title", null, text)); };
      svg.append(s("line", { x1: across(i), x2: across(i), y1: top, y2: height - bottom, class: "axis" }), s("text", { x: px, y: 12 + 14 * (i % 3), "text-anchor": anchor, class: "soft" }, cut(short(c), Math.floor(width / 7)), s("title", null, c)), value(scales[i].high, top + 10), value(scales[i].low, height - bottom + 14));
    });
    return svg;
  }

  /** @param {number} width @param {string} axis */
  function effect(width, axis) {
    const groups = new Map();
    for (const { row } of good()) { const k = row[at(axis)]; groups.set(k, [...(groups.get(k) ?? []), row[at(y)]]); }
    const list = [...groups].sort(([p], [q]) => (typeof p === "number" ? p - q : String(p).localeCompare(String(q), "en", { numeric: true }))).slice(0, 30);
    const mean = (/** @type {number[]} */ v) => v.reduce((t, u) => t + u, 0) / v.length;
    const most = Math.max(...list.map(([, v]) => Math.max(...v)), 1e-300), left = 110, tall = 24;
    const svg = s("svg", { viewBox: `0 0 ${width} ${list.length * tall + 26}` });
    const to = (/** @type {number} */ v) => left + (v / most) * (width - left - 60);
    list.forEach(([k, v], i) => {
      svg.append(s("text", { x: left - 6, y: i * tall + 16, "text-anchor": "end" }, typeof k === "number" ? num(k) : cut(String(k), 17)), s("line", { x1: to(Math.min(...v)), x2: to(Math.max(...v)), y1: i * tall + 12, y2: i * tall + 12, class: "axis" }), s("circle", { cx: to(mean(v)), cy: i * tall + 12, r: 6, style: { fill: "var(--accent)" } }, s("title", null, num(mean(v)))), s("text", { x: to(Math.max(...v)) + 10, y: i * tall + 16, class: "soft" }, num(mean(v))));
    });
    for (const t of spaced(ticks(0, most, 5), to, 50)) svg.append(s("text", { x: to(t), y: list.length * tall + 20, "text-anchor": "middle", class: "soft" }, num(t)));
    return svg;
  }

  function rows() {
    const shown = [...new Set(["point", ...study.axes, "deployment", x, y, "capacity.agents", "limit", "status"])].filter((c) => at(c) >= 0);
    let all = study.rows.map((row, i) => ({ row, i }));
    if (filter) all = all.filter(({ row }) => shown.some((c) => String(row[at(c)]).toLowerCase().includes(filter)));
    const k = at(sort);
    all.sort((a, b) => { const p = a.row[k], q = b.row[k]; const d = typeof p === "number" && typeof q === "number" ? p - q : String(p ?? "").localeCompare(String(q ?? "")); return down ? -d : d; });
    const cell = (/** @type {any[]} */ row, /** @type {number} */ i, /** @type {string} */ c, /** @type {number} */ j) => {
      const v = row[at(c)];
      if (j === 0) return h("td", null, h("button", { class: "bare small", "aria-pressed": String(i === chosen), onclick: () => select(i) }, String(v)));
      return typeof v === "number" ? h("td", { class: "n" }, num(v, 4)) : h("td", null, String(v ?? "–"));
    };
    const head = shown.map((c) => h("th", { scope: "col", "aria-sort": c === sort ? (down ? "descending" : "ascending") : null }, h("button", { class: "bare small", onclick: () => { down = sort === c ? !down : true; sort = c; rows(); } }, short(c), c === sort ? (down ? " ↓" : " ↑") : "")));
    const body = all.slice(0, 200).map(({ row, i }) => h("tr", { class: `click ${i === chosen ? "picked" : ""}`, onclick: () => select(i) }, shown.map((c, j) => cell(row, i, c, j))));
    put(list,
      h("div", { class: "row spread" }, h("h2", null, study.study || name, " ", h("span", { class: "soft small" }, `${count(study.rows.length)} points`)), h("div", { class: "row" }, pick("across", x, (v) => { x = v; }), pick("up", y, (v) => { y = v; }), box)),
      chosen >= 0 && h("div", { class: "row" }, h("span", null, `Point ${study.rows[chosen][at("point")]} is selected.`), h("button", { onclick: () => use(study.rows[chosen], (text) => { told.textContent = text; told.hidden = false; }) }, "Open it as a scenario")),
      chosen >= 0 && told,
      h("div", { class: "scroll" }, h("table", null, h("thead", null, h("tr", null, head)), h("tbody", null, body))),
      all.length > 200 && h("p", { class: "small soft" }, `and ${count(all.length - 200)} more`));
  }
  draw();
  return [figures, list];
}

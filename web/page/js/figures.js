// Figures as SVG: drawn once for a width, with their numbers in a table beside
// them, to be downloaded as seen. Colours are those of the style sheet.

import { download, h, num, s } from "./dom.js";

/**
 * A figure with a title, what it draws, and its numbers.
 * @param {{title: string, about?: string, draw: (width: number) => SVGElement, table?: () => HTMLElement, keys?: [string, string][], level?: string}} what
 */
export function figure(what) {
  const holder = h("div");
  const tools = h("div", { class: "row" });
  const caption = h("figcaption", null, h("div", null, h(what.level ?? "h2", null, what.title), what.about && h("div", { class: "small soft" }, what.about)), tools);
  const element = h("figure", null, caption, holder);
  let width = 0;
  const draw = () => {
    const now = Math.max(280, Math.round(holder.clientWidth));
    if (now === width) return;
    width = now;
    const svg = what.draw(width);
    if (!svg.getAttribute("aria-label")) svg.setAttribute("aria-label", what.title);
    svg.setAttribute("role", "img");
    holder.replaceChildren(svg);
  };
  new ResizeObserver(draw).observe(holder);
  tools.append(h("button", { class: "bare small", onclick: () => save(holder.querySelector("svg"), what.title), "aria-label": `Download ${what.title} as SVG` }, "SVG"));
  if (what.keys) element.append(keys(what.keys));
  if (what.table) {
    const table = h("details", null, h("summary", null, "Numbers"));
    table.addEventListener("toggle", () => { if (table.open && table.children.length === 1) table.append(h("div", { class: "scroll" }, what.table?.())); });
    element.append(table);
  }
  return element;
}

/** @param {[string, string][]} list names and colours */
export const keys = (list) => h("ul", { class: "keys" }, list.map(([name, colour]) => h("li", null, h("i", { style: { background: colour, "border-color": colour === "transparent" ? "var(--line-strong)" : colour } }), name)));

/**
 * @param {string[]} head
 * @param {any[][]} rows numbers are set right
 */
export function table(head, rows) {
  const right = head.map((_, i) => rows.some((r) => typeof r[i] === "number"));
  return h("table", null,
    h("thead", null, h("tr", null, head.map((t, i) => h("th", { scope: "col", class: right[i] ? "n" : null }, t)))),
    h("tbody", null, rows.map((r) => h("tr", null, r.map((v, i) => h(i ? "td" : "th", { class: right[i] ? "n" : null, scope: i ? null : "row" }, typeof v === "number" ? num(v, 4) : v))))));
}

/** Saves a figure with the colours it is seen in.
 * @param {SVGElement | null} svg
 * @param {string} title */
function save(svg, title) {
  if (!svg) return;
  const copy = /** @type {SVGElement} */ (svg.cloneNode(true));
  const from = [svg, ...svg.querySelectorAll("*")], to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const seen = getComputedStyle(element);
    for (const key of ["fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight", "opacity"]) to[i].setAttribute(key, seen.getPropertyValue(key));
    to[i].removeAttribute("style");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("style", `background:${getComputedStyle(document.body).backgroundColor}`);
  download(title.toLowerCase().replace(/[^a-z0-9]+/g, "-") + ".svg", copy.outerHTML, "image/svg+xml");
}

/** About how wide a text is, without a canvas.
 * @param {string} text */
export const textWidth = (text, size = 12) => text.length * size * 0.56;

/**
 * Round values between two ends: three or more.
 * @param {number} low
 * @param {number} high
 */
export function ticks(low, high, most = 6) {
  if (!(high > low)) return [low];
  const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((v) => v >= raw) ?? raw;
  const list = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) list.push(Number(v.toPrecision(12)));
  return list;
}

/**
 * Powers of ten with their halves, for an axis of logarithms.
 * @param {number} low
 * @param {number} high
 */
export function logTicks(low, high) {
  const list = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) for (const m of [1, 2, 5]) {
    const v = m * 10 ** e;
    if (v >= low * 0.999 && v <= high * 1.001) list.push(v);
  }
  if (list.length < 3) return ticks(low, high, 5);
  return list.length > 7 ? list.filter((v) => String(v)[0] === "1" || /^0\.0*1$/.test(String(v))) : list;
}

/**
 * @typedef {{name: string, value: number, colour: string, note?: string, fill?: "solid" | "hatched" | "dotted"}} Part
 */

let patterns = 0;
/** A paint that tells without colours what a number rests on.
 * @param {SVGElement} svg @param {"hatched" | "dotted"} how @param {string} colour */
function marked(svg, how, colour) {
  const id = `paint-${++patterns}`;
  const mark = how === "hatched" ? s("path", { d: "M-1 7L7 -1M3 11L11 3", style: { stroke: colour, "stroke-width": 2.4 } }) : s("circle", { cx: 4, cy: 4, r: 1.7, style: { fill: colour } });
  svg.append(s("defs", null, s("pattern", { id, width: 8, height: 8, patternUnits: "userSpaceOnUse" }, s("rect", { width: 8, height: 8, style: { fill: "var(--sunk)" } }), mark)));
  return `url(#${id})`;
}

/**
 * Bars of parts, one below the other, with what they are written on or under them.
 * @param {{name: string, parts: Part[], all?: number, label?: string}[]} bars
 * @param {{show: (v: number) => string, most?: number}} o
 */
export function bars(bars, o) {
  return (/** @type {number} */ width) => {
    const thick = 30, top = 20, below = 22, pitch = top + thick + below;
    const most = o.most ?? Math.max(...bars.map((b) => b.parts.reduce((sum, p) => sum + p.value, 0)), 1e-300);
    const svg = s("svg", { viewBox: `0 0 ${width} ${pitch * bars.length}` });
    bars.forEach((bar, row) => {
      const y = row * pitch + top;
      const sum = bar.parts.reduce((t, p) => t + p.value, 0);
      svg.append(s("text", { x: 0, y: y - 6, class: "strong" }, bar.name), s("text", { x: width, y: y - 6, "text-anchor": "end", class: "soft" }, bar.label ?? o.show(bar.all ?? sum)));
      let x = 0, free = 0;
      for (const part of bar.parts) {
        const w = (part.value / most) * width;
        if (w <= 0) continue;
        const paint = part.fill && part.fill !== "solid" ? marked(svg, part.fill, part.colour) : part.colour;
        svg.append(s("rect", { x: x.toFixed(2), y, width: Math.max(w - 1, 0.6).toFixed(2), height: thick, rx: 2, style: { fill: paint, stroke: part.colour === "transparent" ? "var(--line-strong)" : "none", "stroke-dasharray": "3 3" } }, s("title", null, `${part.name}: ${o.show(part.value)}`)));
        const label = `${part.name} ${o.show(part.value)}`;
        if (w > 14 || part.value / sum > 0.04) {
          const from = Math.min(Math.max(x, free), width - textWidth(label));
          if (from >= free - 0.1 && from < x + w) {
            svg.append(s("text", { x: from.toFixed(1), y: y + thick + 15, class: "soft" }, label));
            free = from + textWidth(label) + 12;
          }
        }
        x += w;
      }
    });
    return svg;
  };
}

/**
 * The interval of an answer on a line of logarithms: P10 to P90 of the model, the
 * sample's inside it, the answer as a point.
 * @param {{answer: number, low?: number, high?: number, sampleLow?: number, sampleHigh?: number, guess?: number, unit: string, other?: number}} v
 */
export function interval(v) {
  return (/** @type {number} */ width) => {
    const all = /** @type {number[]} */ ([v.answer, v.low, v.high, v.sampleLow, v.sampleHigh, v.guess, v.other].filter((x) => x !== undefined && x > 0));
    const low = Math.min(...all) / 1.5, high = Math.max(...all) * 1.5;
    const pad = 14;
    const at = (/** @type {number} */ x) => pad + (Math.log(x / low) / Math.log(high / low)) * (width - 2 * pad);
    const y = 30;
    const svg = s("svg", { viewBox: `0 0 ${width} 66` });
    svg.append(s("line", { x1: pad, x2: width - pad, y1: y, y2: y, class: "rule" }));
    let free = -1e9;
    for (const t of spaced(logTicks(low, high), at, 46)) {
      svg.append(s("line", { x1: at(t), x2: at(t), y1: y - 4, y2: y + 4, class: "axis" }), s("text", { x: at(t), y: y + 21, "text-anchor": "middle", class: "soft" }, num(t)));
      free = at(t) + textWidth(num(t));
    }
    void free;
    svg.append(s("text", { x: width - pad, y: y + 35, "text-anchor": "end", class: "soft", style: { "font-size": "11px" } }, `${v.unit}, logarithmic`));
    if (v.low && v.high) {
      svg.append(s("rect", { x: at(v.low), y: y - 5, width: Math.max(at(v.high) - at(v.low), 2), height: 10, rx: 5, style: { fill: "var(--accent)", opacity: 0.28 } }, s("title", null, `P10 to P90: ${num(v.low)} to ${num(v.high)}`)));
      svg.append(s("text", { x: at(v.low), y: y - 13, "text-anchor": "middle", class: "soft" }, num(v.low)), s("text", { x: at(v.high), y: y - 13, "text-anchor": "middle", class: "soft" }, num(v.high)));
    }
    if (v.sampleLow && v.sampleHigh) svg.append(s("line", { x1: at(v.sampleLow), x2: at(v.sampleHigh), y1: y, y2: y, style: { stroke: "var(--accent)", "stroke-width": 5, "stroke-linecap": "round" } }));
    if (v.other) svg.append(s("circle", { cx: at(v.other), cy: y, r: 5, style: { fill: "var(--card)", stroke: "var(--soft)", "stroke-width": 2 } }, s("title", null, `estimated: ${num(v.other)}`)));
    if (v.guess) svg.append(s("path", { d: `M${at(v.guess)} ${y - 8}l6 -10h-12z`, style: { fill: "var(--queue)" } }), s("text", { x: at(v.guess), y: y - 20, "text-anchor": "middle", style: { fill: "var(--queue)" } }, "your guess"));
    svg.append(s("circle", { cx: at(v.answer), cy: y, r: 8, style: { fill: "var(--accent)", stroke: "var(--card)", "stroke-width": 2 } }, s("title", null, num(v.answer))));
    return svg;
  };
}

/**
 * Those of some values that have room beside each other.
 * @param {number[]} values
 * @param {(v: number) => number} at
 * @param {number} room
 */
export function spaced(values, at, room) {
  const kept = [];
  for (const v of values) if (!kept.length || Math.abs(at(v) - at(kept[kept.length - 1])) >= room) kept.push(v);
  return kept;
}

/**
 * Factors from one end to another, on logarithms.
 * @param {{from: number, to: number, fromName: string, toName: string, factors: {name: string, multiplier: number, low?: number, high?: number, lit?: boolean}[], shown?: number}} w
 */
export function waterfall(w) {
  return (/** @type {number} */ width) => {
    const shown = w.factors.slice(0, w.shown ?? w.factors.length);
    const narrow = width < 560;
    const left = narrow ? 132 : 190, right = 74, thick = 20, pitch = 30, top = 8;
    let value = w.from;
    const reach = [w.from, w.to];
    for (const f of w.factors) { value *= f.multiplier; reach.push(value); }
    const low = Math.min(...reach) / 1.35, high = Math.max(...reach) * 1.35;
    const at = (/** @type {number} */ v) => left + (Math.log(v / low) / Math.log(high / low)) * (width - left - right);
    const rows = w.factors.length + 2;
    const svg = s("svg", { viewBox: `0 0 ${width} ${top + rows * pitch + 30}` });
    for (const t of spaced(logTicks(low, high), at, 52)) svg.append(s("line", { x1: at(t), x2: at(t), y1: top, y2: top + rows * pitch, class: "rule" }), s("text", { x: at(t), y: top + rows * pitch + 16, "text-anchor": "middle", class: "soft" }, num(t)));
    const bar = (/** @type {number} */ row, /** @type {string} */ name, /** @type {number} */ a, /** @type {number} */ b, /** @type {string} */ colour, /** @type {string} */ label, faint = false) => {
      const y = top + row * pitch + (pitch - thick) / 2;
      const short = narrow && name.length > 21 ? name.slice(0, 20) + "…" : name.length > 31 ? name.slice(0, 30) + "…" : name;
      svg.append(s("text", { x: left - 8, y: y + 14, "text-anchor": "end", class: faint ? "soft" : "" }, short));
      if (faint) return;
      svg.append(s("rect", { x: Math.min(at(a), at(b)), y, width: Math.max(Math.abs(at(b) - at(a)), 1.5), height: thick, rx: 2, style: { fill: colour } }, s("title", null, `${name}: ${label}`)));
      svg.append(s("text", { x: Math.max(at(a), at(b)) + 6, y: y + 14, class: "strong" }, label));
    };
    bar(0, w.fromName, low, w.from, "var(--other)", num(w.from));
    value = w.from;
    w.factors.forEach((f, i) => {
      const next = value * f.multiplier;
      bar(i + 1, f.name, value, next, f.lit ? "var(--queue)" : next >= value ? "var(--accent)" : "var(--prefill)", `×${num(f.multiplier)}`, i >= shown.length);
      value = next;
    });
    if (shown.length === w.factors.length) bar(rows - 1, w.toName, low, w.to, "var(--cache)", num(w.to));
    else bar(rows - 1, w.toName, low, low, "none", "", true);
    return svg;
  };
}

/**
 * Lines over a shared axis, or areas on top of each other.
 * @param {{series: {name: string, colour: string, x: number[], y: number[], dashed?: boolean}[], x: string, y: string, stacked?: boolean, logX?: boolean, height?: number, showX?: (v: number) => string, showY?: (v: number) => string}} o
 */
export function lines(o) {
  return (/** @type {number} */ width) => {
    const height = o.height ?? 230, left = 54, right = 14, top = 22, bottom = 34;
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}` });
    const xs = o.series.flatMap((l) => l.x).filter((x) => !o.logX || x > 0);
    if (!xs.length) return svg;
    const x0 = Math.min(...xs), x1 = Math.max(...xs, x0 + 1e-12);
    let y1 = 0;
    if (o.stacked) for (let i = 0; i < o.series[0].x.length; i++) y1 = Math.max(y1, o.series.reduce((t, l) => t + (l.y[i] ?? 0), 0));
    else y1 = Math.max(...o.series.flatMap((l) => l.y));
    y1 = y1 > 0 ? y1 * 1.04 : 1;
    const at = (/** @type {number} */ x) => left + ((o.logX ? Math.log(Math.max(x, x0) / x0) / Math.log(x1 / x0) : (x - x0) / (x1 - x0)) || 0) * (width - left - right);
    const up = (/** @type {number} */ y) => height - bottom - (y / y1) * (height - top - bottom);
    for (const t of ticks(0, y1, 5)) svg.append(s("line", { x1: left, x2: width - right, y1: up(t), y2: up(t), class: "rule" }), s("text", { x: left - 6, y: up(t) + 4, "text-anchor": "end", class: "soft" }, (o.showY ?? num)(t)));
    for (const t of spaced(o.logX ? logTicks(x0, x1) : ticks(x0, x1, Math.max(3, width / 110)), at, 52)) svg.append(s("line", { x1: at(t), x2: at(t), y1: height - bottom, y2: height - bottom + 4, class: "axis" }), s("text", { x: at(t), y: height - bottom + 17, "text-anchor": "middle", class: "soft" }, (o.showX ?? num)(t)));
    svg.append(s("text", { x: 0, y: 11, class: "soft" }, o.y), s("text", { x: width - right, y: height - 3, "text-anchor": "end", class: "soft" }, o.x + (o.logX ? ", logarithmic" : "")));
    let base = o.series[0].x.map(() => 0);
    for (const line of o.series) {
      const points = line.x.map((x, i) => [at(x), up(o.stacked ? base[i] + line.y[i] : line.y[i])]);
      const path = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
      if (o.stacked) {
        const back = line.x.map((x, i) => [at(x), up(base[i])]).reverse();
        svg.append(s("path", { d: path + back.map(([x, y]) => `L${x.toFixed(1)} ${y.toFixed(1)}`).join("") + "Z", style: { fill: line.colour } }, s("title", null, line.name)));
        base = base.map((b, i) => b + line.y[i]);
      } else svg.append(s("path", { d: path, style: { fill: "none", stroke: line.colour, "stroke-width": 2.2, "stroke-dasharray": line.dashed ? "5 4" : "none" } }, s("title", null, line.name)));
    }
    return svg;
  };
}

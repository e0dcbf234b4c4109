// A text area for YAML: numbered lines, faults at their place, completion from
// what the fields of a scenario mean.

import { h, put } from "./dom.js";

/** @typedef {{path: string, form: string, unit?: string, meaning: string, among?: string[], preset?: string, example?: string}} Meaning */

/**
 * @param {{text: string, change: (text: string) => void, meanings: () => Meaning[], presets: (kind: string) => string[], label?: string}} o
 */
export function editor(o) {
  const gutter = h("div", { class: "gutter", "aria-hidden": "true" });
  const seen = h("pre", { "aria-hidden": "true" });
  const area = h("textarea", { spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": o.label ?? "Scenario as YAML", "aria-autocomplete": "list", wrap: "off" });
  const offers = h("ul", { class: "offers", role: "listbox", id: `offers-${Math.random().toString(36).slice(2)}`, hidden: true });
  const holder = h("div", null, h("div", { class: "editor" }, gutter, h("div", { class: "sheet" }, seen, area)), offers);
  /** @type {Set<number>} */ let bad = new Set();
  /** @type {{text: string, about: string, from: number}[]} */ let offered = [];
  let chosen = 0;

  function paint() {
    const lines = /** @type {string} */ (area.value).split("\n");
    put(gutter, lines.map((_, i) => [bad.has(i + 1) ? h("b", null, i + 1) : String(i + 1), "\n"]));
    put(seen, lines.map((line, i) => {
      const parts = /^(\s*(?:- )?)([^\s#:{}[\],]+:)?(.*)$/.exec(line) ?? ["", "", "", line];
      const hash = parts[3].search(/(^|\s)#/);
      const value = hash < 0 ? parts[3] : parts[3].slice(0, hash), comment = hash < 0 ? "" : parts[3].slice(hash);
      const content = [parts[1], parts[2] && h("span", { class: "k" }, parts[2]), value, comment && h("span", { class: "c" }, comment)];
      return [bad.has(i + 1) ? h("span", { class: "e" }, content) : content, "\n"];
    }));
    area.style.height = `${Math.min(26, Math.max(7, lines.length + 1)) * 1.55 * 12.5 + 20}px`;
    scroll();
  }
  function scroll() {
    seen.style.transform = `translate(${-area.scrollLeft}px, ${-area.scrollTop}px)`;
    gutter.scrollTop = area.scrollTop;
  }

  /** The path of keys above a line, by indentation.
   * @param {string[]} lines
   * @param {number} row
   * @param {number} indent */
  function above(lines, row, indent) {
    const path = [];
    for (let i = row - 1; i >= 0 && indent > 0; i--) {
      const m = /^(\s*)([\w-]+):/.exec(lines[i]);
      if (m && m[1].length < indent) { path.unshift(m[2]); indent = m[1].length; }
    }
    return path.join(".");
  }

  function complete() {
    const before = area.value.slice(0, area.selectionStart);
    const lines = before.split("\n"), row = lines.length - 1, line = lines[row];
    const value = /^(\s*)([\w-]+):\s+([\w.*-]*)$/.exec(line), key = /^(\s*)([\w-]*)$/.exec(line);
    offered = [];
    if (value) {
      const parent = above(lines, row, value[1].length);
      const path = parent ? `${parent}.${value[2]}` : value[2];
      const m = o.meanings().find((f) => f.path === path);
      const kind = m?.preset ?? (value[2] === "extends" ? "scenarios" : "");
      const among = kind ? o.presets(kind) : m?.among ?? [];
      offered = among.filter((name) => name.startsWith(value[3]) && name !== value[3]).map((text) => ({ text, about: "", from: before.length - value[3].length }));
    } else if (key) {
      const parent = above(lines, row, key[1].length);
      const depth = parent ? parent.split(".").length + 1 : 1;
      const found = o.meanings().filter((f) => f.path.split(".").length === depth && (!parent || f.path.startsWith(parent + ".")));
      offered = found.map((f) => ({ text: `${f.path.split(".").pop()}: `, about: f.meaning, from: before.length - key[2].length })).filter((f) => f.text.startsWith(key[2]) && f.text !== `${key[2]}: `);
    }
    offered = offered.slice(0, 60);
    chosen = 0;
    show();
  }
  function show() {
    offers.hidden = !offered.length;
    area.setAttribute("aria-expanded", String(!offers.hidden));
    put(offers, offered.map((f, i) => h("li", { role: "option", id: `${offers.id}-${i}`, "aria-selected": String(i === chosen), onmousedown: (/** @type {Event} */ e) => { e.preventDefault(); take(i); } }, f.text, f.about && h("small", null, f.about))));
    if (offered.length) area.setAttribute("aria-activedescendant", `${offers.id}-${chosen}`); else area.removeAttribute("aria-activedescendant");
    offers.children[chosen]?.scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-controls", offers.id);
  }
  /** @param {number} i */
  function take(i) {
    const f = offered[i];
    area.setRangeText(f.text, f.from, area.selectionStart, "end");
    offered = [];
    show();
    changed();
  }
  function changed() {
    bad = new Set();
    paint();
    o.change(area.value);
  }
  area.addEventListener("input", () => { changed(); if (/[\w:. -]/.test(area.value[area.selectionStart - 1] ?? "")) complete(); else { offered = []; show(); } });
  area.addEventListener("scroll", scroll);
  area.addEventListener("blur", () => { offered = []; show(); });
  area.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    if (e.key === " " && e.ctrlKey) { e.preventDefault(); return complete(); }
    if (offers.hidden) return;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); chosen = (chosen + (e.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length; show(); }
    else if (e.key === "Enter" || e.key === "Tab") { e.preventDefault(); take(chosen); }
    else if (e.key === "Escape") { offered = []; show(); }
  });
  area.value = o.text;
  paint();
  return {
    element: holder,
    /** @param {string} text */
    set(text) { if (area.value !== text) { area.value = text; bad = new Set(); paint(); } },
    /** Marks lines with faults. @param {number[]} lines */
    mark(lines) { bad = new Set(lines); paint(); area.setAttribute("aria-invalid", String(lines.length > 0)); },
  };
}

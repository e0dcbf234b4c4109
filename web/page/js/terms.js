// Terms of the field, explained once: a button in the text opens a sentence.

import { h } from "./dom.js";
import { terms } from "./words.js";

const pattern = new RegExp(`\\b(${Object.keys(terms).map((t) => t.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})\\b`, "i");

/** A text in which the first of the terms can be asked about.
 * @param {string} text */
export function withTerms(text) {
  const found = pattern.exec(text);
  if (!found) return text;
  const key = Object.keys(terms).find((t) => t.toLowerCase() === found[0].toLowerCase()) ?? "";
  return [text.slice(0, found.index), term(found[0], key), text.slice(found.index + found[0].length)];
}

/**
 * @param {string} shown
 * @param {string} key
 */
export function term(shown, key) {
  /** @type {HTMLElement | undefined} */ let tip;
  const close = () => { tip?.remove(); tip = undefined; button.setAttribute("aria-expanded", "false"); };
  const button = h("button", { class: "term", "aria-expanded": "false", onclick: () => {
    if (tip) return close();
    const [sentence, step] = terms[key];
    tip = h("div", { class: "tip", role: "note" }, h("strong", null, key), ": ", sentence, " ", h("a", { href: `#/story/${step}` }, "In the story"));
    const at = button.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left + scrollX, innerWidth - 340))}px`;
    tip.style.top = `${at.bottom + scrollY + 6}px`;
    button.after(tip);
    button.setAttribute("aria-expanded", "true");
  }, onblur: () => setTimeout(() => { if (tip && !tip.contains(document.activeElement)) close(); }, 150), onkeydown: (/** @type {KeyboardEvent} */ e) => { if (e.key === "Escape") close(); } }, shown);
  return button;
}

// The rack, live.
import { h } from "./dom.js";
/** @param {import("./main.js").App} app */
export function rack(app) {
  void app;
  return { element: h("div"), ramp: (/** @type {any[]} */ _s) => {}, about: (/** @type {any} */ _r, /** @type {string} */ _y) => {}, stop: () => {} };
}

// The frame: rooms, theme, and the address, which holds the scenario.

import { download, h, put, say } from "./dom.js";
import { openEngine } from "./engine.js";
import { pack, unpack } from "./share.js";
import { rooms } from "./words.js";

/**
 * @typedef {{room: string, step: number, yaml: string, other: string}} State
 * @typedef {{engine: import("./engine.js").Engine, state: State, go: (change: Partial<State>, quiet?: boolean) => void, version: string}} App
 */

const beginning = "name: mine\nextends: gb300-agentperf-slo20\nprotocol: steady-state\n";

/** @type {State} */
const state = { room: "story", step: 1, yaml: beginning, other: "" };

/** @type {() => void} */
let leave = () => {};

/** @type {App} */
const app = { engine: /** @type {any} */ (null), state, go, version: "" };

/** Goes somewhere: a new entry of the history, or a change of the one at hand.
 * @param {Partial<State>} change */
function go(change, quiet = false) {
  const room = state.room;
  Object.assign(state, change);
  void address().then((to) => {
    if (to === location.hash) return;
    if (quiet) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
  });
  if (state.room !== room) void show();
}

async function address() {
  if (state.room === "story") return `#/story/${state.step}`;
  if (state.room !== "workbench") return `#/${state.room}`;
  const other = state.other ? `&b=${await pack(state.other)}` : "";
  return state.yaml === beginning && !other ? "#/workbench" : `#/workbench?a=${await pack(state.yaml)}${other}`;
}

async function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [room, step] = path.split("/");
  state.room = rooms.some(([name]) => name === room) ? room : "story";
  state.step = Math.min(7, Math.max(1, Number(step) || 1));
  const values = new URLSearchParams(query ?? "");
  try {
    const a = values.get("a"), b = values.get("b");
    if (a) state.yaml = await unpack(a);
    if (state.room === "workbench") state.other = b ? await unpack(b) : "";
  } catch {
    say("The link holds no scenario that can be read.");
  }
}

async function show() {
  leave();
  const room = /** @type {HTMLElement} */ (document.getElementById("room"));
  for (const link of document.querySelectorAll("#rooms a")) link.toggleAttribute("aria-current", link.getAttribute("href") === `#/${state.room}`);
  for (const link of document.querySelectorAll("#rooms a[aria-current]")) link.setAttribute("aria-current", "page");
  document.title = `${rooms.find(([name]) => name === state.room)?.[1]} · agentsim`;
  const { open } = await import(`./${state.room}.js`);
  leave = open(room, app) ?? (() => {});
}

function tools() {
  const theme = h("button", { class: "bare", "aria-label": "Light or dark", title: "Light or dark", onclick: () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", dark ? "light" : "dark"); } catch { /* no storage: the choice lasts as long as the page */ }
  } }, "◐");
  const link = h("button", { class: "bare", onclick: async () => {
    state.room = "workbench" === state.room ? state.room : "workbench";
    const url = location.href.replace(/#.*/, "") + (await address());
    try { await navigator.clipboard.writeText(url); say("The link is in the clipboard."); link.textContent = "Copied"; } catch { prompt("The link", url); }
    setTimeout(() => { link.textContent = "Link"; }, 1500);
    go({}, true);
  } }, "Link");
  const yaml = h("button", { class: "bare", onclick: () => download("scenario.yaml", state.yaml, "application/yaml") }, "YAML");
  put(/** @type {HTMLElement} */ (document.getElementById("tools")), link, yaml, theme);
  try { const kept = localStorage.getItem("theme"); if (kept) document.documentElement.dataset.theme = kept; } catch { /* as above */ }
}

async function start() {
  tools();
  put(/** @type {HTMLElement} */ (document.getElementById("rooms")), rooms.map(([name, title]) => h("a", { href: `#/${name}` }, title)));
  await read();
  try {
    app.engine = await openEngine();
  } catch (error) {
    put(/** @type {HTMLElement} */ (document.getElementById("room")), h("p", { class: "note bad" }, `The simulator cannot be reached: ${error instanceof Error ? error.message : error}`));
    return;
  }
  addEventListener("popstate", () => { void read().then(show); });
  await show();
  const foot = /** @type {HTMLElement} */ (document.getElementById("foot"));
  put(foot, h("span", null, app.engine.kind === "wasm" ? "The simulator runs in this browser; nothing is sent anywhere." : "The simulator runs in agentsim serve on this machine."));
  const catalogue = await app.engine.ask("catalogue");
  app.version = catalogue.version;
  foot.append(h("span", null, `version ${catalogue.version}`));
}

void start();

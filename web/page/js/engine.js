// One interface to the simulator, two implementations: a server on this machine
// (http.js), or WebAssembly in a worker of this page (wasm.js).

import { HttpEngine } from "./http.js";
import { WasmEngine } from "./wasm.js";

/**
 * @typedef {{stage: string, done?: number, all?: number, agents?: number, pass?: boolean, low?: number, high?: number}} Step
 * @typedef {{signal?: AbortSignal, progress?: (step: Step) => void}} How
 * @typedef {{
 *   kind: "http" | "wasm",
 *   ask: (method: string, question?: any, how?: How) => Promise<any>,
 *   askAbout: (method: string, files: File[], question?: any, how?: How) => Promise<any>,
 *   studies: () => Promise<{name: string, complete: boolean}[]>,
 *   study: (name: string) => Promise<any>,
 * }} Engine
 *
 * askAbout asks about files that were dropped: trace-stats, agents-like, table.
 * Both reject with a Failure, or with an AbortError where the signal came first.
 */

/** @returns {Promise<Engine>} */
export async function openEngine() {
  const answer = await fetch("backend.json");
  const about = await answer.json();
  return about.backend === "http" ? new HttpEngine() : new WasmEngine(about);
}

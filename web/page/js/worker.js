// The worker in which the simulator runs, with files that were dropped as its
// only file system.

import { load } from "./loader.js";
import { dropped, install } from "./memory-files.js";

const scope = /** @type {any} */ (globalThis);

onmessage = async ({ data }) => {
  if (data.load) {
    try {
      postMessage({ loaded: await load(data.load) });
    } catch (error) {
      postMessage({ failed: error instanceof Error ? error.message : String(error) });
    }
    return;
  }
  if (data.module) {
    install();
    // @ts-ignore: it comes with Go, and is laid beside this file by make page
    await import("./wasm_exec.js");
    const go = new scope.Go();
    const ready = new Promise((then) => { scope.agentsimReady = then; });
    const instance = await WebAssembly.instantiate(data.module, go.importObject);
    go.run(instance);
    await ready;
    postMessage({ ready: true });
    return;
  }
  const { number, method, question, files } = data;
  dropped.clear();
  for (const file of files) dropped.set(file.path, new Uint8Array(file.bytes));
  scope.agentsimAsk(method, question,
    (/** @type {string} */ step) => postMessage({ number, step }),
    (/** @type {boolean} */ ok, /** @type {string} */ text) => postMessage({ number, ok, text }));
};

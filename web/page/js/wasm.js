// The simulator as WebAssembly in workers of this page: one for what is answered
// at once, one for what takes a second, one for what takes long, and one, with all readers, for dropped files.

import { Failure, long } from "./failure.js";

/** @typedef {import("./engine.js").Engine} Engine */

/** @implements {Engine} */
export class WasmEngine {
  /** @param {{simulator: string, readers: string}} about where the modules lie, compressed */
  constructor(about) {
    /** @type {"wasm"} */ this.kind = "wasm";
    this.simulator = new Module(about.simulator);
    this.readers = new Module(about.readers);
    this.quick = new Lane(this.simulator);
    this.second = new Lane(this.simulator);
    this.slow = new Lane(this.simulator);
    this.files = new Lane(this.readers);
    this.quick.start();
  }

  /**
   * @param {string} method
   * @param {any} [question]
   * @param {import("./engine.js").How} [how]
   */
  ask(method, question, how = {}) {
    const later = method === "explain" || question?.interval || question?.parts; // a second or so
    const rare = ["compare", "plan", "sweep"].includes(method); // the page asks none of these
    return (rare ? this.files : long.has(method) ? this.slow : later ? this.second : this.quick).ask({ method, question, files: [] }, how);
  }

  /**
   * @param {string} method
   * @param {File[]} files
   * @param {any} [question]
   * @param {import("./engine.js").How} [how]
   */
  async askAbout(method, files, question, how = {}) {
    const content = await Promise.all(files.map(async (file, i) => ({ path: `/dropped/${i}/${file.name.replace(/^.*[/\\]/, "") || "file"}`, bytes: await file.arrayBuffer() })));
    const paths = content.map((f) => f.path);
    const about = {
      "trace-stats": { method, question: { paths: ["/dropped"] } },
      "table": { method, question: { path: paths[0] } },
      "agents-like": { method: "estimate", question: { yaml: question?.yaml, set: ["workload.trace=/dropped"] } },
    }[method];
    if (!about) throw new Failure({ kind: "failure", message: `${method}: not a question about files` });
    return this.files.ask({ ...about, files: content }, how);
  }

  async studies() {
    return [];
  }

  /** @param {string} name */
  async study(name) {
    throw new Failure({ kind: "failure", message: `${name}: no studies run in a browser` });
  }
}

/** A module that is fetched and compiled once, for all its workers. */
class Module {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    /** @type {Promise<WebAssembly.Module> | undefined} */ this.compiled = undefined;
  }

  compile() {
    this.compiled ??= this.load();
    return this.compiled;
  }

  async load() {
    const answer = await fetch(this.url);
    if (!answer.ok || !answer.body) throw new Failure({ kind: "failure", message: `the simulator (${this.url}) could not be loaded: ${answer.status}` });
    const stream = await plain(answer.body);
    return WebAssembly.compileStreaming(new Response(stream, { headers: { "Content-Type": "application/wasm" } }));
  }
}

/**
 * A stream of gzip as what it holds; hosts that say so in a header have the
 * browser unpack it already.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {Promise<ReadableStream<Uint8Array>>}
 */
async function plain(stream) {
  const reader = stream.getReader();
  const first = await reader.read();
  const whole = new ReadableStream({
    start(to) { if (first.value) to.enqueue(first.value); if (first.done) to.close(); },
    async pull(to) { const { value, done } = await reader.read(); if (done) to.close(); else to.enqueue(value); },
    cancel(why) { return reader.cancel(why); },
  });
  const packed = first.value && first.value[0] === 0x1f && first.value[1] === 0x8b;
  return packed ? whole.pipeThrough(/** @type {any} */ (new DecompressionStream("gzip"))) : whole;
}

/** One worker, and the questions that wait for it. To stop one it is ended. */
class Lane {
  /** @param {Module} module */
  constructor(module) {
    this.module = module;
    /** @type {Promise<Worker> | undefined} */ this.worker = undefined;
    this.last = Promise.resolve();
    this.number = 0;
  }

  /** @returns {Promise<Worker>} */
  start() {
    this.worker ??= this.module.compile().then((module) => new Promise((ready, fail) => {
      const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
      worker.onerror = (e) => fail(new Failure({ kind: "failure", message: e.message || "the worker could not start" }));
      worker.onmessage = () => ready(worker);
      worker.postMessage({ module });
    }));
    return this.worker;
  }

  /**
   * @param {{method: string, question: any, files: {path: string, bytes: ArrayBuffer}[]}} what
   * @param {import("./engine.js").How} how
   */
  ask(what, how) {
    const mine = this.last.then(() => this.askNow(what, how));
    this.last = mine.then(() => {}, () => {});
    if (!how.signal || long.has(what.method)) return mine;
    const signal = how.signal; // the worker goes on; its answer is left aside
    return new Promise((answer, fail) => {
      mine.then(answer, fail);
      signal.addEventListener("abort", () => fail(new DOMException("stopped", "AbortError")), { once: true });
    });
  }

  /**
   * @param {{method: string, question: any, files: {path: string, bytes: ArrayBuffer}[]}} what
   * @param {import("./engine.js").How} how
   */
  async askNow(what, how) {
    how.signal?.throwIfAborted();
    const worker = await this.start();
    how.signal?.throwIfAborted();
    const number = ++this.number;
    return new Promise((answer, fail) => {
      const stop = () => {
        worker.terminate();
        this.worker = undefined;
        fail(new DOMException("stopped", "AbortError"));
      };
      if (long.has(what.method)) how.signal?.addEventListener("abort", stop, { once: true });
      const done = () => how.signal?.removeEventListener("abort", stop);
      worker.onmessage = ({ data }) => {
        if (data.number !== number) return;
        if (data.step) return how.progress?.(JSON.parse(data.step));
        done();
        data.ok ? answer(JSON.parse(data.text)) : fail(new Failure(JSON.parse(data.text)));
      };
      worker.onerror = (e) => {
        done();
        this.worker = undefined;
        fail(new Failure({ kind: "failure", message: e.message || "the simulator stopped" }));
      };
      worker.postMessage({ number, method: what.method, question: JSON.stringify(what.question ?? {}), files: what.files }, what.files.map((f) => f.bytes));
    });
  }
}

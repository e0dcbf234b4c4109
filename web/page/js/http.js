// The simulator as a server on this machine.

import { Failure, long } from "./failure.js";

/** @typedef {import("./engine.js").Engine} Engine */

/** @implements {Engine} */
export class HttpEngine {
  constructor() {
    /** @type {"http"} */ this.kind = "http";
  }

  /**
   * @param {string} method
   * @param {any} [question]
   * @param {import("./engine.js").How} [how]
   */
  async ask(method, question, how = {}) {
    const get = method === "catalogue" || method === "fields";
    const answer = await fetch(`api/${method}`, get ? { signal: how.signal } : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question ?? {}), signal: how.signal,
    });
    if (!answer.ok) throw await failureOf(answer);
    return long.has(method) ? events(answer, how) : answer.json();
  }

  /**
   * @param {string} method
   * @param {File[]} files
   * @param {any} [question]
   * @param {import("./engine.js").How} [how]
   */
  async askAbout(method, files, question, how = {}) {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    if (question?.yaml) form.append("scenario", question.yaml);
    const answer = await fetch(`api/${method}`, { method: "POST", body: form, signal: how.signal });
    if (!answer.ok) throw await failureOf(answer);
    return answer.json();
  }

  async studies() {
    return (await fetch("api/studies")).json();
  }

  /** @param {string} name */
  async study(name) {
    const answer = await fetch(`api/studies/${encodeURIComponent(name)}`);
    if (!answer.ok) throw await failureOf(answer);
    return answer.json();
  }
}

/** @param {Response} answer */
async function failureOf(answer) {
  const text = await answer.text();
  try {
    const f = JSON.parse(text);
    if (f.message) return new Failure(f);
    const details = (f.errors ?? []).map((/** @type {any} */ e) => `${e.location}: ${e.message}`);
    return new Failure({ kind: "failure", message: [f.detail ?? f.title, ...details].join("; ") });
  } catch {
    return new Failure({ kind: "failure", message: text || `the server answered ${answer.status}` });
  }
}

/**
 * Reads server-sent events until the answer.
 * @param {Response} answer
 * @param {import("./engine.js").How} how
 */
async function events(answer, how) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).pipeThrough(/** @type {any} */ (new TextDecoderStream())).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Failure({ kind: "failure", message: "the server went away before the answer came" });
    rest += value;
    const parts = rest.split("\n\n");
    rest = /** @type {string} */ (parts.pop());
    for (const part of parts) {
      const event = /^event: (.*)$/m.exec(part)?.[1] ?? "message";
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (data === undefined) continue;
      if (event === "answer") return JSON.parse(data);
      if (event === "failure") throw new Failure(JSON.parse(data));
      how.progress?.(JSON.parse(data));
    }
  }
}

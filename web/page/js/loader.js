// Fetches and compiles a module of the simulator, in a worker.

/** @param {string} url */
export async function load(url) {
  const answer = await fetch(url);
  if (!answer.ok || !answer.body) throw new Error(`the simulator (${url}) could not be loaded: ${answer.status}`);
  const stream = await plain(answer.body);
  return WebAssembly.compileStreaming(new Response(stream, { headers: { "Content-Type": "application/wasm" } }));
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

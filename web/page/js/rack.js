// The rack, live: a run is recorded by the simulator and played here, on a
// canvas: one cell an accelerator, agents as points that move through a turn.
// While a search runs, its tries are the show.

import { count, h, isAbort, num, put, say, seconds } from "./dom.js";
import { figure, keys, table } from "./figures.js";
import { states } from "./words.js";

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {import("./main.js").App} app */
export function rack(app) {
  const stage = h("canvas", { role: "img", "aria-label": "The rack: agents in each state of a turn, and how busy each accelerator is" });
  const area = h("canvas", { role: "img", "aria-label": "How many agents are in each state over time" });
  const clock = h("output", { class: "num" }, "0.0 s");
  const scrub = h("input", { type: "range", min: 0, max: 1, step: 0.001, value: 0, "aria-label": "Time in the recording", disabled: true });
  const speed = h("select", { "aria-label": "Speed", style: { width: "auto" } }, [1, 5, 20, 100, 1000].map((v) => h("option", { value: v, selected: v === 5 }, `×${v}`)));
  const play = h("button", { disabled: true, onclick: () => toggle() }, "▶ Play");
  const agents = h("input", { type: "number", min: 1, max: 100000, value: 8, id: "play-agents", style: { width: "7.5em" } });
  const record = h("button", { class: "main", onclick: () => void recordRun() }, "Record a run");
  const said = h("p", { class: "small soft" }, "A run of so many agents is simulated, and the first minutes of it are kept to be watched.");
  const search = h("div", null);
  const picture = h("figure", { class: "stack", hidden: true }, stage, area, keys(Object.values(states).map(([name, c]) => [name, c])),
    h("p", { class: "small soft" }, "Lines over the agents: the P95 of the time to first token (solid) and the P25 of the speed (broken), over half a minute, as shares of what the level allows. The dotted line is the limit; above it the level is broken."));
  const element = h("div", { class: "card stack", "data-rack": "" },
    h("div", { class: "row spread" }, h("h2", null, "The rack, live"), h("div", { class: "row" }, h("label", { for: "play-agents", class: "small soft" }, "agents"), agents, record)),
    search, said, h("div", { class: "timeline" }, play, speed, scrub, clock), picture);

  /** @type {any} */ let tape;
  /** @type {any} */ let about;
  let yaml = "", at = 0, playing = false, last = 0, frame = 0, guessed = false;
  let stop = new AbortController();
  /** @type {{until: number[], byAgent: number[][][]}} */ let index = { until: [], byAgent: [] };

  async function recordRun() {
    stop.abort();
    stop = new AbortController();
    const n = Math.max(1, Number(agents.value) || 1);
    record.disabled = true;
    said.textContent = `Simulating ${count(n)} agents…`;
    try {
      const warm = 60;
      const r = await app.engine.ask("run", { yaml, agents: n, set: quick, playback_s: 120, playback_from_s: warm }, { signal: stop.signal });
      tape = r.playback;
      measures = [];
      index.byAgent = Array.from({ length: tape.drawn }, () => []);
      for (const stay of tape.stays) index.byAgent[stay[0]]?.push(stay);
      at = 0;
      picture.hidden = false;
      play.disabled = scrub.disabled = false;
      const sample = tape.drawn < tape.agents ? `; ${count(tape.drawn)} of them are drawn, an even sample` : "";
      void measure(tape, limits(r.inputs?.level ?? about?.inputs?.level));
      said.textContent = `${count(tape.agents)} agents${sample}: ${seconds(tape.span_s)} of simulated time. ${tape.cut ? "Some of what they did is left out of the picture. " : ""}Fingerprint ${r.fingerprint}.`;
      say("The recording is ready.");
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!still && !playing) toggle(); else draw();
    } catch (error) {
      if (!isAbort(error)) said.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      record.disabled = false;
    }
  }

  /** The two measures over the half minute before, as shares of what the level allows: above 1 it is broken.
   * @type {{at: number, first?: number, speed?: number}[]} */ let measures = [];

  /** Works them out, some points a task.
   * @param {any} of @param {{first?: number, speed?: number}} limit */
  async function measure(of, limit) {
    const points = 120, span = 30, list = [];
    for (let i = 1; i <= points; i++) {
      if (i % 10 === 0) await new Promise((then) => setTimeout(then));
      if (of !== tape) return;
      const t = of.span_s * i / points;
      const soon = (/** @type {number[][]} */ all) => all.filter(([when]) => when <= t && when > t - span).map(([, v]) => v).sort((a, b) => a - b);
      const first = soon(of.first_tokens), fast = soon(of.speeds);
      list.push({ at: i / points, first: first.length && limit.first ? first[Math.floor(first.length * 0.95)] / limit.first : undefined, speed: fast.length && limit.speed ? limit.speed / fast[Math.floor(fast.length * 0.25)] : undefined });
    }
    measures = list;
    if (!playing) draw();
  }

  function toggle() {
    playing = !playing;
    play.textContent = playing ? "⏸ Pause" : "▶ Play";
    last = performance.now();
    if (playing) { if (at >= 1) at = 0; frame = requestAnimationFrame(tick); } else cancelAnimationFrame(frame);
  }
  /** @param {number} now */
  function tick(now) {
    if (!tape || !element.isConnected) return;
    at = Math.min(1, at + ((now - last) / 1000) * Number(speed.value) / tape.span_s);
    last = now;
    draw();
    if (at >= 1) toggle(); else if (playing) frame = requestAnimationFrame(tick);
  }
  scrub.addEventListener("input", () => { at = Number(scrub.value); draw(); });

  /** A canvas for the screen's own points.
   * @param {any} canvas
   * @param {number} height */
  function sized(canvas, height) {
    const width = Math.max(280, canvas.parentElement.clientWidth), dense = Math.min(devicePixelRatio || 1, 2);
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) { canvas.width = Math.round(width * dense); canvas.height = Math.round(height * dense); canvas.style.height = `${height}px`; }
    const c = canvas.getContext("2d");
    c.setTransform(dense, 0, 0, dense, 0, 0);
    c.clearRect(0, 0, width, height);
    return { c, width };
  }

  const named = Object.keys(states);
  const shade = (/** @type {string} */ state) => colour(states[state]?.[1].slice(4, -1) ?? "--other");

  function draw() {
    if (!tape) return;
    const time = at * tape.span_s;
    clock.textContent = `${num(time, 3)} s`;
    scrub.value = String(at);
    const narrow = (stage.parentElement?.clientWidth ?? 0) < 560;
    const { c, width } = sized(stage, narrow ? 500 : 400);
    c.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const ink = colour("--ink"), soft = colour("--soft"), line = colour("--line-strong");
    const bucket = Math.min(tape.buckets - 1, Math.floor(at * tape.buckets));
    cells(c, width, bucket, ink, soft, line);
    points(c, width, time, narrow, ink, soft);
    curve(bucket, soft, ink);
  }

  /** Accelerators, by pool and worker: weights and caches inside, a rim for how busy they are.
   * @param {any} c @param {number} width @param {number} bucket @param {string} ink @param {string} soft @param {string} line */
  function cells(c, width, bucket, ink, soft, line) {
    let x = 4, y = 22;
    const size = width < 560 ? 20 : 26, gap = 4;
    let pool = "", seen = 0, drawn = -1;
    for (const w of tape.workers) {
      if (w.pool !== pool) {
        if (pool) x += 18;
        if (x + size * Math.min(w.accelerators, 8) > width) { x = 4; y += size + 62; }
        pool = w.pool;
        c.fillStyle = ink;
        c.fillText(pool, x, y - 8);
      }
      const wide = w.accelerators * (size + 2) + 6;
      if (x + wide > width) { x = 4; y += size + 44; }
      const m = about?.memory?.find((/** @type {any} */ p) => p.pool === w.pool) ?? about?.memory?.[0];
      const weights = m ? (m.experts + m.dense + m.embeddings) / m.hbm : 0.5, room = m ? m.cache / m.hbm : 0.3;
      const kept = m?.cache_tokens ? Math.min(1, (w.tokens[bucket] + w.idle_tokens[bucket]) / w.accelerators / m.cache_tokens) : 0;
      const filled = m?.cache_tokens ? Math.min(1, w.tokens[bucket] / w.accelerators / m.cache_tokens) : 0;
      c.strokeStyle = line;
      c.lineWidth = 1;
      c.strokeRect(x - 2.5, y - 2.5, wide - 1, size + 5);
      const most = Math.max(1, ...(w.rank_load ?? []));
      const domain = Math.floor(seen / tape.domain);
      if (domain !== drawn) { drawn = domain; c.fillStyle = soft; c.fillText(`domain ${domain + 1}`, x, y + size + 18); }
      seen += w.accelerators;
      if (w.idle[bucket] >= 0.5) { c.fillStyle = soft; const text = `${count(Math.round(w.idle[bucket]))} idle`; c.fillText(text, x + wide - 6 - c.measureText(text).width, domain === 0 && wide < 110 ? y + size + 31 : y + size + 18); }
      for (let i = 0; i < w.accelerators; i++) {
        const left = x + i * (size + 2);
        c.fillStyle = colour("--sunk");
        c.fillRect(left, y, size, size);
        c.fillStyle = colour("--weights");
        c.fillRect(left, y + size * (1 - weights), size, size * weights);
        c.fillStyle = colour("--cache");
        c.globalAlpha = 0.3;
        c.fillRect(left, y + size * (1 - weights - room), size, size * room);
        c.globalAlpha = 0.6;
        c.fillRect(left, y + size * (1 - weights - room * kept), size, size * room * kept);
        c.globalAlpha = 1;
        c.fillRect(left, y + size * (1 - weights - room * filled), size, size * room * filled);
        const load = w.rank_load?.[i % w.rank_load.length];
        if (load) { c.fillStyle = colour("--queue"); c.fillRect(left, y + size + 3, Math.min(size, size * load / most), 3); }
        const busy = w.busy[bucket];
        c.strokeStyle = w.sequences[bucket] > 0 ? colour("--decode") : colour("--prefill");
        c.globalAlpha = 0.15 + 0.85 * busy;
        c.lineWidth = 2.5;
        c.strokeRect(left + 1, y + 1, size - 2, size - 2);
        c.globalAlpha = 1;
      }
      x += wide + gap;
    }
    c.fillStyle = soft;
    const legend = ["cells: weights grey, cache green (dark: requests in flight, mid: idle sessions as they left it),", "rim bright where busy, bar below: load of the rank's experts"];
    legend.forEach((text, i) => c.fillText(text, 4, y + size + 48 + 14 * i));
    stageTop = y + size + 82;
  }
  let stageTop = 90;

  /** Agents as points along the states.
   * @param {any} c @param {number} width @param {number} time @param {boolean} narrow @param {string} ink @param {string} soft */
  function points(c, width, time, narrow, ink, soft) {
    const lanes = tape.states.filter((/** @type {string} */ s) => !["ingress", "reload"].includes(s) || tape.counts[tape.states.indexOf(s)].some((/** @type {number} */ v) => v > 0.05 * tape.agents));
    const height = stage.clientHeight, lane = width / lanes.length;
    const counts = new Map(lanes.map((/** @type {string} */ s) => [s, 0]));
    const size = tape.drawn > 600 ? 2 : tape.drawn > 150 ? 3 : 4.5;
    for (let a = 0; a < index.byAgent.length; a++) {
      const stay = find(index.byAgent[a], time);
      if (!stay) continue;
      const state = tape.states[stay[1]], i = lanes.indexOf(state);
      if (i < 0) continue;
      counts.set(state, (counts.get(state) ?? 0) + 1);
      const along = Math.min(1, (time - stay[3]) / Math.max(stay[4] - stay[3], 1e-9));
      const y = stageTop + 32 + ((a * 0.61803398875) % 1) * (height - stageTop - 40);
      c.fillStyle = shade(state);
      c.fillRect(lane * i + 4 + along * (lane - 8 - size), y, size, size);
    }
    lanes.forEach((/** @type {string} */ s, /** @type {number} */ i) => {
      c.fillStyle = ink;
      c.fillText(narrow ? s.slice(0, 7) : states[s]?.[0] ?? s, lane * i + 4, stageTop + 6);
      c.fillStyle = soft;
      c.fillText(count(Math.round((counts.get(s) ?? 0) * tape.agents / tape.drawn)), lane * i + 4, stageTop + 21);
    });
  }

  /** The stay of an agent at a time, by bisection.
   * @param {number[][]} stays
   * @param {number} time */
  function find(stays, time) {
    let low = 0, high = stays.length;
    while (low < high) { const middle = (low + high) >> 1; if (stays[middle][4] <= time) low = middle + 1; else high = middle; }
    return stays[low] && stays[low][3] <= time ? stays[low] : undefined;
  }

  /** Agents by state over time, with the two measures of the level.
   * @param {number} bucket @param {string} soft @param {string} ink */
  function curve(bucket, soft, ink) {
    const height = 150, { c, width } = sized(area, height);
    c.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const base = new Array(tape.buckets).fill(0), up = (/** @type {number} */ v) => height - 20 - (v / tape.agents) * (height - 38);
    const across = (/** @type {number} */ b) => (b / (tape.buckets - 1)) * width;
    tape.states.forEach((/** @type {string} */ state, /** @type {number} */ i) => {
      c.fillStyle = shade(state);
      c.beginPath();
      c.moveTo(0, up(base[0]));
      for (let b = 0; b < tape.buckets; b++) c.lineTo(across(b), up(base[b] + tape.counts[i][b]));
      for (let b = tape.buckets - 1; b >= 0; b--) c.lineTo(across(b), up(base[b]));
      c.fill();
      for (let b = 0; b < tape.buckets; b++) base[b] += tape.counts[i][b];
    });
    // The level: half way up is what it allows.
    const share = (/** @type {number} */ v) => height - 20 - (Math.min(v, 2) / 2) * (height - 38);
    for (const [key, dash] of /** @type {["first" | "speed", number[]][]} */ ([["first", []], ["speed", [5, 4]]])) {
      const line = measures.filter((m) => m[key] !== undefined);
      if (!line.length) continue;
      for (const [wide, paint] of /** @type {[number, string][]} */ ([[4.5, colour("--card")], [2, ink]])) {
        c.setLineDash(wide > 3 ? [] : dash);
        c.strokeStyle = paint;
        c.lineWidth = wide;
        c.beginPath();
        line.forEach((m, i) => (i ? c.lineTo(m.at * width, share(m[key] ?? 0)) : c.moveTo(m.at * width, share(m[key] ?? 0))));
        c.stroke();
      }
    }
    c.setLineDash([2, 3]);
    c.strokeStyle = colour("--queue");
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(0, share(1));
    c.lineTo(width, share(1));
    c.stroke();
    c.setLineDash([]);
    c.fillStyle = soft;
    c.fillText(`${count(tape.agents)} agents by state`, 0, 11);
    for (let i = 0; i <= 4; i++) c.fillText(`${num(tape.span_s * i / 4)} s`, Math.min(width - 34, width * i / 4), height - 5);
    c.strokeStyle = ink;
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(across(bucket), 14);
    c.lineTo(across(bucket), height - 18);
    c.stroke();
    const soon = (/** @type {number[][]} */ list) => list.filter(([t]) => t <= at * tape.span_s && t > at * tape.span_s - 30).map(([, v]) => v).sort((a, b) => a - b);
    const first = soon(tape.first_tokens), fast = soon(tape.speeds);
    if (first.length && fast.length) {
      const text = `last 30 s: TTFT P95 ${seconds(first[Math.floor(first.length * 0.95)])}, speed P25 ${num(fast[Math.floor(fast.length * 0.25)])} tok/s`;
      c.fillStyle = ink;
      c.fillText(text, Math.max(0, width - c.measureText(text).width), 11);
    }
  }

  const again = new ResizeObserver(() => { if (tape && !playing) draw(); });
  again.observe(element);

  return {
    element,
    /** The tries of a search, as they come. @param {any[]} steps */
    ramp(steps) {
      if (!steps.length) return put(search);
      const sorted = [...steps].sort((a, b) => a.agents - b.agents);
      const most = sorted[sorted.length - 1].agents;
      put(search, figure({ title: "The search: numbers of agents that were tried, and whether the level held", level: "h3", draw: (width) => ramped(steps, most, width), table: () => table(["try", "agents", "level"], steps.map((st, i) => [String(i + 1), st.agents, st.pass ? "met" : "broken"])) }));
    },
    /** What is played: the scenario and its answer. @param {any} r @param {string} text */
    about(r, text) {
      about = r;
      if (text !== yaml) { yaml = text; guessed = false; }
      if (!guessed) { agents.value = String(Math.max(1, r.capacity.agents)); guessed = true; }
    },
    stop() { stop.abort(); again.disconnect(); cancelAnimationFrame(frame); playing = false; },
  };
}

/** The limits of a level in words, of the time to first token in seconds and of the output speed in tokens a second.
 * @param {string | undefined} level */
function limits(level) {
  const of = (/** @type {RegExp} */ pattern) => { const found = pattern.exec(level ?? ""); return found ? Number(found[1]) * (found[2] === "ms" ? 0.001 : found[2] === "min" ? 60 : 1) : undefined; };
  return { first: of(/ttft p\d+ <= ([\d.]+)(ms|s|min)/), speed: of(/output_speed p\d+ >= ([\d.]+)()tok\/s/) };
}

/** Enough of a protocol for what is watched. */
const quick = ["protocol=steady-state", "protocol.calls_min=200", "protocol.sessions_min=0", "protocol.duration=60s", "protocol.warmup=120s", "protocol.duration_max=300s"];

/**
 * @param {any[]} steps
 * @param {number} most
 * @param {number} width
 */
function ramped(steps, most, width) {
  const ns = "http://www.w3.org/2000/svg";
  const make = (/** @type {string} */ tag, /** @type {Record<string, any>} */ a, text = "") => { const e = document.createElementNS(ns, tag); for (const [k, v] of Object.entries(a)) k === "fill" ? e.style.setProperty("fill", v) : e.setAttribute(k, String(v)); e.textContent = text; return e; };
  const svg = /** @type {SVGElement} */ (make("svg", { viewBox: `0 0 ${width} 110` }));
  const at = (/** @type {number} */ n) => 20 + (Math.log(n) / Math.log(Math.max(most, 2))) * (width - 60);
  steps.forEach((st, i) => {
    const x = at(st.agents), y = 14 + (i / Math.max(steps.length, 8)) * 70;
    svg.append(make("circle", { cx: x, cy: y, r: 5, fill: st.pass ? "var(--cache)" : "var(--queue)" }));
    if (i === steps.length - 1 || steps.length < 7) svg.append(make("text", { x: x + 8, y: y + 4 }, `${count(st.agents)} ${st.pass ? "met" : "broken"}`));
  });
  for (let n = 1; n <= most; n *= 4) svg.append(make("text", { x: at(n), y: 106, class: "soft", "text-anchor": "middle" }, count(n)));
  return svg;
}

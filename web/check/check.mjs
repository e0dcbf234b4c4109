// Walks the page in Chromium, as serve shows it and as a static folder, and holds
// it to the command line: the same answers to the digit, no error on the console,
// no request that leaves the page, no serious finding of axe. What is measured is
// printed; a check that fails ends the run.

import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFileSync, mkdirSync, rmSync, statSync, writeFileSync, readdirSync } from "node:fs";
import { extname, join, normalize, resolve } from "node:path";
import { brotliCompressSync, constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import assert from "node:assert/strict";

const [, , out, folder] = process.argv;
const require = createRequire(resolve(out, "node", "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const agentsim = resolve(out, "agentsim");
const shots = join(out, "screenshots");
mkdirSync(shots, { recursive: true });

/** How many times as long as its processor time a fixed piece of work takes here: 1 on a machine with nothing else to do. */
function busyness() {
  const from = performance.now(), used = process.cpuUsage();
  let sum = 0;
  while (process.cpuUsage(used).user < 150e3) for (let i = 0; i < 1e5; i++) sum += Math.sqrt(i);
  return sum > 0 ? (performance.now() - from) / 150 : 1;
}

let passed = 0;
const note = (text) => console.log(`    ${text}`);
async function check(name, f) {
  if (process.env.ONLY && !name.includes(process.env.ONLY)) return;
  const from = performance.now();
  try {
    await f();
  } catch (error) {
    console.error(`not ok  ${name}`);
    console.error(error);
    console.log(`${passed} passed, 1 failed`);
    process.exit(1);
  }
  passed++;
  console.log(`ok  ${name} (${((performance.now() - from) / 1000).toFixed(1)} s)`);
}

const cli = (...args) => JSON.parse(execFileSync(agentsim, [...args, "-q", "-o", "json"], { encoding: "utf8", maxBuffer: 1 << 28 }));

// What the page is asked: small enough to be simulated in seconds, in WebAssembly too.
const small = `name: small
extends: h200-agentperf-slo20
protocol: {preset: steady-state, calls_min: 300, duration: 40s, warmup: 20s, duration_max: 400s, tolerance: 0.2, sessions_min: 0}
`;
const file = join(out, "small.yaml");
writeFileSync(file, small);
const log = join(out, "sessions.csv");
const rows = ["session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s"];
for (let i = 0; i < 30; i++) for (let t = 0, input = 9000 + 113 * i; t < 6 + (i % 7); t++) { rows.push(`s${i},${t},${input},${t ? input - 260 : 0},${90 + 11 * t},${t ? (1 + ((i * t) % 5)) : 0}`); input += 260 + 90 + 11 * t; }
writeFileSync(log, rows.join("\n") + "\n");

const kinds = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".md": "text/markdown", ".gz": "application/gzip" };
const root = resolve(folder);
const server = createServer((request, answer) => {
  // below a path, as a host might have it
  const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname)).replace(/^\/some\/where/, "");
  try {
    const name = join(root, path.endsWith("/") ? path + "index.html" : path);
    const content = readFileSync(name);
    answer.writeHead(200, { "Content-Type": kinds[extname(name)] ?? "application/octet-stream" }).end(content);
  } catch {
    answer.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const still = `http://127.0.0.1:${server.address().port}/some/where/`;

const serving = spawn(agentsim, ["serve", "--no-browser"], { stdio: ["ignore", "pipe", "inherit"] });
const live = await new Promise((ready, fail) => {
  let text = "";
  serving.stdout.on("data", (data) => { text += data; const url = /http:\/\/\S+/.exec(text); if (url) ready(url[0]); });
  serving.on("exit", () => fail(new Error("serve ended")));
});
process.on("exit", () => serving.kill());

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });

// Times are held to their limits where the machine has nothing else to do; elsewhere they are printed.
const quiet = 1.3;
// Tasks of the main thread are to take 50 ms at most, and are printed where they take longer; a single
// one of 52 comes and goes with the machine. What a reader feels, in milliseconds, is a failure.
const noticed = 200;

/** A page of a build; whatever it says on the console or asks elsewhere is kept. */
async function open(base, size = { width: 1400, height: 950 }, options = {}) {
  const context = await browser.newContext({ viewport: size, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.addInitScript(() => { globalThis.tasks = []; new PerformanceObserver((l) => globalThis.tasks.push(...l.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true }); });
  // Tasks of the main thread above 50 ms, which a browser counts as long.
  page.tasks = async (where) => {
    const long = await page.evaluate(() => globalThis.tasks);
    const machine = busyness();
    note(`${where}: ${long.length} tasks above 50 ms on the main thread${long.length ? `, the longest ${Math.max(...long).toFixed(0)} ms` : ""} (machine ${machine.toFixed(1)} times busy)`);
    assert.ok(Math.max(0, ...long) <= noticed * Math.max(1, machine), `${where}: no task that a reader notices`);
  };
  const said = [], elsewhere = [];
  page.on("console", (m) => { if (["error", "warning"].includes(m.type()) && !/status of 422/.test(m.text())) said.push(m.text()); });
  page.on("pageerror", (e) => said.push(String(e)));
  page.on("request", (r) => { if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) elsewhere.push(r.url()); });
  page.fine = () => { assert.deepEqual(said, [], "the console is silent"); assert.deepEqual(elsewhere, [], "nothing is asked elsewhere"); };
  return page;
}
const packed = (text) => `#/workbench?a=${Buffer.from(deflateRawSync(text)).toString("base64url")}`;
const number = async (page, selector, attribute) => Number(await page.getAttribute(selector, attribute));

async function accessible(page, where) {
  await page.evaluate(axe); // as the page's own console would: not through its markup
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] }));
  const serious = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  assert.deepEqual(serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`), [], `axe on ${where}`);
}

await check("sizes of the simulator and of the page's own files 150 kB", async () => {
  const zipped = readFileSync(join(root, "simulator.wasm.gz")), plain = gunzipSync(zipped);
  const best = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
  note(`simulator: ${(plain.length / 1e6).toFixed(2)} MB, gzip ${(zipped.length / 1e6).toFixed(2)} MB, quick brotli ${(best / 1e6).toFixed(2)} MB; readers, on demand: gzip ${(statSync(join(root, "readers.wasm.gz")).size / 1e6).toFixed(2)} MB`);
  assert.ok(zipped.length <= 2.8e6, "gzip, as it is shipped");
  assert.ok(0.9 * best <= 2.5e6, "brotli at a quick setting; servers that take their time (11) send a tenth less");
  const own = ["index.html", "style.css", "icon.svg", "learn.md", "gap.json", ...readdirSync(join(root, "js")).map((f) => `js/${f}`)];
  const sum = own.reduce((t, f) => t + gzipSync(readFileSync(join(root, f))).length, 0);
  note(`the page's own files: ${(sum / 1e3).toFixed(0)} kB compressed`);
  assert.ok(sum <= 150e3);
});

const command = { estimate: null, simulated: null };
for (const [name, base] of [["serve", live], ["static", still]]) {
  await check(`${name}: the first answer, soon, and with nothing blocked`, async () => {
    const page = await open(base);
    await page.addInitScript(() => { globalThis.frames = []; try { new PerformanceObserver((l) => globalThis.frames.push(...l.getEntries().map((e) => `${e.duration.toFixed(0)} ms at ${e.startTime.toFixed(0)}: ${e.scripts.map((x) => `${x.invoker} ${x.sourceFunctionName} ${x.duration.toFixed(0)} (layout ${x.forcedStyleAndLayoutDuration.toFixed(0)})`).join("; ")}; render ${(e.startTime + e.duration - (e.renderStart || e.startTime + e.duration)).toFixed(0)}`))).observe({ type: "long-animation-frame", buffered: true }); } catch { /* an older browser */ } });
    const before = busyness();
    const from = performance.now();
    await page.goto(base + "#/workbench");
    await page.waitForSelector("[data-agents]");
    const took = performance.now() - from;
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    const machine = Math.max(before, busyness());
    note(`first paint ${paint.toFixed(0)} ms (at most 1000), first answer ${took.toFixed(0)} ms (at most 2000; machine ${machine.toFixed(1)} times busy)`);
    if (machine < quiet) assert.ok(took <= 2000 && paint <= 1000, "first paint within 1 s, first answer within 2 s");
    await page.waitForTimeout(1500);
    await page.tasks("opened");
    for (const frame of await page.evaluate(() => globalThis.frames)) note(frame);
    assert.ok(took < 30_000, "two seconds on a laptop; a busy machine gets more");
    page.fine();
    await page.context().close();
  });

  await check(`${name}: the answer is the command line's to the digit, estimated and simulated`, async () => {
    command.simulated ??= cli("capacity", file);
    const page = await open(base);
    await page.goto(base + packed(small));
    await page.waitForSelector("[data-fingerprint]", { timeout: 240_000 });
    assert.equal(await page.getAttribute("[data-fingerprint]", "data-fingerprint"), command.simulated.fingerprint, "the same fingerprint");
    assert.equal(await number(page, "[data-agents]", "data-agents"), command.simulated.capacity.agents);
    const shown = await page.textContent("main");
    const perMW = command.simulated.capacity.agents_per_mw.accelerator_measured;
    assert.ok(shown.includes(new Intl.NumberFormat("en", { maximumFractionDigits: 0 }).format(Number(perMW.toPrecision(3)))), `per MW ${perMW}`);
    note(`${command.simulated.capacity.agents} agents, fingerprint ${command.simulated.fingerprint}`);
    await page.tasks("simulated");
    page.fine();
    await page.context().close();
  });

  await check(`${name}: a fault shows at its line, a control writes its field, a link restores it`, async () => {
    const page = await open(base);
    await page.addInitScript(() => { try { localStorage.setItem("auto", "false"); } catch { /* none */ } });
    await page.goto(base + packed("name: x\nextends: h200-agentperf-slo20\nmodel: deepseek-v9\n"));
    await page.waitForSelector("[role=alert]");
    assert.match(await page.textContent("[role=alert]"), /Line 3.*model.*did you mean deepseek-/s);
    assert.equal(await page.textContent(".editor .gutter b"), "3");
    await page.goto(base + packed("name: <img src=x onerror=alert(1)>\nextends: h200-agentperf-slo20\nengine: <script>alert(2)</script>\n"));
    await page.reload();
    await page.waitForSelector("[role=alert]");
    assert.equal(await page.locator("main img, main script").count(), 0, "markup in a name stays text");
    await page.goto(base + packed(small));
    await page.reload();
    await page.waitForSelector("[data-agents]");
    const before = await number(page, "[data-agents]", "data-agents");
    await page.waitForFunction(() => document.querySelector("#f-slo-output_speed-p25")?.value === "20tok/s");
    await page.fill("#f-slo-output_speed-p25", "45tok/s");
    await page.press("#f-slo-output_speed-p25", "Tab");
    await page.waitForFunction((n) => Number(document.querySelector("[data-agents]")?.getAttribute("data-agents")) < n, before);
    assert.match(await page.inputValue(".editor textarea"), /slo: \{output_speed: \{p25: 45tok\/s\}\}/);
    const after = await number(page, "[data-agents]", "data-agents");
    await page.waitForFunction(() => location.hash.includes("?a="));
    const again = await open(base);
    await again.goto(page.url());
    await again.waitForSelector("[data-agents]");
    assert.equal(await number(again, "[data-agents]", "data-agents"), after, "the link holds the scenario");
    assert.equal(await again.inputValue(".editor textarea"), await page.inputValue(".editor textarea"));
    page.fine();
    again.fine();
    await page.context().close();
    await again.context().close();
  });

  await check(`${name}: the story is walked to its end, by keyboard`, async () => {
    const page = await open(base);
    await page.goto(base);
    await page.waitForSelector("[data-ready='2']", { timeout: 120_000 });
    for (let step = 1; step <= 7; step++) {
      const see = page.locator(".step").nth(step - 1).locator("button.main").first();
      await see.focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector(`[data-truth="${step}"]`);
      assert.equal(await page.locator(`.steps button[aria-current]`).textContent(), String(step));
    }
    assert.match(await page.textContent('[data-truth="1"]'), /^[\d,]+ agents$/);
    await page.screenshot({ path: join(shots, `${name}-story.png`) });
    await page.tasks("the story");
    await accessible(page, `${name} story`);
    await page.getByRole("button", { name: "Open both in the workbench" }).click();
    await page.waitForSelector("[data-agents]");
    page.fine();
    await page.context().close();
  });

  await check(`${name}: a dropped log has the numbers of trace stats, and stays here`, async () => {
    const page = await open(base);
    await page.goto(base + "#/sessions");
    await page.setInputFiles('[data-drop="sessions"]', log);
    await page.waitForSelector('[data-stat="sessions"]', { timeout: 120_000 });
    const want = cli("trace", "stats", log);
    assert.equal(await page.textContent('[data-stat="sessions"]'), String(want.sessions));
    assert.equal(await page.textContent('[data-stat="calls"]'), String(want.calls));
    assert.equal((await page.textContent('[data-stat="input"]')).replace(",", ""), String(Math.round(want.input_tokens.mean)));
    await page.waitForFunction(() => document.querySelectorAll("main .card table tbody tr").length >= 3, undefined, { timeout: 120_000 });
    await page.screenshot({ path: join(shots, `${name}-sessions.png`), fullPage: true });
    await accessible(page, `${name} sessions`);
    page.fine();
    await page.context().close();
  });
}

await check("static: a run is recorded and played, and can be stopped", async () => {
  const page = await open(still);
  await page.goto(still + packed(small));
  await page.waitForSelector("[data-agents]");
  await page.fill("#play-agents", "8");
  await page.getByRole("button", { name: "Record a run" }).click();
  await page.getByRole("button", { name: "⏸ Pause" }).click({ timeout: 240_000 });
  await page.locator("[data-rack]").scrollIntoViewIfNeeded();
  await page.locator("[data-rack] input[type=range]").evaluate((e) => { e.value = "0.5"; e.dispatchEvent(new Event("input")); });
  const drawn = await page.locator("[data-rack] canvas").first().evaluate((c) => { const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; const seen = new Set(); for (let i = 0; i < d.length; i += 4) if (d[i + 3]) seen.add(`${d[i]},${d[i + 1]},${d[i + 2]}`); return seen.size; });
  assert.ok(drawn > 20, "something is drawn");
  await page.getByRole("button", { name: "▶ Play" }).click();
  await page.waitForTimeout(1500);
  await page.tasks("the rack, played");
  await page.screenshot({ path: join(shots, "rack.png"), fullPage: true });
  await page.goto(still + packed("name: long\nextends: gb300-agentperf-slo20\n"));
  await page.reload();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.waitForSelector("[data-agents]");
  page.fine();
  await page.context().close();
});

await check("a study is read from each of its files", async () => {
  const where = join(out, "study");
  rmSync(where, { recursive: true, force: true });
  execFileSync(agentsim, ["sweep", "generations", "--out", where, "-q"], { stdio: "pipe" });
  for (const name of ["results.parquet", "results.jsonl", "results.csv"]) {
    const page = await open(live);
    await page.goto(live + "#/studies");
    await page.setInputFiles('[data-drop="studies"]', join(where, name));
    await page.waitForSelector("tbody tr.click");
    const want = readFileSync(join(where, "results.jsonl"), "utf8").trim().split("\n").length;
    assert.equal(await page.locator("tbody tr.click").count(), want, name);
    await page.locator("tbody tr.click").first().click();
    await page.waitForSelector("tr.picked");
    await page.getByRole("button", { name: "Open it as a scenario" }).click();
    await page.waitForSelector("[data-agents]");
    const yaml = await page.inputValue(".editor textarea");
    const point = JSON.parse(readFileSync(join(where, "results.jsonl"), "utf8").trim().split("\n")[Number(/^name: point-(\d+)/.exec(yaml)[1])]);
    const differ = await (await fetch(`${live}api/differences`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ a: { yaml }, b: { scenario: point["study.scenario"], set: JSON.parse(point["study.set"]) } }) })).json();
    assert.deepEqual(differ.fields.map((f) => f.path).filter((p) => !["name", "extends", "question"].includes(p)), [], `${name}: the scenario that opens is the point`);
    await page.goBack();
    await page.setInputFiles('[data-drop="studies"]', join(where, name));
    await page.waitForSelector("tbody tr.click");
    if (name.endsWith("parquet")) { await page.screenshot({ path: join(shots, "studies.png"), fullPage: true }); await accessible(page, "studies"); }
    page.fine();
    await page.context().close();
  }
});

await check("drafts of unknown acceptance have their band", async () => {
  const page = await open(live);
  await page.addInitScript(() => { try { localStorage.setItem("auto", "false"); } catch { /* none */ } });
  await page.goto(live + packed(`${small}deployment: {aggregated: {draft: {kind: recurrent, depth: 3, accepted_length: unknown}}}\n`));
  await page.waitForSelector("[data-drafts]");
  assert.match(await page.textContent("[data-drafts]"), /\d+ to \d+ agents/);
  await page.getByRole("button", { name: "Work it out" }).click();
  await page.waitForFunction(() => document.body.textContent?.includes("hatched is fitted"));
  await page.screenshot({ path: join(shots, "drafts.png"), fullPage: true });
  page.fine();
  await page.context().close();
});

await check("three widths, light and dark, without serious findings", async () => {
  for (const [label, width, height] of [["phone", 390, 844], ["tablet", 900, 1100], ["wide", 1680, 1050]]) {
    for (const scheme of ["light", "dark"]) {
      const page = await open(live, { width, height }, { colorScheme: scheme, reducedMotion: "reduce" });
      await page.addInitScript(() => { try { localStorage.setItem("auto", "false"); } catch { /* none */ } });
      await page.goto(live + "#/workbench");
      await page.waitForSelector("[data-agents]");
      await page.waitForFunction(() => !document.body.textContent?.includes("the interval is being worked out"), undefined, { timeout: 60_000 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 1, `${label}: nothing runs over the edge (${over})`);
      await page.screenshot({ path: join(shots, `workbench-${label}-${scheme}.png`), fullPage: true });
      await accessible(page, `workbench ${label} ${scheme}`);
      page.fine();
      await page.context().close();
    }
  }
});

await browser.close();
serving.kill();
server.close();
console.log(`screenshots in ${shots}`);
console.log(`${passed} passed, 0 failed`);
process.exit(0);

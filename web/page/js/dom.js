// Building elements, and numbers as people read them. Text goes in as text: no
// string ever becomes markup.

/**
 * An element with attributes, listeners (on…) and children.
 * @param {string} tag
 * @param {Record<string, any> | null} [attributes]
 * @param {...any} children
 * @returns {HTMLElement & Record<string, any>}
 */
export function h(tag, attributes, ...children) {
  return /** @type {any} */ (fill(document.createElement(tag), attributes, children));
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, any> | null} [attributes]
 * @param {...any} children
 * @returns {SVGElement & Record<string, any>}
 */
export function s(tag, attributes, ...children) {
  return /** @type {any} */ (fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children));
}

/**
 * @param {Element} element
 * @param {Record<string, any> | null | undefined} attributes
 * @param {any[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) /** @type {any} */ (element).style.setProperty(key, String(v));
    else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {any[]} children
 */
export function add(element, children) {
  for (const child of children.flat(4)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Puts other children in place of those that an element has.
 * @param {Element} element
 * @param {...any} children */
export function put(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

/** Says something to screen readers.
 * @param {string} text */
export function say(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A number with three significant digits, or whole where it is large.
 * @param {number | null | undefined} v */
export function num(v, digits = 3) {
  if (v === null || v === undefined || !Number.isFinite(v)) return "–";
  if (Math.abs(v) >= 1000) return whole.format(Number(v.toPrecision(Math.max(digits, 3))));
  return String(Number(v.toPrecision(digits)));
}

/** A count, to the digit.
 * @param {number | null | undefined} v */
export const count = (v) => (v === null || v === undefined ? "–" : whole.format(v));

/** @param {number} v */
export const percent = (v) => `${num(100 * v, v > 0.1 ? 3 : 2)} %`;

/** @param {number} bytes */
export const gigabytes = (bytes) => `${num(bytes / 1e9)} GB`;

/** Seconds, in the unit that reads best.
 * @param {number} t */
export function seconds(t) {
  if (!Number.isFinite(t)) return "–";
  if (t >= 5400) return `${num(t / 3600)} h`;
  if (t >= 90) return `${num(t / 60)} min`;
  if (t >= 1 || t === 0) return `${num(t)} s`;
  return t >= 1e-3 ? `${num(t * 1e3)} ms` : `${num(t * 1e6)} µs`;
}

/** Runs the last of many calls, some time after it.
 * @param {(...a: any[]) => void} f
 * @param {number} wait */
export function later(f, wait) {
  /** @type {any} */ let timer;
  return (/** @type {any[]} */ ...a) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...a), wait);
  };
}

/** Hands a text or bytes to the reader as a file.
 * @param {string} name
 * @param {BlobPart} content
 * @param {string} type */
export function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

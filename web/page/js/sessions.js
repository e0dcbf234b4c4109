import { h, put } from "./dom.js";
/** @param {HTMLElement} room */
export function open(room) { put(room, h("h1", null, "sessions")); }

// The file system that Go's runtime sees in a browser: files that were dropped,
// in memory, to be read and nothing else.

/** @type {Map<string, Uint8Array>} */
export const dropped = new Map();

/** @type {Map<number, {path: string, position: number}>} */
const open = new Map();
let next = 100;

/** @param {string} code */
const fault = (code) => Object.assign(new Error(code), { code });

/** @param {string} path */
const clean = (path) => path.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");

/** @param {string} path */
function stats(path) {
  path = clean(path);
  const file = dropped.get(path);
  const folder = !file && [...dropped.keys()].some((p) => p.startsWith(path === "/" ? "/" : path + "/"));
  if (!file && !folder) throw fault("ENOENT");
  let ino = 7;
  for (const c of path) ino = (ino * 31 + c.charCodeAt(0)) >>> 0;
  return {
    dev: 1, ino, mode: file ? 0o100444 : 0o40555, nlink: 1, uid: 0, gid: 0, rdev: 0, size: file?.length ?? 0, blksize: 4096,
    blocks: Math.ceil((file?.length ?? 0) / 512), atimeMs: 0, mtimeMs: 0, ctimeMs: 0, isDirectory: () => !file,
  };
}

/**
 * @param {(...a: any[]) => any} f
 * @returns {(...a: any[]) => void}
 */
const answered = (f) => (...a) => {
  const callback = a.pop();
  try {
    const value = f(...a);
    callback(null, value);
  } catch (error) {
    callback(error);
  }
};

const refuse = answered(() => { throw fault("ENOSYS"); });

/** Makes it the file system that wasm_exec.js hands to Go. */
export function install() {
  const decoder = new TextDecoder();
  let line = "";
  const names = "chmod chown fchmod fchown fsync ftruncate lchown link mkdir readlink rename rmdir symlink truncate unlink utimes";
  const fs = {
    ...Object.fromEntries(names.split(" ").map((name) => [name, refuse])),
    constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_TRUNC: 512, O_APPEND: 1024, O_EXCL: 128, O_DIRECTORY: 65536 },
    /** What a panic says goes to the console. */
    writeSync(/** @type {number} */ _fd, /** @type {Uint8Array} */ bytes) {
      line += decoder.decode(bytes);
      const lines = line.split("\n");
      line = /** @type {string} */ (lines.pop());
      for (const text of lines) console.error(text);
      return bytes.length;
    },
    write(/** @type {any[]} */ fd, /** @type {any} */ bytes, /** @type {number} */ offset, /** @type {number} */ length, /** @type {any} */ position, /** @type {any} */ callback) {
      if (offset !== 0 || length !== bytes.length || position !== null) return callback(fault("ENOSYS"));
      callback(null, fs.writeSync(/** @type {any} */ (fd), bytes));
    },
    open: answered((path, flags) => {
      if (flags & 3) throw fault("EROFS");
      stats(path);
      open.set(++next, { path: clean(path), position: 0 });
      return next;
    }),
    close: answered((fd) => { open.delete(fd); }),
    stat: answered(stats),
    lstat: answered(stats),
    fstat: answered((fd) => stats(open.get(fd)?.path ?? "")),
    readdir: answered((path) => {
      const below = clean(path) + "/";
      const names = [...dropped.keys()].filter((p) => p.startsWith(below)).map((p) => p.slice(below.length).split("/")[0]);
      return [...new Set(names)].sort();
    }),
    read: answered((fd, buffer, offset, length, position) => {
      const file = open.get(fd);
      const content = file && dropped.get(file.path);
      if (!file || !content) throw fault(file ? "EISDIR" : "EBADF");
      const from = position ?? file.position;
      const part = content.subarray(from, from + length);
      buffer.set(part, offset);
      if (position === null || position === undefined) file.position += part.length;
      return part.length;
    }),
  };
  const scope = /** @type {any} */ (globalThis);
  scope.fs = fs;
  scope.path = { resolve: (/** @type {string[]} */ ...parts) => clean(parts.join("/")) };
}

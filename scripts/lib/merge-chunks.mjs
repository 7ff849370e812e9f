// @ts-check
/**
 * Merges the chunks that Remix's compiler makes for the browser. The compiler (esbuild) makes a chunk for each set of
 * routes that share a module: the first load of the list took 25 requests, 21 of them for scripts. This merges all
 * chunks and the root, which every page needs, into one file: 8 requests, 4 for scripts. What only one route uses stays
 * in the route's file.
 *
 * It can go when the app is built by Vite, or when the compiler lets one say which chunks to make.
 */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./processes.mjs";

/**
 * @typedef {object} Output  a file that the compiler wrote, in the format of esbuild's metafile
 * @property {number} bytes
 * @property {string} [entryPoint]
 * @property {string[]} exports
 * @property {{ path: string }[]} imports
 * @property {Record<string, { bytesInOutput: number }>} inputs
 *
 * @typedef {{ outputs: Record<string, Output> }} Metafile
 */

const BROWSER = "build/metafile.js.json";
const SERVER = "build/metafile.server.json";
const ENTRY = "build/index.js";
/** An import from a chunk: its names, if any, and the chunk's address. */
const IMPORT = /import(?:\{([^}]*)\}from)?"(\/build\/_shared\/[^"]+)";/g;
const ROOT_ROUTE = "browser-route-module:root.tsx?browser";

/** @param {string} path in the project @returns {string} the path of its URL */
const addressOf = (path) => path.replace(/^public/, "");

/** @param {number} chunk its index @param {string} name of an export @returns {string} its name in the merged file */
const nameOf = (chunk, name) => `${name}${chunk}`;

/**
 * Merges the chunks in the output of `remix build`, and updates the manifests and metafiles.
 *
 * @throws {Error} if the output is not as the compiler makes it today
 */
export async function mergeChunks() {
  const metafile = /** @type {Metafile} */ (JSON.parse(read(BROWSER)));
  const scripts = Object.entries(metafile.outputs).filter(([path]) => path.endsWith(".js"));
  const chunks = scripts.filter(([, { entryPoint }]) => !entryPoint);
  const [root] = scripts.filter(([, { entryPoint }]) => entryPoint === ROOT_ROUTE);
  if (!root || chunks.length === 0) throw new Error("Remix has built no root, or no chunks.");

  const merged = await mergeInto(root, chunks);
  /** The new path of each file by its old one. */
  const moved = new Map([[root[0], merged.path]]);
  metafile.outputs[merged.path] = merged.output;
  for (const [path, output] of scripts) {
    if (!output.entryPoint || path === root[0] || output.imports.length === 0) continue;
    const text = importFrom(read(path), merged.path, chunks);
    const to = write(path.replace(/-\w+\.js$/, ""), text);
    moved.set(path, to);
    metafile.outputs[to] = {
      ...output,
      bytes: Buffer.byteLength(text),
      imports: [{ path: merged.path }],
    };
  }
  for (const path of [...moved.keys(), ...chunks.map(([path]) => path)]) {
    delete metafile.outputs[path];
    rmSync(join(ROOT, path));
  }
  rmSync(join(ROOT, "public/build/_shared"), { recursive: true, force: true });
  writeFileSync(join(ROOT, BROWSER), JSON.stringify(metafile));
  updateManifests(moved, merged.path);
}

/**
 * @param {[string, Output]} root
 * @param {[string, Output][]} chunks
 * @returns {Promise<{ path: string, output: Output }>} the merged file
 */
async function mergeInto([rootPath, root], chunks) {
  const lines = [`export { ${root.exports.join(", ")} } from "${addressOf(rootPath)}";`];
  for (const [place, [path, { exports }]] of chunks.entries()) {
    const names = exports.map((name) => `${name} as ${nameOf(place, name)}`);
    lines.push(`export { ${names.join(", ")} } from "${addressOf(path)}";`);
  }
  const { outputFiles } = await build({
    stdin: { contents: lines.join("\n"), resolveDir: ROOT },
    ...{ bundle: true, format: "esm", minify: true, write: false, logLevel: "error" },
    plugins: [BY_ADDRESS],
  });
  const text = outputFiles[0]?.text ?? "";
  const output = {
    ...root,
    bytes: Buffer.byteLength(text),
    imports: [],
    inputs: Object.assign({}, root.inputs, ...chunks.map(([, { inputs }]) => inputs)),
  };
  return { path: write("public/build/root", text), output };
}

/** Resolves the paths of URLs to files. @type {import("esbuild").Plugin} */
const BY_ADDRESS = {
  name: "by-address",
  setup({ onResolve }) {
    onResolve({ filter: /^\/build\// }, ({ path }) => ({ path: join(ROOT, "public", path) }));
  },
};

/**
 * @param {string} text of a file that imports chunks
 * @param {string} merged the path of the merged file
 * @param {[string, Output][]} chunks
 * @returns {string} the text with one import of the merged file instead
 * @throws {Error} if a chunk is imported in another way than Remix's compiler does today
 */
function importFrom(text, merged, chunks) {
  const places = new Map(chunks.map(([path], place) => [addressOf(path), place]));
  /** @type {string[]} */
  const imported = [];
  const rest = text.replace(IMPORT, (_, names = "", address) => {
    for (const [, name = "", alias = name] of names.matchAll(/([\w$]+)(?: as ([\w$]+))?/g))
      imported.push(`${nameOf(places.get(address) ?? NaN, name)} as ${alias}`);
    return "";
  });
  if (rest.includes("/build/_shared/")) throw new Error("A chunk is imported in an unknown way.");
  return `import{${imported.join(",")}}from"${addressOf(merged)}";${rest}`;
}

/**
 * Updates the manifests: the browser's, and the one in the server's bundle.
 *
 * @param {Map<string, string>} moved
 * @param {string} merged
 */
function updateManifests(moved, merged) {
  const server = read(ENTRY);
  const [, url = "", version = ""] = /"(\/build\/manifest-(\w+)\.js)"/.exec(server) ?? [];
  const updated = (/** @type {string} */ text) =>
    [...moved].reduce(
      (sofar, [from, to]) => sofar.replaceAll(`"${addressOf(from)}"`, `"${addressOf(to)}"`),
      text.replace(/\["\/build\/_shared\/[^\]]*\]/g, `["${addressOf(merged)}"]`),
    );
  const manifest = updated(read(`public${url}`));
  const fresh = hash(manifest);
  rmSync(join(ROOT, `public${url}`));
  const renamed = (/** @type {string} */ text) =>
    text.replaceAll(version, fresh).replaceAll(version.toLowerCase(), fresh.toLowerCase());
  writeFileSync(join(ROOT, `public/build/manifest-${fresh}.js`), renamed(manifest));
  const bundle = renamed(updated(server));
  writeFileSync(join(ROOT, ENTRY), bundle);

  const metafile = /** @type {Metafile} */ (JSON.parse(read(SERVER)));
  const output = metafile.outputs[ENTRY];
  if (output) output.bytes = Buffer.byteLength(bundle);
  writeFileSync(join(ROOT, SERVER), JSON.stringify(metafile));
}

/** @param {string} path @returns {string} */
function read(path) {
  return readFileSync(join(ROOT, path), "utf8");
}

/**
 * @param {string} name a path without its hash
 * @param {string} text
 * @returns {string} the path of the file
 */
function write(name, text) {
  const path = `${name}-${hash(text)}.js`;
  writeFileSync(join(ROOT, path), text);
  return path;
}

/** @param {string} text @returns {string} for the file's name, because browsers cache a file by its name for good */
function hash(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
}

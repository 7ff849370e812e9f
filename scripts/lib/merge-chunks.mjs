// @ts-check
/**
 * What Remix's compiler leaves for the browser is cut where routes share something: a file for every set of routes, and
 * more than a dozen of them to load before a page is alive. This makes one file of them and of the root, which every
 * page needs. What a route has alone stays in its own file.
 */
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./processes.mjs";

/**
 * @typedef {object} Output  of the compiler, as its metafile tells of it
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
const ROOT_ROUTE = "browser-route-module:root.tsx?browser";

/** @param {string} path in the project @returns {string} the address that a browser knows it by */
const addressOf = (path) => path.replace(/^public/, "");

/**
 * @param {number} chunk the place of a file among those that routes share
 * @param {string} name of one of its exports
 * @returns {string} the name of that export in the one file
 */
const nameOf = (chunk, name) => `${name}${chunk}`;

/** Works on what `remix build` has just left, metafiles included. @throws where that looks otherwise than it does today */
export async function mergeChunks() {
  const metafile = /** @type {Metafile} */ (JSON.parse(read(BROWSER)));
  const scripts = Object.entries(metafile.outputs).filter(([path]) => path.endsWith(".js"));
  const chunks = scripts.filter(([, { entryPoint }]) => !entryPoint);
  const [root] = scripts.filter(([, { entryPoint }]) => entryPoint === ROOT_ROUTE);
  if (!root || chunks.length === 0) throw new Error("Remix has built no root, or nothing shared.");

  const merged = await mergeInto(root, chunks);
  /** The path that each file has now, by the one that it had. */
  const moved = new Map([[root[0], merged.path]]);
  metafile.outputs[merged.path] = merged.output;
  for (const [path, output] of scripts) {
    if (!output.entryPoint || path === root[0] || output.imports.length === 0) continue;
    const text = await bundle(path, pointTo(merged.path, chunks));
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
  tellServer(moved, merged.path);
}

/**
 * @param {[string, Output]} root
 * @param {[string, Output][]} chunks
 * @returns {Promise<{ path: string, output: Output }>} the one file
 */
async function mergeInto([rootPath, root], chunks) {
  const lines = [`export { ${root.exports.join(", ")} } from "${addressOf(rootPath)}";`];
  for (const [place, [path, { exports }]] of chunks.entries()) {
    const names = exports.map((name) => `${name} as ${nameOf(place, name)}`);
    lines.push(`export { ${names.join(", ")} } from "${addressOf(path)}";`);
  }
  const text = await bundle({ contents: lines.join("\n"), resolveDir: ROOT }, BY_ADDRESS);
  const output = {
    ...root,
    bytes: Buffer.byteLength(text),
    imports: [],
    inputs: Object.assign({}, root.inputs, ...chunks.map(([, { inputs }]) => inputs)),
  };
  return { path: write("public/build/root", text), output };
}

/**
 * @param {string | import("esbuild").StdinOptions} from a file's path, or what stands in one
 * @param {import("esbuild").Plugin} plugin
 * @returns {Promise<string>}
 */
async function bundle(from, plugin) {
  const { outputFiles } = await build({
    ...(typeof from === "string" ? { entryPoints: [join(ROOT, from)] } : { stdin: from }),
    ...{ bundle: true, format: "esm", minify: true, write: false, logLevel: "error" },
    plugins: [plugin],
  });
  return outputFiles[0]?.text ?? "";
}

/** Finds files by the addresses that a browser knows them by. @type {import("esbuild").Plugin} */
const BY_ADDRESS = {
  name: "by-address",
  setup({ onResolve }) {
    onResolve({ filter: /^\/build\// }, ({ path }) => ({ path: join(ROOT, "public", path) }));
  },
};

/**
 * Takes what a route shares from the one file.
 *
 * @param {string} merged its path
 * @param {[string, Output][]} chunks
 * @returns {import("esbuild").Plugin}
 */
function pointTo(merged, chunks) {
  const namesOf = new Map(
    chunks.map(([path, { exports }], place) => [
      addressOf(path),
      exports.map((name) => `${nameOf(place, name)} as ${name}`).join(", "),
    ]),
  );
  return {
    name: "point-to-merged",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\/build\// }, ({ path }) =>
        namesOf.has(path) ? { path, namespace: "chunk" } : { path, external: true },
      );
      onLoad({ filter: /./, namespace: "chunk" }, ({ path }) => ({
        contents: `export { ${namesOf.get(path)} } from "${addressOf(merged)}";`,
      }));
    },
  };
}

/**
 * Brings the manifests up to date, the browser's and the one in the server's bundle.
 *
 * @param {Map<string, string>} moved
 * @param {string} merged
 */
function tellServer(moved, merged) {
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
 * @returns {string} the path of the file with this text
 */
function write(name, text) {
  const path = `${name}-${hash(text)}.js`;
  writeFileSync(join(ROOT, path), text);
  return path;
}

/** @param {string} text @returns {string} what changes whenever the text does: browsers keep a file for good by its name */
function hash(text) {
  return createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase();
}

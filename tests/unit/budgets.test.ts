/** The output of `npm run build`: how much of it a browser loads, and what must never be in it. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const KB = 1000;

/** The part of esbuild's metafile that is used here. */
interface Metafile {
  inputs: Record<string, unknown>;
  outputs: Record<string, Output>;
}

interface Output {
  bytes: number;
  entryPoint?: string;
  imports: { path: string; external?: boolean }[];
  inputs: Record<string, { bytesInOutput: number }>;
}

const browser = readMetafile("build/metafile.js.json");
const server = readMetafile("build/metafile.server.json");
const scripts = Object.keys(browser.outputs).filter((file) => file.endsWith(".js"));

describe("the browser code of the app itself", () => {
  test.each([
    ["the list", "dashboard/route.tsx", 15 * KB],
    ["a session’s page", "session.$id/route.tsx", 40 * KB],
  ])("on %s is within its budget", (_, route, budget) => {
    const files = filesOf(
      "app/entry.client.tsx",
      browserRoute("root.tsx"),
      browserRoute(`routes/${route}`),
    );
    const bytes = files.map(ownBytes).reduce((sum, size) => sum + size, 0);

    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(budget);
  });

  test("on the list is three files, beside the manifest", () => {
    const root = browserRoute("root.tsx");
    const list = browserRoute("routes/dashboard/route.tsx");
    expect(filesOf("app/entry.client.tsx", root, list)).toHaveLength(3);
  });

  test("is the code for production", () => {
    expect(Object.keys(browser.inputs)).toContain(
      "node_modules/react-dom/cjs/react-dom.production.min.js",
    );
    expect(Object.keys(browser.inputs).filter((input) => input.includes(".development."))).toEqual(
      [],
    );
  });
});

describe("server-only code", () => {
  test("is in no module that the browser gets", () => {
    const forbidden =
      /node_modules\/(zod|kysely|kysely-d1|markdown-it|linkify-it|entities|mdurl|uc\.micro)\/|^durable-objects\/|\.server(\.|$)/;
    const inputs = Object.keys(browser.inputs);
    // Remix replaces each server-only module by an empty one.
    const empty = inputs.filter((input) => input.startsWith("empty-module:"));
    expect(empty).toContain("empty-module:../auth/auth.server");
    expect(inputs.filter((input) => forbidden.test(input) && !empty.includes(input))).toEqual([]);
  });

  test.each([
    ["signing in", "build/index.js", "auth_records"],
    ["secrets", "build/index.js", "AUTH_SECRETS"],
    ["cookies", "build/index.js", "__Host-"],
    ["checking what people send", "build/index.js", "An owner has at most 39 characters."],
    ["the database", "build/index.js", "deleted_sessions"],
    ["the sessions’ objects", "build/index.js", "idFromName"],
    ["kysely", "build/index.js", "SelectQueryNode"],
    ["zod", "build/index.js", "ZodMiniObject"],
    ["the Markdown parser", "node_modules/markdown-it/lib/index.mjs", "Input data should be a"],
    ["the Durable Object", "durable-objects/session/schema.ts", "CREATE TABLE"],
  ])("is in no file that the browser gets: %s", (_, home, words) => {
    expect(textOf(home).includes(words), `${home} has it`).toBe(true);
    expect(scripts.filter((file) => textOf(file).includes(words))).toEqual([]);
  });
});

test("the server bundle is at most 900 KB", () => {
  const { size } = statSync(join(ROOT, "build/index.js"));
  expect(size).toBe(server.outputs["build/index.js"]?.bytes);
  expect(size).toBeLessThanOrEqual(900 * KB);
});

test("the build on disk is the one that was measured", () => {
  const folder = join(ROOT, "public/build");
  const onDisk = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const built = onDisk.filter((file) => file.endsWith(".js")).map((file) => `public/build/${file}`);
  const measured = built.filter((file) => !file.startsWith("public/build/manifest-"));
  expect(measured.sort()).toEqual(scripts.sort());
});

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

function readMetafile(path: string): Metafile {
  if (!existsSync(join(ROOT, path)))
    throw new Error(`${path} is missing: run \`npm run build\` first`);
  return JSON.parse(textOf(path)) as Metafile;
}

/** Remix's name for the browser's part of a route module. */
function browserRoute(file: string): string {
  return `browser-route-module:${file}?browser`;
}

/** @returns the scripts that a browser loads for these entries, now or later on the same page */
function filesOf(...entries: string[]): string[] {
  const files = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file) || !file.endsWith(".js")) return;
    files.add(file);
    for (const imported of browser.outputs[file]!.imports) visit(imported.path);
  };
  for (const entry of entries) {
    const file = scripts.find((script) => browser.outputs[script]!.entryPoint === entry);
    if (!file) throw new Error(`The build has no file for ${entry}`);
    visit(file);
  }
  return [...files];
}

const FRAMEWORK =
  /^node_modules\/(react|react-dom|scheduler|react-router|react-router-dom|@remix-run\/[^/]+|turbo-stream|cookie|set-cookie-parser|@web3-storage\/multipart-parser)\//;

/**
 * A file's gzipped bytes, without the share of React, Remix and their dependencies. The files are weighed as they were
 * built, one by one, because that is how they are loaded: bundled into one, they would compress better. Everything else
 * counts as the app's own, icons and the empty modules included.
 */
function ownBytes(file: string): number {
  const inputs = Object.entries(browser.outputs[file]!.inputs);
  const framework = sizeOf(inputs.filter(([input]) => FRAMEWORK.test(input)));
  const share = framework / Math.max(sizeOf(inputs), 1);
  return gzipSync(readFileSync(join(ROOT, file))).length * (1 - share);
}

function sizeOf(inputs: [string, { bytesInOutput: number }][]): number {
  return inputs.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
}

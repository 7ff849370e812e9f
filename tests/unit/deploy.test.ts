/** `npm run deploy`: the steps, the report if one fails, and the checks before. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { inspectBundle } from "../../scripts/lib/bundles.mjs";
import { carryOut, secretNames } from "../../scripts/deploy.mjs";

describe("the steps", () => {
  /** @returns steps with these names that record when they run; `failing` is the one that fails */
  function steps(names: string[], failing?: string) {
    const ran: string[] = [];
    const made = names.map((name) => ({
      name,
      run: () => {
        ran.push(name);
        return Promise.resolve(name !== failing);
      },
    }));
    return { ran, steps: made };
  }

  test("run in order", async () => {
    const { ran, steps: all } = steps(["a", "b", "c"]);
    expect(await carryOut(all, () => undefined)).toBe(true);
    expect(ran).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["a", ["a"], "Done:     nothing\nNot done: a, b, c"],
    ["b", ["a", "b"], "Done:     a\nNot done: b, c"],
    ["c", ["a", "b", "c"], "Done:     a, b\nNot done: c"],
  ])(
    "end with the first that fails, and report which were done: %s",
    async (failing, run, told) => {
      const said: string[] = [];
      const { ran, steps: all } = steps(["a", "b", "c"], failing);
      expect(await carryOut(all, (line) => said.push(line))).toBe(false);
      expect(ran).toEqual(run);
      expect(said.at(-1)).toContain(`Stopped: ${failing} failed`);
      expect(said.at(-1)).toContain(told);
      expect(said.at(-1)).toContain("npm run deploy");
    },
  );
});

test("reads the names of secrets as wrangler lists them", () => {
  const listed = `The "production" environment of your Pages project "ship" has access to the following secrets:
  - AUTH_SECRETS: Value Encrypted
  - GITHUB_CLIENT_ID: Value Encrypted
`;
  expect(secretNames(listed)).toEqual(["AUTH_SECRETS", "GITHUB_CLIENT_ID"]);
  const inJson = '[\n  {\n    "name": "TOKEN_KEYS",\n    "type": "secret_text"\n  }\n]';
  expect(secretNames(inJson)).toEqual(["TOKEN_KEYS"]);
  expect(secretNames("")).toEqual([]);
  expect(secretNames(undefined)).toBeUndefined();
});

describe("a bundle", () => {
  let folder: string;

  beforeAll(() => {
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    folder = mkdtempSync(join(tmpdir(), "ship-bundle-"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  /** @returns the problems of a bundle with these bytes that imports these modules at run time */
  function inspect(bytes: Buffer, imports: string[]): string[] {
    const file = join(folder, "worker.js");
    const metafile = join(folder, "bundle-meta.json");
    writeFileSync(file, bytes);
    const external = imports.map((path) => ({ path, external: true }));
    writeFileSync(metafile, JSON.stringify({ outputs: { "worker.js": { imports: external } } }));
    return inspectBundle("companion", file, metafile);
  }

  test("may import the runtime's modules", () => {
    expect(inspect(Buffer.from("export default {}"), ["cloudflare:workers"])).toEqual([]);
  });

  test("may not import modules that are missing at run time", () => {
    expect(inspect(Buffer.from("export default {}"), ["node:fs", "left-pad", "node:fs"])).toEqual([
      "companion: imports node:fs, which is not there when it runs.",
      "companion: imports left-pad, which is not there when it runs.",
    ]);
  });

  test("may be as large as Cloudflare takes, gzipped", () => {
    expect(inspect(Buffer.alloc(20_000_000, "a"), [])).toEqual([]);
    expect(inspect(randomBytes(3_200_000), [])).toEqual([
      "companion: is too large for Cloudflare's free plan.",
    ]);
  });
});

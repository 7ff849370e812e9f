// @ts-check
/**
 * `npm run audit:pages`: runs Lighthouse on the pages of the built app, emulating a phone, and measures the first load
 * of a list of 50. It reports results, and fails only if it could not run.
 */
import lighthouse from "lighthouse";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright";
import { chromiumOptions, installChromium } from "./lib/chromium.mjs";
import { signIn } from "./lib/client.mjs";
import { build, install, migrate } from "./lib/project.mjs";
import { serve } from "./lib/server.mjs";

/**
 * @typedef {import("playwright").BrowserContext} BrowserContext
 * @typedef {import("lighthouse").Result} Result  what Lighthouse found on one page
 * @typedef {{ name: string, path: string, categories: string[] }} Audited  a page to audit
 */

const PORT = process.env.PORT ?? 8795;
const ORIGIN = `http://localhost:${PORT}`;
const USER = "ada";
const SESSIONS = 50;
const VARS = {
  AUTH_SECRETS: "a secret for the audit",
  LOCAL_SIGN_IN: "true",
  CREATE_LIMIT_PER_MINUTE: 0,
};

const CATEGORIES = ["performance", "accessibility", "best-practices"];
const MESSAGES = [
  "Make **all** tests pass, please.",
  "They do:\n\n```sh\nnpm test\n```\n\n| suite | passed |\n|---|---|\n| unit | 90 |",
];

/** Creates 50 sessions, the newest with messages. @returns {Promise<string>} the id of the newest */
async function fillList() {
  const client = await signIn(ORIGIN, USER);
  for (let number = 1; number <= SESSIONS; number++) {
    const { status } = await client.sendCreateForm(`fleet/boat-${number}`);
    if (status !== 302) throw new Error(`A session was not made (${status}).`);
  }
  const id = await client.newestSession();
  for (const text of MESSAGES) await client.sendMessageForm(id, text);
  return id;
}

/**
 * Opens a browser whose debugging port Lighthouse can use.
 *
 * @param {string} profile an empty folder
 */
async function openBrowser(profile) {
  const { executablePath, args } = chromiumOptions();
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: ["--remote-debugging-port=0", ...args],
  });
  const [port] = readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n");
  return { context, port: Number(port) };
}

/** @param {BrowserContext} context */
async function signInBrowser(context) {
  const answer = await context.request.post(`${ORIGIN}/login`, {
    form: { name: USER },
    headers: { Origin: ORIGIN },
  });
  if (!answer.ok()) throw new Error(`The browser could not sign in (${answer.status()}).`);
}

/**
 * @param {Audited} page
 * @param {number} port the browser's debugging port
 * @returns {Promise<Result>}
 */
async function audit({ name, path, categories }, port) {
  const found = await lighthouse(ORIGIN + path, {
    port,
    onlyCategories: categories,
    disableStorageReset: true, // A reset would sign out.
    logLevel: "error",
  });
  if (!found || found.lhr.runtimeError) {
    throw new Error(`Lighthouse could not look at ${name}: ${found?.lhr.runtimeError?.message}`);
  }
  return found.lhr;
}

/**
 * @param {string} name
 * @param {Result} result
 */
function report(name, { categories, audits }) {
  const scores = Object.values(categories).map(
    ({ title, score }) => `${title.toLowerCase()} ${Math.round((score ?? 0) * 100)}`,
  );
  console.log(`\n${name.padEnd(10)}${scores.join("   ")}`);
  for (const { auditRefs } of Object.values(categories)) {
    for (const { id, weight } of auditRefs) {
      const audit = audits[id];
      if (!audit || weight === 0 || audit.score === null || audit.score >= 1) continue;
      console.log(`  ${[audit.title, audit.displayValue].filter(Boolean).join(": ")}`);
      for (const element of elementsOf(audit.details)) console.log(`    ${element}`);
    }
  }
}

/**
 * @param {unknown} details of an audit
 * @returns {string[]} the elements that it criticizes
 */
function elementsOf(details) {
  /** @type {{ items?: { node?: { snippet: string }, description?: string }[] }} */
  const { items = [] } = details ?? {};
  if (!Array.isArray(items)) return [];
  return items.flatMap(({ node, description }) => node?.snippet ?? description ?? []);
}

/**
 * Measures the first load of the list, with an empty browser cache. Cloudflare compresses responses, the local server
 * does not: bytes are those of each response's body, gzipped here as Cloudflare would do it, without headers.
 */
async function measureList() {
  const browser = await chromium.launch(chromiumOptions());
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  await signInBrowser(context);
  const page = await context.newPage();
  /** @type {Promise<number>[]} */
  const sizes = [];
  page.on("requestfinished", (request) => sizes.push(bytesOf(request)));
  await page.goto(`${ORIGIN}/dashboard`, { waitUntil: "networkidle" });
  const shift = await page.evaluate(layoutShift);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  await browser.close();
  return { requests: sizes.length, bytes, shift };
}

/** @param {import("playwright").Request} request */
async function bytesOf(request) {
  const answer = await request.response();
  return gzipSync((await answer?.body()) ?? "").length;
}

/** Runs in the page. @returns {Promise<number>} the cumulative layout shift since it was opened */
function layoutShift() {
  return new Promise((resolve) => {
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => {
      const shifts = /** @type {(PerformanceEntry & { value: number })[]} */ (
        observer.takeRecords()
      );
      resolve(shifts.reduce((sum, { value }) => sum + value, 0));
    });
  });
}

async function auditPages() {
  const id = await fillList();
  const profile = mkdtempSync(join(tmpdir(), "ship-browser-"));
  const { context, port } = await openBrowser(profile);
  try {
    const login = { name: "login", path: "/login", categories: [...CATEGORIES, "seo"] };
    report(login.name, await audit(login, port));
    await signInBrowser(context);
    for (const { name, path } of [
      { name: "list", path: "/dashboard" },
      { name: "create", path: "/dashboard/new" },
      { name: "session", path: `/session/${id}` },
    ]) {
      report(name, await audit({ name, path, categories: CATEGORIES }, port));
    }
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
  const { requests, bytes, shift } = await measureList();
  console.log(`\nFirst load of a list of ${SESSIONS}, on a screen of 360 by 740:`);
  console.log(`  requests      ${requests} (at most 8)`);
  console.log(`  kB, gzipped   ${(bytes / 1000).toFixed(1)} (at most 130)`);
  console.log(`  layout shift  ${shift} (0)`);
}

await install();
await installChromium();
await build();
const state = mkdtempSync(join(tmpdir(), "ship-audit-"));
try {
  await migrate(state);
  const server = await serve({ port: PORT, state, vars: VARS }, ["ignore", "ignore", "inherit"]);
  await auditPages().finally(() => server.end("SIGTERM"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(state, { recursive: true, force: true });
}

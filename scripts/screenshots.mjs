// @ts-check
/**
 * `npm run screenshots`: takes the pictures in docs/screenshots: the pages of the built app at the sizes of a phone, a
 * tablet and a wide screen, in light and in dark.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright";
import { chromiumOptions, installChromium } from "./lib/chromium.mjs";
import { signIn } from "./lib/client.mjs";
import { build, install, migrate } from "./lib/project.mjs";
import { serve } from "./lib/server.mjs";
import { must } from "./lib/processes.mjs";
import { ROOT } from "./lib/processes.mjs";

/** @typedef {{ name: string, path: string, prepare?: (page: import("playwright").Page) => Promise<unknown> }} Picture */

const PORT = process.env.PORT ?? 8796;
const ORIGIN = `http://localhost:${PORT}`;
const USER = "ada";
const VARS = {
  AUTH_SECRETS: "a secret for pictures",
  LOCAL_SIGN_IN: "true",
  CREATE_LIMIT_PER_MINUTE: 0,
};
const FOLDER = join(ROOT, "docs/screenshots");
const SIZES = [
  { width: 360, height: 740 },
  { width: 768, height: 900 },
  { width: 1440, height: 900 },
];
const THEMES = /** @type {const} */ (["light", "dark"]);

/** Example rows: repository, title, branch, last activity, messages, agents' status, its time, unread. In minutes ago. */
const ROWS = /** @type {const} */ ([
  [
    "remix-run/remix",
    "Make nested loaders run in parallel again",
    null,
    12,
    48,
    "working",
    2,
    true,
  ],
  [
    "cloudflare/workerd",
    "Find the leak of sockets after hibernation",
    "sockets/leak",
    26,
    131,
    "waiting",
    26,
    true,
  ],
  ["kysely-org/kysely", "Add tests for compiled batches", null, 41, 17, "done", 41, false],
  ["colinhacks/zod", "Shrink the bundle of the mini build", "mini", 58, 64, "working", 58, false],
  ["facebook/react", null, null, 95, 9, null, 0, false],
  [
    "microsoft/playwright",
    "Explain why WebKit misses the second click",
    null,
    180,
    212,
    "failed",
    180,
    true,
  ],
  [
    "tailwindlabs/tailwindcss",
    "Write the migration guide for container queries",
    null,
    260,
    33,
    "done",
    260,
    false,
  ],
  [
    "remix-run/remix",
    "Upgrade esbuild and compare the size of every route",
    "esbuild",
    400,
    71,
    "done",
    400,
    false,
  ],
  ["vitest-dev/vitest", null, null, 900, 5, null, 0, false],
  [
    "sqlite/sqlite",
    "Read the planner and say when a partial index is used",
    null,
    1_500,
    28,
    null,
    0,
    false,
  ],
  [
    "dubzzz/fast-check",
    "Shrink the counterexamples of models faster",
    null,
    2_900,
    14,
    "done",
    2_900,
    false,
  ],
  ["cloudflare/workers-sdk", null, null, 4_400, 96, null, 0, false],
  ["remix-run/indie-stack", "Move to Node 20", "node-20", 7_300, 2, null, 0, false],
  ["eslint/eslint", null, null, 11_000, 40, null, 0, false],
  [
    "prettier/prettier",
    "Find out why tables of emoji are not aligned",
    null,
    19_000,
    22,
    null,
    0,
    false,
  ],
]);

const TASK = "Make **all** tests of `lifecycle` pass, please. Do not loosen any of them.";

const TALK = [
  [
    "agent",
    "Two of 41 failed: the alarm was armed *after* the answer, so a crash in between lost it.\n\n```ts\n" +
      "// in the same turn, and so in the same transaction\nvoid this.ctx.storage.setAlarm(at);\n```\n\n" +
      "| suite | before | now |\n|---|--:|--:|\n| unit | 412 | 412 |\n| workers | 39 | 41 |",
  ],
  ["ada", "Good. Open a pull request."],
];

/** @returns {string} the statement that inserts the rows */
function insertRows() {
  const values = ROWS.map((row, index) => {
    const [repository, title, branch, active, messages, status, said, unread] = row;
    const [owner, name] = repository.split("/");
    const id = `${String(index).padStart(8, "0")}-0000-8000-8000-000000000000`;
    const quoted = (/** @type {string | null} */ text) => (text === null ? "NULL" : `'${text}'`);
    const at = (/** @type {number} */ minutes) => `unixepoch() * 1000 - ${minutes * 60_000}`;
    return (
      `('${id}', 'local:${USER}', '${owner}', '${name}', 'active', ${at(active)}, ${at(active + 3_000)}, ${messages}, ` +
      `${quoted(status)}, ${status ? at(said) : "NULL"}, ${status ? 1 : 0}, ${unread ? messages : 0}, ` +
      `${quoted(title)}, ${quoted(branch)})`
    );
  });
  return `INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, last_activity, created_at, message_count,
    agent_status, agent_at, status_rev, agent_message, auto_title, branch) VALUES ${values.join(",\n")};`;
}

/** Creates one session with real messages. @returns {Promise<string>} its id */
async function talk() {
  const client = await signIn(ORIGIN, USER);
  await client.sendCreateForm("fleet/harbour", undefined, { task: TASK, branch: "lifecycle" });
  const id = await client.newestSession();
  const { token } = await client.connectAgent(id, "Bosun");
  for (const [who, text = ""] of TALK) {
    if (who === USER) await client.sendMessageForm(id, text);
    else
      await fetch(`${ORIGIN}/session/${id}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}` },
        body: new URLSearchParams({ text, status: "working" }),
      });
  }
  return id;
}

/**
 * @param {string} session
 * @returns {Picture[]}
 */
function pictures(session) {
  return [
    { name: "list", path: "/dashboard?status=active" },
    { name: "needs-you", path: "/dashboard" },
    {
      name: "selection",
      path: "/dashboard?status=active",
      prepare: async (page) => {
        for (const name of [
          "Select facebook/react",
          "Select Move to Node 20, remix-run/indie-stack",
        ]) {
          await page.getByRole("checkbox", { name }).check();
        }
      },
    },
    { name: "create", path: "/dashboard/new?repo=remix-run/remix" },
    { name: "session", path: `/session/${session}` },
    { name: "delete", path: `/dashboard/delete?id=${session}` },
    { name: "account", path: "/account" },
    { name: "not-found", path: "/nowhere" },
  ];
}

/** @param {string} session */
async function takePictures(session) {
  const browser = await chromium.launch(chromiumOptions());
  try {
    for (const viewport of SIZES) {
      for (const colorScheme of THEMES) {
        const context = await browser.newContext({
          viewport,
          colorScheme,
          reducedMotion: "reduce",
        });
        await takeAll(
          await context.newPage(),
          pictures(session),
          `${viewport.width}-${colorScheme}`,
        );
        await context.close();
      }
    }
  } finally {
    await browser.close();
  }
}

/**
 * @param {import("playwright").Page} page
 * @param {Picture[]} pictures
 * @param {string} look width and colour scheme, for the files' names
 */
async function takeAll(page, pictures, look) {
  const take = async (/** @type {Picture} */ { name, path, prepare }) => {
    await page.goto(ORIGIN + path, { waitUntil: "networkidle" });
    await prepare?.(page);
    await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`) });
  };
  await take({ name: "login", path: "/login" });
  await page.getByLabel("Name").fill(USER);
  await page.getByRole("button", { name: "Continue locally" }).click();
  await page.waitForURL(`${ORIGIN}/dashboard?status=*`);
  for (const picture of pictures) await take(picture);
}

/** @param {string} state the folder that the data lives in */
async function fill(state) {
  await migrate(state);
  const file = join(state, "rows.sql");
  writeFileSync(file, insertRows());
  const args = ["d1", "execute", "ship-db", "--local", "--persist-to", state, "--file", file];
  await must("wrangler", args, { stdio: ["ignore", "ignore", "inherit"] });
}

await install();
await installChromium();
await build();
const state = mkdtempSync(join(tmpdir(), "ship-pictures-"));
try {
  await fill(state);
  mkdirSync(FOLDER, { recursive: true });
  const server = await serve({ port: PORT, state, vars: VARS }, ["ignore", "ignore", "inherit"]);
  await talk()
    .then(takePictures)
    .finally(() => server.end("SIGTERM"));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(state, { recursive: true, force: true });
}

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
import { ITEMS, ROWS, TALK, TASK } from "./lib/examples.mjs";
import { build, install, migrate } from "./lib/project.mjs";
import { serve } from "./lib/server.mjs";
import { must } from "./lib/processes.mjs";
import { ROOT } from "./lib/processes.mjs";

/**
 * @typedef {object} Picture
 * @property {string} name
 * @property {string} path
 * @property {boolean} [isWhole]  whether the whole page is shown, also what is beyond the screen
 * @property {(page: import("playwright").Page) => Promise<unknown>} [prepare]
 *
 * @typedef {{ talk: string, items: string }} Sessions  the ids of one with messages, and of one with every kind of item
 */

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

/** Creates the sessions that are opened. @returns {Promise<Sessions>} */
async function talk() {
  const client = await signIn(ORIGIN, USER);
  await client.sendCreateForm("fleet/harbour", undefined, { task: TASK, branch: "lifecycle" });
  const talk = await client.newestSession();
  const { token } = await client.connectAgent(talk, "Bosun");
  for (const [who, text = ""] of TALK) {
    if (who === USER) await client.sendMessageForm(talk, text);
    else await report(talk, token, { text, status: "working" });
  }
  const task = "Arm the alarm in the turn of the change.";
  await client.sendCreateForm("fleet/lighthouse", undefined, { task });
  const items = await client.newestSession();
  const bosun = await client.connectAgent(items, "Bosun");
  await report(items, bosun.token, { text: "I look **who arms it** first.", status: "working" });
  for (const [key, item] of Object.entries(ITEMS)) await report(items, bosun.token, { key, item });
  return { talk, items };
}

/**
 * @param {string} session
 * @param {string} token
 * @param {object} body
 */
async function report(session, token, body) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const address = `${ORIGIN}/session/${session}/report`;
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`A report was not taken: ${await answer.text()}`);
}

/**
 * @param {Sessions} sessions
 * @returns {Picture[]}
 */
function pictures({ talk, items }) {
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
    { name: "session", path: `/session/${talk}` },
    { name: "items", path: `/session/${items}`, isWhole: true },
    { name: "delete", path: `/dashboard/delete?id=${talk}` },
    { name: "account", path: "/account" },
    { name: "not-found", path: "/nowhere" },
  ];
}

/** @param {Sessions} sessions */
async function takePictures(sessions) {
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
          pictures(sessions),
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
  const take = async (/** @type {Picture} */ { name, path, isWhole, prepare }) => {
    await page.goto(ORIGIN + path, { waitUntil: "networkidle" });
    await prepare?.(page);
    const size = page.viewportSize() ?? { width: 0, height: 0 };
    if (isWhole) {
      // Not by the option `fullPage`, which shows what is fixed to the screen in the middle of the page.
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.setViewportSize({ ...size, height });
    }
    await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`) });
    await page.setViewportSize(size);
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

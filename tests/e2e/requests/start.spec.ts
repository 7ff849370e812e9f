import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "../../support/client";
import { OWN_PORTS, urlOf } from "../../support/servers";
import { expect, requestTest as test } from "../../support/test";

const SCRIPT = fileURLToPath(new URL("../../../scripts/start.mjs", import.meta.url));
const PORT = OWN_PORTS + 2;

test.setTimeout(120_000);

test("npm start serves Ship by wrangler pages dev, keeps what is in it, and leaves no process behind", async ({
  playwright,
}) => {
  const state = mkdtempSync(join(tmpdir(), "ship-start-"));
  const request = await playwright.request.newContext({ baseURL: urlOf({ port: PORT }) });
  const ship = new Client(request, urlOf({ port: PORT }));
  let server = await start(state);
  try {
    const name = await ship.signIn();
    const id = await ship.create("octo/cat");
    await ship.send(id, "Still here");
    // Browsers also ask for /favicon.ico, whatever the page links to.
    for (const icon of ["/favicon.svg", "/favicon.ico"]) {
      const headers = (await request.get(icon)).headers();
      expect(headers["cache-control"], icon).toBe("public, max-age=86400");
    }
    await stop(server);

    server = await start(state);
    await ship.signIn(name);
    expect(await ship.list()).toEqual([id]);
    expect(await (await request.get(`/session/${id}`)).text()).toContain("Still here");
  } finally {
    await stop(server);
    await request.dispose();
    rmSync(state, { recursive: true, force: true });
  }
});

/** Starts `npm start`. Resolves when it answers. */
async function start(state: string): Promise<ChildProcess> {
  const server = spawn(process.execPath, [SCRIPT, "--state", state], {
    env: { ...process.env, PORT: `${PORT}` },
    detached: true, // Its own process group, which is empty once every process has ended.
    stdio: "ignore",
  });
  const answers = () => fetch(`${urlOf({ port: PORT })}/login`).then(({ ok }) => ok);
  await expect(async () => expect(await answers()).toBe(true)).toPass();
  return server;
}

/** Ends it as Ctrl+C does: the terminal signals every process of the group. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = once(server, "exit");
  process.kill(-server.pid!, "SIGINT");
  await ended;
  const left = () => process.kill(-server.pid!, 0);
  await expect(() => expect(left).toThrow("ESRCH")).toPass();
}

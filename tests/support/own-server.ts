import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OWN_PORTS, urlOf } from "./servers";
import { expect, test as base } from "./test";

const SCRIPT = fileURLToPath(new URL("server.mjs", import.meta.url));

/** A server for one test, which the test can end and start again; its data survives. */
export class OwnServer {
  readonly url: string;
  /** The folder of its data. */
  readonly state = mkdtempSync(join(tmpdir(), "ship-test-"));
  readonly #port: number;
  #process: ChildProcess | undefined;

  constructor(port: number) {
    this.#port = port;
    this.url = urlOf({ port });
  }

  /** Starts the server. Resolves when it answers. */
  async start() {
    const args = [SCRIPT, "--port", `${this.#port}`, "--state", this.state];
    // Detached: a process group that can be killed as a whole.
    this.#process = spawn(process.execPath, args, { detached: true, stdio: "ignore" });
    await expect(async () => expect((await fetch(`${this.url}/login`)).ok).toBe(true)).toPass();
    expect(this.#hasEnded(), "the server that answers is another one").toBe(false);
  }

  /** Ends it as Ctrl+C does. */
  stop() {
    return this.#end((pid) => process.kill(pid, "SIGTERM"));
  }

  /** Ends it as a power failure does: kills all of its processes at once. */
  kill() {
    return this.#end((pid) => process.kill(-pid, "SIGKILL"));
  }

  async remove() {
    await this.kill();
    rmSync(this.state, { recursive: true, force: true });
  }

  async #end(signal: (pid: number) => void) {
    if (!this.#process?.pid || this.#hasEnded()) return;
    const ended = once(this.#process, "exit");
    signal(this.#process.pid);
    await ended;
  }

  #hasEnded() {
    return this.#process?.exitCode !== null || this.#process.signalCode !== null;
  }
}

/** For tests that end the server. Each test has its own server, whose pages `page` opens. */
export const test = base.extend<{ server: OwnServer }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures from this pattern: none.
  server: async ({}, run, { parallelIndex }) => {
    const server = new OwnServer(OWN_PORTS + parallelIndex);
    try {
      await server.start();
      await run(server);
    } finally {
      await server.remove();
    }
  },
  baseURL: ({ server }, run) => run(server.url),
});

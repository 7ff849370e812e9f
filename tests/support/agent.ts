/** An agent of a session, over plain HTTP, with its token only. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Client } from "./client";

const run = promisify(execFile);

interface Read {
  messages: { id: number; role: string; author: string; text: string }[];
}

export class Agent {
  private constructor(
    readonly session: string,
    readonly token: string,
    /** The page on which the token was shown. */
    readonly page: string,
  ) {}

  /** Creates a token with the session's form. */
  static async connect(ship: Client, id: string, name = "Bot"): Promise<Agent> {
    const { token, page } = await ship.connectAgent(id, name);
    return new Agent(`${ship.origin}/session/${id}`, token, page);
  }

  report(fields: Record<string, string>): Promise<Response> {
    return fetch(this.session, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}` },
      body: new URLSearchParams(fields),
    });
  }

  /** Reports an item, a new one or by the key of one that was reported before. @throws if it is refused */
  async reportItem(key: string, item: object, fields: Record<string, string> = {}) {
    const answer = await fetch(`${this.session}/report`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ ...fields, key, item }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** @returns the messages after this one, waiting until there are some; without it, the newest ones at once */
  async read(after?: number): Promise<Read["messages"]> {
    const query = after === undefined ? "" : `?after=${after}`;
    const headers = { Authorization: `Bearer ${this.token}` };
    const answer = await fetch(`${this.session}/messages${query}`, { headers });
    return (await answer.json<Read>()).messages;
  }

  /** Runs a shell command as written, with an agent's two variables and no others. */
  async shell(command: string): Promise<string> {
    const { PATH } = process.env;
    const env = { PATH, SHIP_SESSION: this.session, SHIP_TOKEN: this.token };
    return (await run("bash", ["--norc", "-c", command], { env })).stdout;
  }
}

/** @returns the contents of the fenced blocks of one language in a page of docs/ */
export async function blocksOf(page: string, kind: string): Promise<string[]> {
  const text = await readFile(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  const blocks = text.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\`$`, "gms"));
  return Array.from(blocks, ([, block = ""]) => block);
}

import { randomUUID } from "node:crypto";
import { expect, type APIRequestContext, type APIResponse } from "playwright/test";
import { ShipClient } from "../../scripts/lib/client.mjs";

/** @returns a name that nobody else signs in with */
export function freshName(): string {
  return `user-${randomUUID().slice(0, 8)}`;
}

/**
 * Ship over plain HTTP, to set things up fast and to send what no page would. In a browser test it shares the page's
 * cookies, and so is the page's person. Forms are followed to the page that their redirect leads to.
 */
export class Client extends ShipClient<APIResponse> {
  constructor(
    readonly request: APIRequestContext,
    origin: string,
  ) {
    super(
      origin,
      async (path, options) => {
        // As a browser asks for a document: a flash message is shown there, and so not on the page that a test opens next.
        const Accept = path.includes("_data=") ? "*/*" : "text/html";
        const headers = { Accept, ...options.headers };
        // If Playwright follows redirects itself, it breaks the connection.
        const answer = await request.fetch(path, { ...options, headers, maxRedirects: 0 });
        const next = answer.headers().location;
        return next === undefined ? answer : request.get(next, { headers, maxRedirects: 0 });
      },
      async (answer) => {
        await expect(answer).toBeOK();
        return answer.text();
      },
    );
  }

  async signIn(name = freshName()): Promise<string> {
    await expect(await this.post("/login", { name })).toBeOK();
    return name;
  }

  /** @param repository "owner/name" @returns the id of the new session */
  async create(repository: string): Promise<string> {
    await expect(await this.sendCreateForm(repository)).toBeOK();
    return this.newestSession();
  }

  async send(id: string, text: string): Promise<void> {
    await expect(await this.sendMessageForm(id, text)).toBeOK();
  }

  async change(change: "archive" | "restore" | "keep", id: string): Promise<void> {
    await expect(await this.sendChangeForm(change, id)).toBeOK();
  }

  async delete(id: string): Promise<void> {
    await expect(await this.sendDeleteForm(id)).toBeOK();
  }

  /** @returns the ids on the first page of the list, in its order */
  async list(status: "needs-you" | "active" | "archived" = "active"): Promise<string[]> {
    const { sessions } = await this.listPage(`?status=${status}`);
    return sessions.map(({ id }) => id);
  }
}

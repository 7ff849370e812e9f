import { randomUUID } from "node:crypto";
import { expect, type APIRequestContext, type APIResponse } from "playwright/test";

const SESSION_PATH = /(?<=href="\/session\/)[0-9a-f-]{36}(?=")/g;

/** @returns a name that nobody else signs in with */
export function freshName(): string {
  return `user-${randomUUID().slice(0, 8)}`;
}

/**
 * Ship over plain HTTP, speaking as its own pages do: to set things up fast, and to send what no page would.
 * In a browser test it shares the page's cookies, so that the page's person is the one who asks.
 */
export class Client {
  constructor(
    readonly request: APIRequestContext,
    readonly origin: string,
  ) {}

  /** Sends a form, and follows where its answer leads. Not by Playwright's own following of redirects: that cuts the connection. */
  async post(path: string, form: Record<string, string> = {}): Promise<APIResponse> {
    const headers = { Origin: this.origin };
    const answer = await this.request.post(path, { form, headers, maxRedirects: 0 });
    const next = answer.headers().location;
    return next === undefined ? answer : this.request.get(next, { maxRedirects: 0 });
  }

  async signIn(name = freshName()): Promise<string> {
    await expect(await this.post("/login", { name })).toBeOK();
    return name;
  }

  /** @param repository "owner/name" @returns the id of the new session */
  async create(repository: string): Promise<string> {
    const answer = await this.sendCreateForm(repository);
    await expect(answer).toBeOK();
    const [newest] = sessionsOn(await answer.text());
    if (!newest) throw new Error("The new session is not on the list.");
    return newest;
  }

  sendCreateForm(repository: string, key: string = randomUUID()): Promise<APIResponse> {
    const [repoOwner = "", repoName = ""] = repository.split("/");
    // It knows what other sessions the repository has.
    return this.post("/dashboard/new", { key, repoOwner, repoName, another: repository });
  }

  async send(id: string, text: string): Promise<void> {
    await expect(await this.sendMessageForm(id, text)).toBeOK();
  }

  sendMessageForm(id: string, text: string, key: string = randomUUID()): Promise<APIResponse> {
    return this.post(`/session/${id}`, { intent: "send", key, text });
  }

  async change(change: "archive" | "restore" | "keep", id: string): Promise<void> {
    await expect(await this.post("/dashboard", { intent: `${change}:${id}` })).toBeOK();
  }

  async delete(id: string): Promise<void> {
    await expect(await this.post(`/dashboard/delete?id=${id}`)).toBeOK();
  }

  /** @returns the ids on the first page of the list, in its order */
  async list(status: "active" | "archived" = "active"): Promise<string[]> {
    const answer = await this.request.get(`/dashboard?status=${status}`);
    await expect(answer).toBeOK();
    return sessionsOn(await answer.text());
  }
}

function sessionsOn(page: string): string[] {
  return page.match(SESSION_PATH) ?? [];
}

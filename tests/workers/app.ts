/** The whole app as it is deployed, including the gate, called in-process by a browser that stores cookies. */
import {
  createExecutionContext,
  listDurableObjectIds,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { vi } from "vitest";
import { onRequest } from "../../functions/[[path]]";
import { env } from "./support";

export const ORIGIN = "http://localhost:8788";

/** What the app's configuration has in addition to the companion's. */
export const appEnv = {
  ...env,
  ORIGIN: "",
  AUTH_SECRETS: "a secret for tests",
  LOCAL_SIGN_IN: "true",
  GITHUB_URL: "https://github.com",
  GITHUB_API_URL: "https://api.github.com",
  CREATE_LIMIT_PER_MINUTE: 0,
  ACTIVE_SESSION_LIMIT: 0,
} as Env;

/** Handles one request as the Pages project does, and waits for the work after the response, too. */
export async function ask(request: Request, withEnv = appEnv): Promise<Response> {
  const execution = createExecutionContext();
  const response = await onRequest({
    request,
    env: withEnv,
    waitUntil: (work: Promise<unknown>) => execution.waitUntil(work),
  } as unknown as Parameters<typeof onRequest>[0]);
  await waitOnExecutionContext(execution);
  return response;
}

/** A browser without JavaScript: it stores cookies, follows no redirects, and submits forms from Ship's own pages. */
export class Browser {
  /** Values by name, encoded as in the header. */
  readonly cookies = new Map<string, string>();

  constructor(
    readonly env = appEnv,
    readonly origin = ORIGIN,
  ) {}

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** @param init overrides of a plain GET by this browser */
  async get(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("Accept") && !path.includes("_data=")) headers.set("Accept", "text/html");
    if (!headers.has("Host")) headers.set("Host", new URL(this.origin).host);
    if (this.cookie && !headers.has("Cookie")) headers.set("Cookie", this.cookie);
    const response = await ask(new Request(this.origin + path, { ...init, headers }), this.env);
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** @param fields by name, or as pairs if a name occurs more than once */
  post(
    path: string,
    fields: Record<string, string> | string[][],
    headers: HeadersInit = {},
  ): Promise<Response> {
    return this.get(path, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Origin: this.origin, ...headers },
    });
  }

  /** @returns this browser, signed in by name */
  async signIn(name = `person-${crypto.randomUUID().slice(0, 8)}`): Promise<this> {
    await this.post("/login", { name });
    return this;
  }

  /** @returns the id of a new session */
  async create(owner = "remix-run", name = "remix"): Promise<string> {
    const key = crypto.randomUUID();
    const another = `${owner}/${name}`;
    await this.post("/dashboard/new", { key, repoOwner: owner, repoName: name, another });
    const list = await (await this.get("/dashboard?status=active")).text();
    return /\/session\/([0-9a-f-]{36})/.exec(list)?.[1] ?? "";
  }
}

/** GitHub's data about a person who signs in. */
export interface GitHubUser {
  id: number;
  login: string;
  name: string;
  avatar_url: string;
}

/** Signs in with GitHub as this person. @returns the response to the callback */
export async function signInWithGitHub(
  browser: Browser,
  user: GitHubUser,
  to = "/dashboard",
): Promise<Response> {
  const begun = await browser.post(`/login?${new URLSearchParams({ to })}`, { intent: "github" });
  const { searchParams } = new URL(leadsTo(begun) ?? "");
  const gitHub = vi.spyOn(globalThis, "fetch").mockImplementation((input) => {
    const { url } = new Request(input);
    const tokens = { access_token: "ghu_access", token_type: "bearer" };
    return Promise.resolve(Response.json(url.endsWith("/user") ? user : tokens));
  });
  const query = new URLSearchParams({ code: "1", state: searchParams.get("state") ?? "" });
  const answer = await browser.get(`/login/callback?${query}`);
  gitHub.mockRestore();
  return answer;
}

/** @returns the target of a document's redirect, or of a data request's equivalent */
export function leadsTo({ headers }: Response): string | null {
  return headers.get("Location") ?? headers.get("X-Remix-Redirect");
}

/** @returns all rows of every table of D1, and the storage of every object that has any */
export async function everythingStored() {
  const list = () => listDurableObjectIds(env.SESSION_DO);
  // The test pool calls its own host over a connection that sometimes breaks.
  const ids = await list().catch(list);
  const objects = await Promise.all(
    ids.map(async (id) => [id.toString(), await storedIn(id)] as const),
  );
  return {
    tables: await rowsStored(),
    objects: Object.fromEntries(objects.filter(([, stored]) => stored.length > 0)),
  };
}

/** @returns all rows of D1, by table */
export async function rowsStored(): Promise<Record<string, unknown[]>> {
  const { results: tables } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  ).all<{ name: string }>();
  const contents = await env.DB.batch(
    tables.map(({ name }) => env.DB.prepare(`SELECT * FROM ${name}`)),
  );
  return Object.fromEntries(tables.map(({ name }, index) => [name, contents[index]!.results]));
}

/** @returns the tables of an object, as text, without the platform's own */
function storedIn(id: DurableObjectId): Promise<string[]> {
  return runInDurableObject(env.SESSION_DO.get(id), (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .filter(({ name }) => !/^(_cf_|__miniflare_|sqlite_)/.test(name))
      .map(({ name }) =>
        JSON.stringify([name, storage.sql.exec(`SELECT * FROM ${name}`).toArray()]),
      ),
  );
}

/** Removes the log from the tests' output. @returns its lines, as they are written */
export function captureLog(): string[] {
  const lines: string[] = [];
  for (const method of ["log", "warn", "error"] as const) {
    vi.spyOn(console, method).mockImplementation((...said) => void lines.push(said.join(" ")));
  }
  return lines;
}

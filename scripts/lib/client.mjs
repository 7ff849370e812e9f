// @ts-check
/** Ship over HTTP: posts the forms of its pages and reads what the pages show. */
import { randomUUID } from "node:crypto";

/**
 * @typedef {object} RequestOptions
 * @property {"POST"} [method]  GET without it
 * @property {Record<string, string>} [form]  the fields of the body
 * @property {Record<string, string>} [headers]
 *
 * @typedef {object} ListPage
 * @property {{ id: string, repository: string, messageCount: number }[]} sessions
 * @property {Record<string, number>} counts  how many sessions each tab has
 * @property {string | null} older  the cursor of the next page, if there is one
 *
 * @typedef {object} ConversationPage
 * @property {string} state
 * @property {{ id: number, message?: ShownMessage }[]} items  oldest first; none unless it is "ready"
 *
 * @typedef {{ id: number, client_key: string, content: unknown }} ShownMessage  content is the parsed text
 *
 * @typedef {object} Answer  a response over fetch, read to its end
 * @property {number} status
 * @property {string} body
 * @property {string | undefined} cookie  "name=value" of the sign-in cookie, if it was set
 * @property {string | undefined} flash  the message that the next page will show
 * @property {number} wait  the time of Retry-After in milliseconds; 0 without it
 *
 * @typedef {Awaited<ReturnType<typeof signIn>>} Client  over fetch, signed in
 */

const REQUEST_TIMEOUT = 30_000;

/**
 * What a person can do by Ship's pages, over any HTTP library.
 *
 * @template Response
 */
export class ShipClient {
  #send;
  #bodyOf;

  /**
   * @param {string} origin of a running Ship
   * @param {(path: string, options: RequestOptions) => Promise<Response>} send the transport, which keeps the cookies
   *   and rejects if there is no response
   * @param {(response: Response) => Promise<string>} bodyOf the body of a successful response; rejects for any other
   */
  constructor(origin, send, bodyOf) {
    this.origin = origin;
    this.#send = send;
    this.#bodyOf = bodyOf;
  }

  /** @param {string} path @returns {Promise<Response>} the page */
  open(path) {
    return this.#send(path, {});
  }

  /**
   * Posts a form as a browser without JavaScript does.
   *
   * @param {string} path
   * @param {Record<string, string>} form
   * @returns {Promise<Response>} whatever its status
   */
  post(path, form = {}) {
    return this.#send(path, { method: "POST", form, headers: { Origin: this.origin } });
  }

  /**
   * Creates a session, even if the repository has others.
   *
   * @param {string} repository "owner/name"
   * @param {string} key the idempotency key
   * @param {{ task?: string, branch?: string }} more
   * @returns {Promise<Response>}
   */
  sendCreateForm(repository, key = randomUUID(), more = {}) {
    const [repoOwner = "", repoName = ""] = repository.split("/");
    return this.post("/dashboard/new", { key, repoOwner, repoName, another: repository, ...more });
  }

  /**
   * @param {string} id of a session
   * @param {string} text
   * @param {string} key the idempotency key
   * @returns {Promise<Response>}
   */
  sendMessageForm(id, text, key = randomUUID()) {
    return this.post(`/session/${id}`, { intent: "send", key, text });
  }

  /** @param {"archive" | "restore" | "keep"} change @param {string} id @returns {Promise<Response>} */
  sendChangeForm(change, id) {
    return this.post("/dashboard", { intent: `${change}:${id}` });
  }

  /** @param {string} id @returns {Promise<Response>} */
  sendDeleteForm(id) {
    return this.post(`/dashboard/delete?id=${id}`);
  }

  /**
   * Makes a token for an agent.
   *
   * @param {string} id of a session
   * @param {string} name of the agent
   * @returns {Promise<{ token: string, page: string }>} the page is the one that shows the token
   * @throws {Error} if there is no token on the page
   */
  async connectAgent(id, name) {
    const form = { intent: "connect", key: randomUUID(), name };
    const page = await this.#bodyOf(await this.post(`/session/${id}`, form));
    const [token] = /ship_[0-9a-f]{64}/.exec(page) ?? [];
    if (!token) throw new Error(`No token was made for ${name}.`);
    return { token, page };
  }

  /**
   * @param {string} query of the list's page, with its "?"
   * @returns {Promise<ListPage>} the data of the page
   * @throws if the page is an error
   */
  async listPage(query = "") {
    return /** @type {ListPage} */ (await this.#load(`/dashboard${query}`, "routes/dashboard"));
  }

  /** @returns {Promise<string>} the id of the active session with the newest activity @throws {Error} if there is none */
  async newestSession() {
    const [newest] = (await this.listPage("?status=active")).sessions;
    if (!newest) throw new Error("There is no session on the list.");
    return newest.id;
  }

  /**
   * @param {string} id
   * @param {string} query of the session's page, with its "?"
   * @returns {Promise<ConversationPage>} the conversation in the data of the page
   * @throws if the page is an error
   */
  async conversation(id, query = "") {
    const data = await this.#load(`/session/${id}${query}`, "routes/session.$id");
    return /** @type {{ conversation: ConversationPage }} */ (data).conversation;
  }

  /**
   * @param {string} path
   * @param {string} route Remix's id of the route
   * @returns {Promise<unknown>} the data of its loader
   */
  async #load(path, route) {
    const url = new URL(path, this.origin);
    url.searchParams.set("_data", route);
    return JSON.parse(await this.#bodyOf(await this.open(url.pathname + url.search)));
  }
}

/**
 * Signs in over fetch.
 *
 * @param {string} origin of a running Ship on this machine
 * @param {string} name
 * @returns a client that follows no redirects, with the person's name and their cookie as the header has it
 * @throws {Error} if Ship does not accept the name, or does not respond in time
 */
export async function signIn(origin, name) {
  let cookie = "";
  const client = new ShipClient(origin, send, bodyOf);
  const answer = await client.post("/login", { name });
  if (!answer.cookie)
    throw new Error(`${origin} does not sign in “${name}”: ${complaintOf(answer.body)}`);
  cookie = answer.cookie;
  return Object.assign(client, { name, cookie });

  /** @param {string} path @param {RequestOptions} options @returns {Promise<Answer>} */
  async function send(path, { method, form, headers }) {
    const response = await fetch(origin + path, {
      ...(method && { method }),
      ...(form && { body: new URLSearchParams(form) }),
      headers: { ...headers, ...(cookie && { Cookie: cookie }) },
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    });
    if (response.headers.get("Location")?.startsWith("/login")) throw new Error("Signed out.");
    return {
      status: response.status,
      body: await response.text(),
      cookie: cookieOf(response, "ship_auth"),
      flash: flashOf(response),
      wait: Number(response.headers.get("Retry-After")) * 1000,
    };
  }
}

/** @param {Answer} answer */
async function bodyOf({ status, body }) {
  if (status >= 300) throw new Error(`${status} ${body}`);
  return body;
}

/** @param {string} page @returns {string} the error that the page shows */
export function complaintOf(page) {
  const [, alert] = /(?:role="alert"|id="[^"]*-error")[^>]*>([^<]+)/.exec(page) ?? [];
  return alert ?? (page.startsWith("<") ? "it does not say why." : page);
}

/**
 * @param {Response} response
 * @param {string} name
 * @returns {string | undefined} "name=value" of a cookie that is set
 */
function cookieOf(response, name) {
  const set = response.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`));
  return set?.split(";")[0];
}

/** @param {Response} response @returns {string | undefined} */
function flashOf(response) {
  const cookie = cookieOf(response, "ship_flash");
  if (!cookie) return undefined;
  const [value = ""] = decodeURIComponent(cookie.replace("ship_flash=", "")).split(".");
  return JSON.parse(Buffer.from(value, "base64").toString()).text;
}

// @ts-check
/** Ship as a browser uses it, for the commands that drive a running one: signs in by name, posts forms, reads pages. */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} body
 * @property {string | undefined} flash  what the next page will say
 * @property {number} wait  how long to wait before asking again, in milliseconds, where that was too much
 *
 * @typedef {object} ListPage
 * @property {{ id: string, repository: string }[]} sessions
 * @property {string | null} older  the cursor of the next page, if there is one
 *
 * @typedef {object} ConversationPage
 * @property {string} state
 * @property {{ id: number, client_key: string, text: string }[]} messages  oldest first; none unless it is "ready"
 *
 * @typedef {Awaited<ReturnType<typeof signIn>>} Client
 */

/** An answer that takes longer is a missing one. */
const PATIENCE = 30_000;

/**
 * @param {string} origin of a running Ship on this machine
 * @param {string} name
 * @throws where it takes no such name
 */
export async function signIn(origin, name) {
  /**
   * @param {string} path
   * @param {RequestInit} request
   * @param {string} [cookie]
   */
  const send = async (path, request, cookie) => {
    const answer = await fetch(origin + path, {
      ...request,
      headers: { Origin: origin, ...(cookie && { Cookie: cookie }) },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.headers.get("Location")?.startsWith("/login")) throw new Error("Signed out.");
    return answer;
  };

  const signedIn = await send("/login", { method: "POST", body: new URLSearchParams({ name }) });
  const page = await signedIn.text();
  const cookie = cookieOf(signedIn, "ship_auth");
  if (!cookie) throw new Error(`${origin} does not sign in “${name}”: ${complaintOf(page)}`);

  /**
   * @param {string} path
   * @param {string} route by Remix's name for it
   * @returns {Promise<unknown>} what the route's loader gives to the page
   */
  const load = async (path, route) => {
    const url = new URL(path, origin);
    url.searchParams.set("_data", route);
    const answer = await send(url.pathname + url.search, {}, cookie);
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`);
    return JSON.parse(body);
  };

  return {
    name,
    /** What signs its requests in, as the header says it. */
    cookie,

    /**
     * Posts a form, as a browser without JavaScript does.
     *
     * @param {string} path
     * @param {Record<string, string>} fields
     * @returns {Promise<Answer>} once all of it was read
     */
    async post(path, fields) {
      const answer = await send(
        path,
        { method: "POST", body: new URLSearchParams(fields) },
        cookie,
      );
      const wait = Number(answer.headers.get("Retry-After")) * 1000;
      return { status: answer.status, body: await answer.text(), flash: flashOf(answer), wait };
    },

    /**
     * @param {string} path
     * @returns {Promise<Answer>} a whole page, once all of it was read
     */
    async open(path) {
      const answer = await send(path, {}, cookie);
      return { status: answer.status, body: await answer.text(), flash: undefined, wait: 0 };
    },

    /**
     * @param {string} query of the list's page, with its "?"
     * @returns {Promise<ListPage>} what the page is given
     * @throws where it is an error
     */
    async list(query = "") {
      return /** @type {ListPage} */ (await load(`/dashboard${query}`, "routes/dashboard"));
    },

    /** @returns {Promise<string>} the id of the session on top of the list @throws where there is none */
    async newestSession() {
      const [newest] = (await this.list()).sessions;
      if (!newest) throw new Error(`${name} has no session.`);
      return newest.id;
    },

    /**
     * @param {string} id
     * @param {string} query of the session's page, with its "?"
     * @returns {Promise<ConversationPage>} what the page is given of the conversation
     * @throws where it is an error
     */
    async conversation(id, query = "") {
      const page = await load(`/session/${id}${query}`, "routes/session.$id");
      return /** @type {{ conversation: ConversationPage }} */ (page).conversation;
    },
  };
}

/**
 * Posts the form that creates a session, whatever other sessions the repository has.
 *
 * @param {Client} client
 * @param {string} key the form's: with the same key it makes the same session
 * @param {string} repoOwner
 * @param {string} repoName
 */
export function createSession(client, key, repoOwner, repoName) {
  const another = `${repoOwner}/${repoName}`;
  return client.post("/dashboard/new", { key, repoOwner, repoName, another });
}

/**
 * @param {string} page
 * @returns {string} what it complains about
 */
export function complaintOf(page) {
  const [, alert] = /(?:role="alert"|id="[^"]*-error")[^>]*>([^<]+)/.exec(page) ?? [];
  return alert ?? (page.startsWith("<") ? "it does not say why." : page);
}

/**
 * @param {Response} answer
 * @param {string} name
 * @returns {string | undefined} "name=value" of a cookie that an answer sets
 */
function cookieOf(answer, name) {
  const set = answer.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`));
  return set?.split(";")[0];
}

/**
 * @param {Response} answer
 * @returns {string | undefined}
 */
function flashOf(answer) {
  const cookie = cookieOf(answer, "ship_flash");
  if (!cookie) return undefined;
  const [value = ""] = decodeURIComponent(cookie.replace("ship_flash=", "")).split(".");
  return JSON.parse(Buffer.from(value, "base64").toString()).text;
}

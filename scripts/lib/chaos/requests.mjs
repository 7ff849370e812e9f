// @ts-check
/** Sends the requests of `npm run chaos`, and records their responses in the journal. */
import { begun, blame, journal, textOf } from "./journal.mjs";

/**
 * @typedef {import("../client.mjs").Client} Client
 * @typedef {import("../client.mjs").Answer} Answer
 * @typedef {import("./journal.mjs").Operation} Operation
 * @typedef {import("./journal.mjs").Session} Session
 */

const OWNER = "chaos";

/** The response of wrangler's own proxy to a POST if its connection to workerd broke; it is not Ship's. */
const CONNECTION_LOST = "Your worker restarted mid-request";

/**
 * Sends an operation, for the first time or again, and records the response.
 *
 * @param {Session} session
 * @param {Operation} operation
 * @param {() => Promise<Answer>} post
 */
export async function send(session, operation, post) {
  const sent = Date.now();
  if (!session.operations.includes(operation)) session.operations.push(operation);
  const answer = await ask(`${operation.kind} ${session.repository}`, post);
  if (!operation.acknowledged) operation.ended = Date.now();
  if (!answer) operation.doubted = true;
  else if (answer.status === 302) acknowledge(session, operation, sent, answer);
  // Too many messages for one minute: refused, which is no fault; it may be sent again.
  else if (answer.status === 429) return;
  else if (operation.kind === "delete" || !begun(session, "delete")) {
    blame("lost", `${session.id ?? session.repository}: ${operation.kind} met ${answer.status}`);
  }
}

/**
 * @param {Session} session
 * @param {Operation} operation
 * @param {number} sent
 * @param {Answer} answer
 */
function acknowledge(session, operation, sent, { flash = "" }) {
  operation.acknowledged = true;
  if (operation.kind === "delete") {
    // "Deleting is under way" means that it is deleted later; the other messages mean now.
    if (!flash.includes("under way")) session.gone ??= Date.now();
  } else if (session.gone !== undefined && session.gone < sent) {
    blame("back", `${session.id}: ${operation.kind} succeeded after it was deleted`);
  }
}

/**
 * @param {string} what
 * @param {() => Promise<Answer>} request
 * @returns {Promise<Answer | undefined>} undefined if the response is missing or a 5xx, so that the outcome is in doubt
 */
async function ask(what, request) {
  const answer = await request().catch((/** @type {Error} */ error) => error);
  if (!(answer instanceof Error) && answer.status < 500) return answer;
  const text =
    answer instanceof Error
      ? `${answer.message} ${answer.cause}`
      : `${answer.status} ${answer.body.slice(0, 100)}`;
  if (!journal.killed && !text.includes(CONNECTION_LOST)) blame("failures", `${what}: ${text}`);
  return undefined;
}

/**
 * Sends a create form, and reads the id of the created session from the list.
 *
 * @param {Client} client
 * @param {Session} session
 */
export async function create(client, session) {
  const { form } = session;
  const name = `${OWNER}/${session.repository}`;
  await send(session, form, () => client.sendCreateForm(name, form.key));
  if (!form.acknowledged || session.id) return;
  const listed = await listSessions(client, "active").catch(() => undefined);
  session.id ??= listed?.find(({ repository }) => repository === name)?.id;
  if (listed && !session.id) blame("lost", `${session.repository}: created, but not on the list`);
}

/**
 * @param {Client} client
 * @param {"active" | "archived"} status
 * @returns {Promise<{ id: string, repository: string }[]>} the sessions on every page of the list
 * @throws if a page is an error
 */
export async function listSessions(client, status) {
  const listed = [];
  let cursor = "";
  do {
    const page = await client.listPage(`?status=${status}${cursor}`);
    listed.push(...page.sessions);
    cursor = page.older ? `&cursor=${page.older}` : "";
  } while (cursor);
  return listed;
}

/**
 * Sends a message.
 *
 * @param {Client} client
 * @param {Session} session
 * @param {Operation} message
 */
export function append(client, session, message) {
  const { id = "" } = session;
  return send(session, message, () => client.sendMessageForm(id, textOf(message), message.key));
}

/**
 * Opens a session's page, which must exist unless its deletion was begun.
 *
 * @param {Client} client
 * @param {Session} session
 */
export async function open(client, session) {
  const page = await ask(`open ${session.id}`, () => client.open(`/session/${session.id}`));
  const expected = page?.status === 200 || (page?.status === 404 && begun(session, "delete"));
  if (page && !expected) blame("unopened", `${session.id}: opened with ${page.status}`);
}

// @ts-check
/** A session with agents, for the bench. */
import { randomUUID } from "node:crypto";
import { signIn } from "../scripts/lib/client.mjs";

/** The limit of requests for one token. */
export const REQUESTS_PER_MINUTE = 120;

/**
 * @typedef {import("../scripts/lib/client.mjs").Client} Client
 * @typedef {{ origin: string, client: Client, id: string }} Session
 */

/**
 * Signs in and creates a session.
 *
 * @param {string} origin
 * @param {string} name
 * @returns {Promise<Session>} the only one of a new person with that name
 */
export async function newSession(origin, name) {
  const client = await signIn(origin, name);
  await client.sendCreateForm("acme/service");
  return { origin, client, id: await client.newestSession() };
}

/** Creates tokens. @param {Session} session @param {number} count @returns {Promise<string[]>} the tokens */
export async function connectAgents({ client, id }, count) {
  const connect = async () => (await client.connectAgent(id, "bench")).token;
  return Promise.all(Array.from({ length: count }, connect));
}

/**
 * Reports a text or a status as an agent.
 *
 * @param {Session} session
 * @param {string} token
 * @param {{ text?: string, status?: string }} fields
 * @throws if it is refused
 */
export async function report({ origin, id }, token, fields) {
  const answer = await fetch(`${origin}/session/${id}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ ...fields, key: randomUUID() }),
  });
  await answer.text();
  if (answer.status !== 201) throw new Error(`A report was not taken: ${answer.status}`);
}

/**
 * Sends a message with the form as Remix's client does, so that the response is not a page.
 *
 * @param {Session} session
 * @param {string} text
 * @throws if it is refused
 */
export async function send({ client, id }, text) {
  const fields = { intent: "send", key: randomUUID(), text };
  const { status } = await client.post(`/session/${id}?_data=routes%2Fsession.%24id`, fields);
  if (status !== 204) throw new Error(`A message was not taken: ${status}`);
}

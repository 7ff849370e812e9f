// @ts-check
/**
 * A stand-in for GitHub over real HTTP, as its documentation describes it: the web flow of a GitHub App with PKCE and
 * expiring tokens, and the parts of the REST API that Ship uses. As on an Enterprise Server, the API is below /api/v3.
 *
 * Tests create a person by PUT /_people/<login> (a Person), and set how GitHub behaves towards them (`fault`);
 * DELETE /_people/<login>/tokens revokes their tokens at GitHub; GET counts the valid tokens, and lists the requests to
 * the API.
 *
 * node tests/support/github.mjs PORT CLIENT_ID CLIENT_SECRET
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

/**
 * For an account that has installed the app, `repositories` are those that it has connected; for other accounts, those
 * that the person can see. `unselected` are repositories that exist, but were not selected when connecting.
 *
 * @typedef {{ name: string, private?: boolean, archived?: boolean, pushed_at?: string | null }} Repository
 * @typedef {{ account: string, suspended?: boolean, repositories: Repository[], unselected?: Repository[] }} Installation
 * @typedef {"down" | "slow" | "limited" | null} Fault
 * @typedef {{
 *   name?: string | null, installations?: Installation[], others?: Installation[], fault?: Fault, expiresIn?: number,
 *   delay?: number
 * }} Person  `delay`: milliseconds before each response of the API
 * @typedef {Required<Person> & { login: string, id: number }} KnownPerson
 * @typedef {{ status: number, body?: unknown, headers?: Record<string, string> }} Answer
 */

const [port, clientId, clientSecret] = process.argv.slice(2);
const ORIGIN = `http://localhost:${port}`;

/** @type {Map<string, KnownPerson>} by login */
const people = new Map();
/** @type {Map<string, { login: string, challenge: string, redirectUri: string }>} */
const codes = new Map();
/** @type {Map<string, { login: string, expires: number }>} */
const accessTokens = new Map();
/** @type {Map<string, string>} the login that a refresh token belongs to */
const refreshTokens = new Map();
/** @type {Map<string, string[]>} the requests to the API, by login */
const asked = new Map();
/** @type {Map<string, number>} the numbers of accounts and repositories, by name */
const numbers = new Map();

/** @param {string} login @param {Person} known */
function putPerson(login, known) {
  const before = people.get(login);
  people.set(login, {
    login,
    id: before?.id ?? randomInt(1, 2 ** 40),
    name: null,
    installations: [],
    others: [],
    delay: 0,
    fault: null,
    expiresIn: 28_800,
    ...before,
    ...known,
  });
}

/** @param {URL} url @returns {Answer} the page that asks whether to let the app in */
function authorizePage(url) {
  const asked = Object.fromEntries(url.searchParams);
  const right = asked.client_id === clientId && asked.code_challenge_method === "S256";
  if (!right || !asked.redirect_uri || !asked.code_challenge) return { status: 404 };
  const page = `<!DOCTYPE html><html lang="en"><title>Authorize Ship</title><link rel="icon" href="data:,"><h1>Authorize Ship</h1>
    <form method="post"><label>Login <input name="login"></label>
    <button name="answer" value="authorize">Authorize</button>
    <button name="answer" value="cancel">Cancel</button></form></html>`;
  return { status: 200, body: page, headers: { "Content-Type": "text/html" } };
}

/** @param {URL} url @param {URLSearchParams} form @returns {Answer} the redirect back to the app */
function authorize(url, form) {
  const asked = url.searchParams;
  const back = new URL(asked.get("redirect_uri") ?? "");
  back.searchParams.set("state", asked.get("state") ?? "");
  const login = form.get("login") ?? "";
  if (form.get("answer") === "authorize" && people.has(login)) {
    const code = randomBytes(10).toString("hex");
    const challenge = asked.get("code_challenge") ?? "";
    codes.set(code, { login, challenge, redirectUri: asked.get("redirect_uri") ?? "" });
    back.searchParams.set("code", code);
  } else {
    back.searchParams.set("error", "access_denied");
    back.searchParams.set("error_description", "The user has denied your application access.");
  }
  return { status: 302, headers: { Location: back.href } };
}

/** @param {string | undefined} authorization @param {URLSearchParams} form @returns {Answer} */
function giveTokens(authorization, form) {
  if (authorization !== basic()) {
    return refused("incorrect_client_credentials", "The client_id and/or client_secret are wrong.");
  }
  const login =
    form.get("grant_type") === "refresh_token" ? spendRefreshToken(form) : spendCode(form);
  if (!login) {
    return form.get("grant_type") === "refresh_token"
      ? refused("bad_refresh_token", "The refresh token passed is incorrect or expired.")
      : refused("bad_verification_code", "The code passed is incorrect or expired.");
  }
  const person = /** @type {KnownPerson} */ (people.get(login));
  const access_token = `ghu_${randomBytes(18).toString("hex")}`;
  const refresh_token = `ghr_${randomBytes(38).toString("hex")}`;
  accessTokens.set(access_token, { login, expires: Date.now() + person.expiresIn * 1000 });
  refreshTokens.set(refresh_token, login);
  const { expiresIn: expires_in } = person;
  const rest = { refresh_token_expires_in: 15_897_600, token_type: "bearer", scope: "" };
  return { status: 200, body: { access_token, expires_in, refresh_token, ...rest } };
}

/** @param {URLSearchParams} form @returns {string | undefined} the login, if the code is valid and not used yet */
function spendCode(form) {
  const code = form.get("code") ?? "";
  const given = codes.get(code);
  codes.delete(code);
  const verifier = createHash("sha256").update(form.get("code_verifier") ?? "");
  const proven = given?.challenge === verifier.digest("base64url");
  return proven && given.redirectUri === form.get("redirect_uri") ? given.login : undefined;
}

/** @param {URLSearchParams} form @returns {string | undefined} */
function spendRefreshToken(form) {
  const token = form.get("refresh_token") ?? "";
  const login = refreshTokens.get(token);
  refreshTokens.delete(token);
  return login;
}

/**
 * The OAuth endpoint refuses with status 200, as GitHub does.
 *
 * @param {string} error
 * @param {string} description
 * @returns {Answer}
 */
function refused(error, description) {
  const error_uri = "https://docs.github.com/apps/oauth-apps/troubleshooting";
  return { status: 200, body: { error, error_description: description, error_uri } };
}

/**
 * @param {string} method
 * @param {URL} url
 * @param {string | undefined} authorization
 * @param {string} body
 * @returns {Answer}
 */
function answerApi(method, url, authorization, body) {
  const path = url.pathname.slice("/api/v3".length);
  if (method === "DELETE" && path === `/applications/${clientId}/grant`) {
    return authorization?.toLowerCase() === basic().toLowerCase()
      ? revoke(JSON.parse(body))
      : problem(404, "Not Found");
  }
  const person = bearer(authorization);
  if (!person) return problem(401, "Bad credentials");
  if (method !== "GET") return problem(404, "Not Found");
  if (path === "/user") return { status: 200, body: userOf(person) };
  asked.set(person.login, [...(asked.get(person.login) ?? []), path]);
  if (path === "/user/installations") {
    return paged(url, "installations", person.installations.map(installationOf));
  }
  if (path === "/search/repositories") return search(url, person);
  const [, owner = "", name = ""] = /^\/repos\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const named = visible(person).find(({ full_name }) => same(full_name, `${owner}/${name}`));
  if (named) return { status: 200, body: named };
  const [, index] = /^\/user\/installations\/(\d+)\/repositories$/.exec(path) ?? [];
  const installation = person.installations[Number(index) - 1];
  if (!installation) return problem(404, "Not Found");
  const repositories = installation.repositories.map((repository) =>
    repositoryOf(installation.account, repository),
  );
  return paged(url, "repositories", repositories);
}

/** @param {KnownPerson} person @returns what both they and the app can see: public repositories, and connected ones */
function visible({ installations, others }) {
  return [
    ...installations.flatMap(({ account, repositories, unselected = [] }) => [
      ...repositories.map((repository) => repositoryOf(account, repository)),
      ...unselected.filter((one) => !one.private).map((one) => repositoryOf(account, one)),
    ]),
    ...others.flatMap(({ account, repositories }) =>
      repositories.filter((one) => !one.private).map((one) => repositoryOf(account, one)),
    ),
  ];
}

/**
 * Finds whole words of a name, as GitHub's search does.
 *
 * @param {URL} url
 * @param {KnownPerson} person
 * @returns {Answer}
 */
function search(url, person) {
  const terms = (url.searchParams.get("q") ?? "").split(" ");
  const users = terms.filter((term) => term.startsWith("user:")).map((term) => term.slice(5));
  const words = terms.filter((term) => !term.includes(":"));
  const sought = visible(person).filter(({ owner }) =>
    users.some((user) => same(user, owner.login)),
  );
  if (sought.length === 0) return problem(422, "Validation Failed");
  const found = sought
    .filter(({ archived }) => !archived || !terms.includes("archived:false"))
    .filter(({ name }) => {
      const parts = name.toLowerCase().split(/[^a-z0-9]+/);
      return words.every((word) => parts.includes(word.toLowerCase()) || same(word, name));
    })
    .sort(
      (a, b) => Date.parse(b.pushed_at ?? "1970-01-01") - Date.parse(a.pushed_at ?? "1970-01-01"),
    );
  return paged(url, "items", found);
}

/** @param {string} one @param {string} other */
function same(one, other) {
  return one.toLowerCase() === other.toLowerCase();
}

/** @param {{ access_token?: string }} body @returns {Answer} */
function revoke({ access_token }) {
  const known = accessTokens.get(access_token ?? "");
  if (!known) return problem(404, "Not Found");
  revokeAll(known.login);
  return { status: 204 };
}

/** @param {string} login */
function revokeAll(login) {
  for (const [token, held] of accessTokens) if (held.login === login) accessTokens.delete(token);
  for (const [token, held] of refreshTokens) if (held === login) refreshTokens.delete(token);
}

/** @param {string} method @param {URL} url @param {string} body @returns {Answer} to requests of tests */
function answerTest(method, url, body) {
  const [, , login = ""] = url.pathname.split("/");
  if (method === "PUT") putPerson(login, JSON.parse(body));
  if (method === "DELETE") revokeAll(login);
  const working = [...accessTokens.values(), ...refreshTokens.values()].filter(
    (held) => (typeof held === "string" ? held : held.login) === login,
  );
  return { status: 200, body: { tokens: working.length, asked: asked.get(login) ?? [] } };
}

/** @param {string | undefined} authorization */
function bearer(authorization) {
  const [, token = ""] = /^(?:bearer|token) (.+)$/i.exec(authorization ?? "") ?? [];
  const known = accessTokens.get(token);
  return known && known.expires > Date.now() ? people.get(known.login) : undefined;
}

/** @param {KnownPerson} person */
function userOf({ id, login, name }) {
  const avatar_url = `${ORIGIN}/avatars/u/${id}`;
  return { id, login, name, avatar_url, type: "User", site_admin: false };
}

/** @param {string} name of an account or a repository */
function numberOf(name) {
  numbers.set(name, numbers.get(name) ?? numbers.size + 1);
  return numbers.get(name);
}

/** @param {Installation} installation @param {number} index */
function installationOf({ account, suspended, unselected }, index) {
  return {
    id: index + 1,
    account: { login: account, id: numberOf(account), type: "Organization" },
    repository_selection: unselected ? "selected" : "all",
    app_slug: "ship",
    permissions: { metadata: "read" },
    suspended_at: suspended ? "2026-01-01T00:00:00Z" : null,
  };
}

/** @param {string} owner @param {Repository} repository */
function repositoryOf(owner, { name, private: isPrivate, archived, pushed_at }) {
  const full_name = `${owner}/${name}`;
  return {
    id: numberOf(full_name),
    name,
    full_name,
    private: isPrivate ?? false,
    archived: archived ?? false,
    pushed_at: pushed_at === undefined ? "2026-01-01T00:00:00Z" : pushed_at,
    owner: { login: owner, id: numberOf(owner) },
  };
}

/**
 * @param {URL} url
 * @param {string} name
 * @param {unknown[]} items
 * @returns {Answer} one page, with a Link header for the next
 */
function paged(url, name, items) {
  const size = Math.min(Number(url.searchParams.get("per_page") ?? 30), 100);
  const page = Number(url.searchParams.get("page") ?? 1);
  const next = new URL(url);
  next.searchParams.set("page", `${page + 1}`);
  /** @type {Record<string, string>} */
  const headers = page * size < items.length ? { Link: `<${next.href}>; rel="next"` } : {};
  const shown = items.slice((page - 1) * size, page * size);
  return { status: 200, body: { total_count: items.length, [name]: shown }, headers };
}

/** @param {number} status @param {string} message @returns {Answer} */
function problem(status, message) {
  const documentation_url = "https://docs.github.com/rest";
  return { status, body: { message, documentation_url, status: `${status}` } };
}

function basic() {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
}

/**
 * @param {string | undefined} authorization
 * @param {string} body
 * @returns {Fault} the fault set for the person that a request is about
 */
function faultOf(authorization, body) {
  const form = new URLSearchParams(body);
  const [, revoked = ""] = /"access_token":"([^"]+)"/.exec(body) ?? [];
  const login =
    codes.get(form.get("code") ?? "")?.login ??
    refreshTokens.get(form.get("refresh_token") ?? "") ??
    accessTokens.get(revoked)?.login;
  const person = login ? people.get(login) : bearer(authorization);
  return person?.fault ?? null;
}

/** @param {import("node:http").IncomingMessage} request @param {string} body @returns {Answer | "silence"} */
function answer(request, body) {
  const url = new URL(request.url ?? "/", ORIGIN);
  const { authorization } = request.headers;
  const route = `${request.method} ${url.pathname}`;
  if (url.pathname.startsWith("/_people/")) return answerTest(request.method ?? "", url, body);
  if (url.pathname.startsWith("/avatars/")) {
    const picture = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>';
    return { status: 200, body: picture, headers: { "Content-Type": "image/svg+xml" } };
  }
  const form = new URLSearchParams(body);
  const fault = faultOf(authorization, body);
  if (fault === "slow") return "silence";
  if (fault === "down") return { status: 503, body: "Unicorn!" };
  if (fault === "limited") {
    const limited = problem(403, "API rate limit exceeded for user ID 1.");
    return { ...limited, headers: { "x-ratelimit-remaining": "0" } };
  }
  if (route === "GET /login/oauth/authorize") return authorizePage(url);
  if (route === "POST /login/oauth/authorize") return authorize(url, form);
  if (route === "POST /login/oauth/access_token") return giveTokens(authorization, form);
  if (url.pathname.startsWith("/api/v3/")) {
    return answerApi(request.method ?? "", url, authorization, body);
  }
  return { status: 404 };
}

createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const given = answer(request, body);
  if (given === "silence") return;
  await setTimeout(bearer(request.headers.authorization)?.delay ?? 0);
  const { status, body: content, headers } = given;
  const isText = typeof content === "string";
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers });
  response.end(isText || content === undefined ? content : JSON.stringify(content));
}).listen(Number(port), "localhost");

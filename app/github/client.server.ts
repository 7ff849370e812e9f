/** Requests to GitHub or a GitHub Enterprise Server: OAuth and REST API, both with a timeout. */
import { Octokit } from "@octokit/core";
import { OAuth2Client, OAuth2RequestError, type OAuth2Tokens } from "arctic";
import { logError } from "../platform/log";

/** Time limit for all calls to GitHub during one request of a person, in milliseconds from the request's start. */
const GITHUB_TIMEOUT = 6_000;

/**
 * Why a request to GitHub failed.
 * - `refused`: GitHub rejected the code, token or request; a retry would fail too.
 * - `unavailable`: GitHub is down, slow or limits the rate; a later retry may succeed.
 */
export type GitHubProblem = "refused" | "unavailable";

/** Result of a request to GitHub. */
export type GitHubAnswer<Value> =
  { value: Value; problem?: undefined } | { value?: undefined; problem: GitHubProblem };

/** The bindings that requests to GitHub need, in the app and in Durable Objects. */
export type GitHubEnv = Pick<
  Env,
  | "DB"
  | "GITHUB_URL"
  | "GITHUB_API_URL"
  | "GITHUB_CLIENT_ID"
  | "GITHUB_CLIENT_SECRET"
  | "TOKEN_KEYS"
>;

/** A person's OAuth tokens. */
export interface GitHubTokens {
  access: string;
  /** When the access token expires, epoch milliseconds; null if it does not. */
  expiresAt: number | null;
  /** The refresh token, which can be exchanged once for a new pair; null if the access token does not expire. */
  refresh: string | null;
}

/** @returns whether a GitHub App is configured, and so sign-in with GitHub is offered */
export function offersGitHub(env: Env): boolean {
  return Boolean(env.GITHUB_CLIENT_ID && env.GITHUB_CLIENT_SECRET);
}

/** @returns whether an id is that of a person who signs in with GitHub */
export function isGitHubUser(userId: string): boolean {
  return userId.startsWith("github:");
}

/**
 * Builds a person's id. Every GitHub server numbers its accounts from 1, so the id has the host of an Enterprise
 * Server: otherwise a change of `GITHUB_URL` would give people the accounts of others.
 *
 * @param account GitHub's numeric id of the account
 * @returns `github:<number>` for github.com, `github:<number>@<host>` for other hosts
 */
export function gitHubUserId(env: Env, account: number): string {
  const { host } = new URL(env.GITHUB_URL);
  return host === "github.com" ? `github:${account}` : `github:${account}@${host}`;
}

/** @returns the URL of a page on GitHub */
export function gitHubPage(env: GitHubEnv, path: string): string {
  return new URL(path, env.GITHUB_URL).href;
}

/** @returns the URL of GitHub's page for connecting more repositories; null if GITHUB_APP_SLUG is not set */
export function connectPage(env: Env): string | null {
  const slug = env.GITHUB_APP_SLUG;
  return slug ? gitHubPage(env, `/apps/${slug}/installations/new`) : null;
}

/**
 * Creates the OAuth client of the GitHub App.
 *
 * @param redirectUri the callback URL; null for requests that do not redirect
 */
export function oauthClient(env: GitHubEnv, redirectUri: string | null): OAuth2Client {
  return new OAuth2Client(env.GITHUB_CLIENT_ID ?? "", env.GITHUB_CLIENT_SECRET ?? "", redirectUri);
}

/**
 * Exchanges a code or a refresh token for tokens.
 *
 * @param step name of the step in the log, in kebab case
 * @param now when the person's request began, epoch milliseconds
 * @param request sends the exchange
 */
export function askForTokens(
  step: string,
  now: number,
  request: () => Promise<OAuth2Tokens>,
): Promise<GitHubAnswer<GitHubTokens>> {
  return runWithTimeout(step, now, async (signal) => {
    const tokens = await Promise.race([request(), rejectOn(signal)]);
    // GitHub refuses with status 200 and an error in the body.
    if ("error" in tokens.data)
      throw new OAuth2RequestError(String(tokens.data.error), null, null, null);
    return {
      access: tokens.accessToken(),
      expiresAt:
        "expires_in" in tokens.data ? now + tokens.accessTokenExpiresInSeconds() * 1000 : null,
      refresh: tokens.hasRefreshToken() ? tokens.refreshToken() : null,
    };
  });
}

/**
 * Sends requests to GitHub's REST API.
 *
 * @param step name of the step in the log, in kebab case
 * @param authorization value of the Authorization header
 * @param now when the person's request began, epoch milliseconds
 * @param run sends the requests, with a client that aborts them at the time limit
 */
export function askApi<Value>(
  env: GitHubEnv,
  step: string,
  authorization: string,
  now: number,
  run: (api: Octokit) => Promise<Value>,
): Promise<GitHubAnswer<Value>> {
  return runWithTimeout(step, now, (signal) => {
    const api = new Octokit({
      baseUrl: env.GITHUB_API_URL,
      userAgent: "ship",
      request: { signal },
    });
    api.hook.before("request", (options) => {
      options.headers.authorization = authorization;
    });
    return run(api);
  });
}

/** Aborts `run` at the time limit, and turns errors into problems. Only `unavailable` is logged. */
async function runWithTimeout<Value>(
  step: string,
  now: number,
  run: (signal: AbortSignal) => Promise<Value>,
): Promise<GitHubAnswer<Value>> {
  const left = Math.max(0, now + GITHUB_TIMEOUT - Date.now());
  try {
    return { value: await run(AbortSignal.timeout(left)) };
  } catch (error) {
    if (isRefusal(error)) return { problem: "refused" };
    logError(step, error);
    return { problem: "unavailable" };
  }
}

/** 403 and 429 are not refusals, because GitHub uses them for its rate limits. */
function isRefusal(error: unknown): boolean {
  if (error instanceof OAuth2RequestError) return true;
  if (!(error instanceof Error && "status" in error)) return false;
  const status = Number(error.status);
  return status >= 400 && status < 500 && status !== 403 && status !== 429;
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });
}

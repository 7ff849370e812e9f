/** GitHub, or a GitHub Enterprise Server: as OAuth server and as API, both asked with a limit of time. */
import { Octokit } from "@octokit/core";
import { OAuth2Client, OAuth2RequestError, type OAuth2Tokens } from "arctic";
import { logError } from "../platform/log";

/** How long a person waits for all that one request of theirs asks of GitHub, in milliseconds. */
const GITHUB_TIMEOUT = 6_000;

/**
 * Why GitHub did not answer what was asked.
 * - `refused`: it does not accept the code or the token (any more); asking again changes nothing;
 * - `unavailable`: it is down, slow or limits the rate.
 */
export type GitHubProblem = "refused" | "unavailable";

/** What GitHub answered. */
export type GitHubAnswer<Value> =
  { value: Value; problem?: undefined } | { value?: undefined; problem: GitHubProblem };

/** What asking GitHub needs, in the app and in a person's object alike. */
export type GitHubEnv = Pick<
  Env,
  | "DB"
  | "GITHUB_URL"
  | "GITHUB_API_URL"
  | "GITHUB_CLIENT_ID"
  | "GITHUB_CLIENT_SECRET"
  | "TOKEN_KEYS"
>;

/** A person's access to GitHub. */
export interface GitHubTokens {
  access: string;
  /** When the access token ends, epoch milliseconds; null: never. */
  expiresAt: number | null;
  /** What a new pair is got with, once. */
  refresh: string | null;
}

/** @returns whether a GitHub App is configured */
export function offersGitHub(env: Env): boolean {
  return Boolean(env.GITHUB_CLIENT_ID && env.GITHUB_CLIENT_SECRET);
}

/** @returns whether a person signed in with GitHub, by their id */
export function isGitHubUser(userId: string): boolean {
  return userId.startsWith("github:");
}

/**
 * Each GitHub counts its accounts from 1, so an account of an Enterprise Server bears its host: nobody becomes somebody
 * else where `GITHUB_URL` is changed.
 *
 * @param account the number that GitHub knows a person by
 * @returns a person's id: `github:<number>` at github.com, `github:<number>@<host>` elsewhere
 */
export function gitHubUserId(env: Env, account: number): string {
  const { host } = new URL(env.GITHUB_URL);
  return host === "github.com" ? `github:${account}` : `github:${account}@${host}`;
}

/** @returns a page of GitHub, by its path */
export function gitHubPage(env: GitHubEnv, path: string): string {
  return new URL(path, env.GITHUB_URL).href;
}

/** @returns where a person connects more repositories; null where the app's name is not configured */
export function connectPage(env: Env): string | null {
  const slug = env.GITHUB_APP_SLUG;
  return slug ? gitHubPage(env, `/apps/${slug}/installations/new`) : null;
}

/** @param redirectUri where GitHub sends the person back to; null where nobody is sent anywhere */
export function oauthClient(env: GitHubEnv, redirectUri: string | null): OAuth2Client {
  return new OAuth2Client(env.GITHUB_CLIENT_ID ?? "", env.GITHUB_CLIENT_SECRET ?? "", redirectUri);
}

/** Exchanges a code or a refresh token for tokens. @param now when the person's request began, epoch milliseconds */
export function askForTokens(
  step: string,
  now: number,
  request: () => Promise<OAuth2Tokens>,
): Promise<GitHubAnswer<GitHubTokens>> {
  return ask(step, now, async (signal) => {
    const tokens = await Promise.race([request(), rejectOn(signal)]);
    // GitHub answers 200 to what it refuses, and says so in the body.
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
 * Asks the API.
 *
 * @param step what is being asked, in kebab case
 * @param authorization the header of that name
 * @param now when the person's request began, epoch milliseconds
 * @param question gets a client whose requests all end when the person's patience does
 */
export function askApi<Value>(
  env: GitHubEnv,
  step: string,
  authorization: string,
  now: number,
  question: (api: Octokit) => Promise<Value>,
): Promise<GitHubAnswer<Value>> {
  return ask(step, now, (signal) => {
    const api = new Octokit({
      baseUrl: env.GITHUB_API_URL,
      userAgent: "ship",
      request: { signal },
    });
    api.hook.before("request", (options) => {
      options.headers.authorization = authorization;
    });
    return question(api);
  });
}

async function ask<Value>(
  step: string,
  now: number,
  question: (signal: AbortSignal) => Promise<Value>,
): Promise<GitHubAnswer<Value>> {
  const left = Math.max(0, now + GITHUB_TIMEOUT - Date.now());
  try {
    return { value: await question(AbortSignal.timeout(left)) };
  } catch (error) {
    if (isRefusal(error)) return { problem: "refused" };
    logError(step, error);
    return { problem: "unavailable" };
  }
}

/** GitHub answers 403 and 429 to too many questions: that passes. */
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

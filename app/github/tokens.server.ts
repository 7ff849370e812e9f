/** A person's GitHub tokens: stored encrypted, refreshed when they expire, revoked when the person disconnects. */
import { sql } from "kysely";
import {
  read,
  statementBuilder,
  write,
  type Database,
  type Statement,
} from "../platform/database.server";
import { logEvent } from "../platform/log";
import { seal, unseal } from "../platform/seal.server";
import { accountStands } from "../platform/users.server";
import {
  askApi,
  askForTokens,
  gitHubPage,
  oauthClient,
  type GitHubAnswer,
  type GitHubEnv,
  type GitHubTokens,
} from "./client.server";

/** A row of `github_tokens`. */
export interface TokenRow {
  user_id: string;
  /** The access and the refresh token as JSON, encrypted by `seal` for this user. */
  sealed: string;
  /** When the access token expires, epoch milliseconds; null if it does not. */
  expires_at: number | null;
}

const tokenStatements = statementBuilder<{ github_tokens: TokenRow }>();

/** A token is refreshed this long before it expires, in milliseconds. */
const REFRESH_BEFORE = 60_000;

/** The waits before each read for tokens that a concurrent request may have stored, in milliseconds. */
const WAITS = [0, 250, 500, 1_000];

/**
 * Encrypts a person's tokens.
 *
 * @param now when the request for the tokens began, epoch milliseconds
 * @returns the statement that upserts them; it does nothing if the account is being deleted
 */
export async function saveTokens(
  env: GitHubEnv,
  userId: string,
  tokens: GitHubTokens,
  now: number,
): Promise<Statement> {
  const { sealed, expires_at } = await sealedRow(env, userId, tokens);
  return sql`
    INSERT INTO github_tokens (user_id, sealed, expires_at)
    SELECT ${userId}, ${sealed}, ${expires_at} WHERE ${accountStands(userId, now)}
    ON CONFLICT (user_id) DO UPDATE SET
      sealed = excluded.sealed, expires_at = excluded.expires_at`.compile(tokenStatements);
}

/** @returns a person's stored tokens, encrypted; undefined if they are not connected to GitHub */
export async function findTokens(d1: Database, userId: string): Promise<TokenRow | undefined> {
  const [[row]] = await read(d1, readTokens(userId));
  return row;
}

/**
 * Decrypts a person's access token, and refreshes it first if it expires within a minute.
 *
 * @param row from `findTokens`
 * @param now when the person's request began, epoch milliseconds
 * @returns a valid access token; `refused` if the person is not connected or GitHub rejects the refresh token
 */
export async function accessToken(
  env: GitHubEnv,
  row: TokenRow | undefined,
  now: number,
): Promise<GitHubAnswer<string>> {
  if (!row) return { problem: "refused" };
  const { access, refresh } = await unsealTokens(env, row);
  const isValid = row.expires_at === null || row.expires_at > now + REFRESH_BEFORE;
  if (access && isValid) return { value: access };
  return refresh ? renew(env, row, refresh, now) : { problem: "refused" };
}

/** Exchanges the refresh token, and stores the new tokens unless another request has replaced `row` meanwhile. */
async function renew(
  env: GitHubEnv,
  row: TokenRow,
  refresh: string,
  now: number,
): Promise<GitHubAnswer<string>> {
  const endpoint = gitHubPage(env, "/login/oauth/access_token");
  const renewed = await askForTokens("github-renew", now, () =>
    oauthClient(env, null).refreshAccessToken(endpoint, refresh, []),
  );
  if (renewed.problem === "unavailable") return renewed;
  if (renewed.value) {
    const { sealed, expires_at } = await sealedRow(env, row.user_id, renewed.value);
    const replaced = tokenStatements
      .updateTable("github_tokens")
      .set({ sealed, expires_at })
      .where("user_id", "=", row.user_id)
      .where("sealed", "=", row.sealed);
    await write(env.DB, [replaced.compile()]);
    return { value: renewed.value.access };
  }
  const replaced = await findReplaced(env, row);
  const { access } = replaced ? await unsealTokens(env, replaced) : {};
  return access ? { value: access } : renewed;
}

/**
 * Waits for the tokens that a concurrent request of the same person may be storing. A refresh token works only once, so
 * GitHub refuses the second request, possibly before the first one has stored its new tokens.
 *
 * @returns the tokens that replaced `row`; undefined if it was deleted or not replaced in time
 */
async function findReplaced(env: GitHubEnv, row: TokenRow): Promise<TokenRow | undefined> {
  for (const wait of WAITS) {
    await scheduler.wait(wait);
    const current = await findTokens(env.DB, row.user_id);
    if (current?.sealed !== row.sealed) return current;
  }
  return undefined;
}

/**
 * Revokes Ship's access to a person's GitHub account, then deletes the stored tokens.
 *
 * @param now when the person's request began, epoch milliseconds
 * @returns `revoked`; `forgotten` if the tokens were deleted but not revoked, because GitHub no longer accepted them;
 *   `not-connected` if no tokens were stored; `unavailable` if GitHub could not be reached, and nothing has changed
 */
export async function disconnect(
  env: GitHubEnv,
  userId: string,
  now: number,
): Promise<"revoked" | "forgotten" | "not-connected" | "unavailable"> {
  const row = await findTokens(env.DB, userId);
  if (!row) return "not-connected";
  const token = await accessToken(env, row, now);
  const revoked = token.problem ? token : await revoke(env, token.value, now);
  if (revoked.problem === "unavailable") return "unavailable";
  const forgotten = tokenStatements.deleteFrom("github_tokens").where("user_id", "=", userId);
  await write(env.DB, [forgotten.compile()]);
  logEvent("github-disconnected", { user: userId });
  return revoked.problem ? "forgotten" : "revoked";
}

/** Deletes the person's authorization of the app, which revokes all its tokens. */
function revoke(env: GitHubEnv, access: string, now: number) {
  const { GITHUB_CLIENT_ID: client_id = "", GITHUB_CLIENT_SECRET: secret = "" } = env;
  const basic = `basic ${btoa(`${client_id}:${secret}`)}`;
  return askApi(env, "github-revoke", basic, now, async (api) => {
    await api.request("DELETE /applications/{client_id}/grant", {
      client_id,
      access_token: access,
    });
  });
}

function readTokens(userId: string): Statement<TokenRow> {
  return tokenStatements
    .selectFrom("github_tokens")
    .selectAll()
    .where("user_id", "=", userId)
    .compile();
}

async function sealedRow(env: GitHubEnv, userId: string, tokens: GitHubTokens): Promise<TokenRow> {
  const { access, refresh, expiresAt } = tokens;
  const sealed = await seal(env.TOKEN_KEYS, JSON.stringify({ access, refresh }), userId);
  return { user_id: userId, sealed, expires_at: expiresAt };
}

/** @returns an empty object if the tokens cannot be decrypted, for example because their key was removed */
async function unsealTokens(
  env: GitHubEnv,
  { sealed, user_id }: TokenRow,
): Promise<Partial<Pick<GitHubTokens, "access" | "refresh">>> {
  const text = await unseal(env.TOKEN_KEYS, sealed, user_id);
  return text ? (JSON.parse(text) as GitHubTokens) : {};
}

/** A person's access to GitHub: kept encrypted, renewed when it ends, given back when they disconnect. */
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

export interface TokenRow {
  user_id: string;
  /** The access and the refresh token as JSON, encrypted for this user. */
  sealed: string;
  /** When the access token ends, epoch milliseconds; null: never. */
  expires_at: number | null;
}

const tokenStatements = statementBuilder<{ github_tokens: TokenRow }>();

/** A token that ends this soon, in milliseconds, is renewed before it is used. */
const SOON = 60_000;

/** When to look, in milliseconds after one another, for the tokens that another request of the same person was given. */
const LOOK_AFTER = [0, 250, 500, 1_000];

/**
 * @param now when the tokens were asked for, epoch milliseconds
 * @returns the statement that keeps a person's tokens, in place of those before
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

/** @returns a person's access to GitHub as it is kept; undefined where they are not connected */
export async function findTokens(d1: Database, userId: string): Promise<TokenRow | undefined> {
  const [[row]] = await read(d1, readTokens(userId));
  return row;
}

/**
 * @param row from `findTokens`
 * @param now when the person's request began, epoch milliseconds
 * @returns an access token that works for now, renewed if need be; `refused` where the person is not connected (any more)
 */
export async function accessToken(
  env: GitHubEnv,
  row: TokenRow | undefined,
  now: number,
): Promise<GitHubAnswer<string>> {
  if (!row) return { problem: "refused" };
  const { access, refresh } = await unsealTokens(env, row);
  const lasts = row.expires_at === null || row.expires_at > now + SOON;
  if (access && lasts) return { value: access };
  return refresh ? renew(env, row, refresh, now) : { problem: "refused" };
}

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
 * A refresh token works once, so another request of the same person may have used it a moment ago: GitHub then refuses
 * this one before the other has stored what it was given.
 *
 * @returns the tokens that took the place of `row`; undefined where none did
 */
async function findReplaced(env: GitHubEnv, row: TokenRow): Promise<TokenRow | undefined> {
  for (const wait of LOOK_AFTER) {
    await scheduler.wait(wait);
    const current = await findTokens(env.DB, row.user_id);
    if (current?.sealed !== row.sealed) return current;
  }
  return undefined;
}

/**
 * Revokes a person's access at GitHub, then forgets it.
 *
 * @returns `forgotten` where nothing was revoked, because what Ship had did not work any more; `not-connected` where it had
 *   nothing; `unavailable` where GitHub could not be asked, and nothing has changed
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

/** Ends the authorization as a whole, and with it all tokens that stem from it. */
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

/** @returns no tokens where they cannot be decrypted: their key was removed */
async function unsealTokens(
  env: GitHubEnv,
  { sealed, user_id }: TokenRow,
): Promise<Partial<Pick<GitHubTokens, "access" | "refresh">>> {
  const text = await unseal(env.TOKEN_KEYS, sealed, user_id);
  return text ? (JSON.parse(text) as GitHubTokens) : {};
}

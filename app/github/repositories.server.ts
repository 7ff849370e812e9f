/** The connected repositories: those of the GitHub App's installations that a person can reach. */
import { askApi, type GitHubAnswer } from "./client.server";

/** A repository that a session can be made for. */
export interface ConnectedRepository {
  owner: string;
  name: string;
  isPrivate: boolean;
}

/**
 * @param token the person's access token
 * @param owner only this account's repositories; undefined for all
 * @returns the repositories, newest push first; archived ones and those of suspended installations are left out
 */
export function connectedRepositories(
  env: Env,
  token: string,
  owner?: string,
): Promise<GitHubAnswer<ConnectedRepository[]>> {
  return askApi(env, "github-repositories", `bearer ${token}`, async (api) => {
    const installations = await api.paginate("GET /user/installations", { per_page: 100 });
    const wanted = installations.filter(
      ({ account, suspended_at }) =>
        !suspended_at && (owner === undefined || isAccount(account, owner)),
    );
    const lists = await Promise.all(
      wanted.map(({ id }) =>
        api.paginate("GET /user/installations/{installation_id}/repositories", {
          installation_id: id,
          per_page: 100,
        }),
      ),
    );
    return lists
      .flat()
      .filter(({ archived }) => !archived)
      .sort((a, b) => lastPush(b) - lastPush(a))
      .map(({ owner, name, private: isPrivate }) => ({ owner: owner.login, name, isPrivate }));
  });
}

/**
 * @param wanted "owner/name" in any case
 * @returns the connected repository of that name, by the letters that GitHub has; undefined where it is not connected
 */
export async function findConnected(
  env: Env,
  token: string,
  wanted: string,
): Promise<GitHubAnswer<ConnectedRepository | undefined>> {
  const answer = await connectedRepositories(env, token, wanted.split("/")[0]);
  if (answer.problem) return answer;
  const found = answer.value.find(
    ({ owner, name }) => `${owner}/${name}`.toLowerCase() === wanted.toLowerCase(),
  );
  return { value: found };
}

/** @returns epoch milliseconds; 0 where nothing was ever pushed */
function lastPush({ pushed_at }: { pushed_at: string | null }): number {
  return pushed_at === null ? 0 : Date.parse(pushed_at);
}

function isAccount(account: object | null, owner: string): boolean {
  return (
    account !== null &&
    "login" in account &&
    String(account.login).toLowerCase() === owner.toLowerCase()
  );
}

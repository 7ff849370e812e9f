/**
 * The connected repositories: those of the GitHub App's installations that a person can reach. An account may have
 * thousands, so nothing here reads all of them: a picker is offered some, and the one that was picked is asked for by name.
 */
import type { Octokit } from "@octokit/core";
import { inParallel } from "../platform/parallel";
import { askApi, type GitHubAnswer } from "./client.server";

/** A repository that a session can be made for. */
export interface ConnectedRepository {
  owner: string;
  name: string;
  isPrivate: boolean;
}

/** What a picker offers. */
export interface OfferedRepositories {
  /** Newest push first, a hundred at the most. */
  repositories: ConnectedRepository[];
  /** Whether these are all that there are, so that nobody needs to ask for others. */
  complete: boolean;
}

/** How many GitHub gives at once. */
const PAGE = 100;

/** How many answers a Worker waits for at a time. */
const AT_ONCE = 6;

/**
 * How many installations are listed, and how many pages in all beyond the first of each: a Worker may send 50 requests
 * on Cloudflare's free plan.
 */
const LISTED = { installations: 15, morePages: 12 };

/** What an account has connected: all its repositories, or selected ones. */
type Installation = Awaited<ReturnType<typeof readInstallations>>[number];

/** What GitHub's several answers say of a repository. */
interface GitHubRepository {
  id: number;
  owner: { id: number; login: string } | null;
  name: string;
  private: boolean;
  archived: boolean;
  pushed_at?: string | null;
}

/**
 * Of accounts with many repositories, GitHub's search finds those that match: by the words in a name, or by the whole of
 * "owner/name". Those of all other accounts are found by any part of "owner/name".
 *
 * @param token the person's access token
 * @param now when the person's request began, epoch milliseconds
 * @param find words, all of which are to be found; none for the repositories with the newest pushes
 * @returns connected repositories; archived ones and those of suspended installations are left out
 */
export function offerRepositories(
  env: Env,
  token: string,
  now: number,
  find: string,
): Promise<GitHubAnswer<OfferedRepositories>> {
  return askApi(env, "github-repositories", `bearer ${token}`, now, async (api) => {
    const installations = await readInstallations(api);
    const { known, large } = await listRepositories(api, installations);
    const [searched, byName] =
      large.length > 0
        ? await Promise.all([search(api, large, find), findByName(api, find, installations)])
        : [[], undefined];
    const found = [...known, ...searched, ...(byName ? [byName] : [])].filter(
      (repository) => !repository.archived && matches(repository, find),
    );
    const distinct = [...new Map(found.map((repository) => [repository.id, repository])).values()];
    const newest = distinct.sort((a, b) => lastPush(b) - lastPush(a)).slice(0, PAGE);
    return {
      repositories: newest.map(connected),
      complete: large.length === 0 && !find && newest.length === distinct.length,
    };
  });
}

/**
 * @param now when the person's request began, epoch milliseconds
 * @param wanted "owner/name" in any case
 * @returns the connected repository of that name, by the letters that GitHub has; undefined where it is not connected
 */
export function findConnected(
  env: Env,
  token: string,
  now: number,
  wanted: string,
): Promise<GitHubAnswer<ConnectedRepository | undefined>> {
  return askApi(env, "github-repository", `bearer ${token}`, now, async (api) => {
    const found = await findByName(api, wanted, await readInstallations(api));
    return found && connected(found);
  });
}

/** The installations that a person has access to, of their first hundred accounts; suspended ones are left out. */
async function readInstallations(api: Octokit) {
  const { data } = await api.request("GET /user/installations", { per_page: PAGE });
  return data.installations.filter(({ suspended_at }) => !suspended_at);
}

/** @returns the repository of that name if it is connected and not archived */
async function findByName(
  api: Octokit,
  wanted: string,
  installations: Installation[],
): Promise<GitHubRepository | undefined> {
  const [, owner, repo] = /^([\w-]+)\/(?!\.{1,2}$)([\w.-]+)$/.exec(wanted) ?? [];
  if (!owner || !repo) return undefined;
  const answer = await orUndefined(404, api.request("GET /repos/{owner}/{repo}", { owner, repo }));
  if (!answer || answer.data.archived) return undefined;
  return (await isConnected(api, answer.data, installations)) ? answer.data : undefined;
}

/**
 * With a person's token, GitHub shows private repositories only where both the app and the person have access, but public
 * ones always: of these, the installation of their owner says whether they are connected.
 *
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app#about-user-access-tokens
 */
async function isConnected(
  api: Octokit,
  repository: GitHubRepository,
  installations: Installation[],
): Promise<boolean> {
  const installation = installations.find(({ account }) => account?.id === repository.owner?.id);
  if (!installation) return false;
  if (repository.private || installation.repository_selection === "all") return true;
  const { known } = await listRepositories(api, [installation]);
  return known.some(({ id }) => id === repository.id);
}

/**
 * Lists what is connected, as far as that is little: the first page of an account that has connected all its
 * repositories, every page of selected ones.
 *
 * @returns the repositories, and the installations that have more than these
 */
async function listRepositories(
  api: Octokit,
  installations: Installation[],
): Promise<{ known: GitHubRepository[]; large: Installation[] }> {
  const read = ({ installation, page }: { installation: Installation; page: number }) =>
    readPage(api, installation, page);
  const first = installations
    .slice(0, LISTED.installations)
    .map((installation) => ({ installation, page: 1 }));
  const firstPages = await inParallel(first, AT_ONCE, read);
  const more = firstPages
    .filter(({ installation }) => installation.repository_selection === "selected")
    .flatMap(({ installation, total }) =>
      Array.from({ length: Math.ceil(total / PAGE) - 1 }, (_, index) => ({
        installation,
        page: index + 2,
      })),
    )
    .slice(0, LISTED.morePages);
  const pages = [...firstPages, ...(await inParallel(more, AT_ONCE, read))];
  const isWhole = ({ id }: Installation) => {
    const [first, ...others] = pages.filter(({ installation }) => installation.id === id);
    const listed = others.reduce((sum, page) => sum + page.repositories.length, 0);
    return first !== undefined && first.repositories.length + listed >= first.total;
  };
  return {
    known: pages.flatMap(({ repositories }) => repositories),
    large: installations.filter((installation) => !isWhole(installation)),
  };
}

async function readPage(
  api: Octokit,
  installation: Installation,
  page: number,
): Promise<{ installation: Installation; total: number; repositories: GitHubRepository[] }> {
  const { data } = await api.request("GET /user/installations/{installation_id}/repositories", {
    installation_id: installation.id,
    per_page: PAGE,
    page,
  });
  return { installation, total: data.total_count, repositories: data.repositories };
}

/** @returns what GitHub's search finds that is certainly connected, among the repositories of these installations */
async function search(
  api: Octokit,
  installations: Installation[],
  find: string,
): Promise<GitHubRepository[]> {
  const [, owner = "", words = ""] = /^(?:([^/]*)\/)?(.*)$/.exec(find) ?? [];
  const accounts = installations
    .map(({ account }) => (account && "login" in account ? account.login : ""))
    .filter((login) => login && login.toLowerCase().includes(owner.trim().toLowerCase()));
  if (accounts.length === 0) return [];
  const name = words.replace(/[^\w.-]+/g, " ").trim();
  const q = [
    ...(name ? [name, "in:name"] : []),
    "fork:true archived:false",
    ...accounts.map((login) => `user:${login}`),
  ].join(" ");
  // 422: none of these accounts has anything that may be searched.
  const answer = await orUndefined(
    422,
    api.request("GET /search/repositories", { q, sort: "updated", per_page: PAGE }),
  );
  const all = installations.filter(({ repository_selection }) => repository_selection === "all");
  const whole = new Set(all.map(({ account }) => account?.id));
  const found: GitHubRepository[] = answer?.data.items ?? [];
  return found.filter((one) => one.private || whole.has(one.owner?.id));
}

/** @returns undefined where GitHub answers with this status */
async function orUndefined<Answer>(
  status: number,
  request: Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === status) return undefined;
    throw error;
  }
}

function matches({ owner, name }: GitHubRepository, find: string): boolean {
  const fullName = `${owner?.login}/${name}`.toLowerCase();
  return find
    .toLowerCase()
    .split(/\s+/)
    .every((word) => fullName.includes(word));
}

function connected({ owner, name, private: isPrivate }: GitHubRepository): ConnectedRepository {
  return { owner: owner?.login ?? "", name, isPrivate };
}

/** @returns epoch milliseconds; 0 where nothing was ever pushed */
function lastPush({ pushed_at }: GitHubRepository): number {
  return pushed_at ? Date.parse(pushed_at) : 0;
}

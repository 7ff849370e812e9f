/**
 * The connected repositories: those of the GitHub App's installations that a person has access to. An account may have
 * thousands, so they are never all read: the picker is offered some, and the picked one is looked up by name.
 */
import type { Octokit } from "@octokit/core";
import { inParallel } from "../platform/parallel";
import { askApi, type GitHubAnswer } from "./client.server";

/** A repository that a session can be created for. */
export interface ConnectedRepository {
  owner: string;
  name: string;
  isPrivate: boolean;
}

/** The repositories that the picker offers. */
export interface OfferedRepositories {
  /** Latest push first, at most 100. */
  repositories: ConnectedRepository[];
  /** Whether these are all connected repositories, so that the page can search them without the server. */
  complete: boolean;
}

/** Page size of GitHub's lists: their maximum. */
const PAGE = 100;

/** How many requests are sent in parallel: a Worker's maximum. */
const AT_ONCE = 6;

/**
 * How many installations are listed, and how many pages in total beyond the first of each. On Cloudflare's free plan, a
 * Worker may send 50 requests.
 */
const LISTED = { installations: 15, morePages: 12 };

/** An account in which the GitHub App is installed, for all its repositories or for selected ones. */
type Installation = Awaited<ReturnType<typeof readInstallations>>[number];

/** The fields of a repository that Ship uses, common to GitHub's endpoints. */
interface GitHubRepository {
  id: number;
  owner: { id: number; login: string } | null;
  name: string;
  private: boolean;
  archived: boolean;
  pushed_at?: string | null;
}

/**
 * Searches the connected repositories: by any part of "owner/name" if an account has few repositories; otherwise with
 * GitHub's search, by whole words of the name, and by a complete "owner/name".
 *
 * @param token the person's access token
 * @param now when the person's request began, epoch milliseconds
 * @param find words that must all match; "" for the repositories with the latest pushes
 * @returns connected repositories, without archived ones and those of suspended installations
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
 * Looks up a connected repository by name.
 *
 * @param now when the person's request began, epoch milliseconds
 * @param wanted "owner/name", case-insensitive
 * @returns the repository, with its name spelled as on GitHub; undefined if it is not connected
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

/** Reads the installations that a person has access to (GitHub's first 100), without suspended ones. */
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
 * With a person's token, GitHub returns a private repository only if both the app and the person have access to it, but
 * any public one. So a public repository is connected only if it is part of its owner's installation.
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
 * Lists connected repositories, within the limits of `LISTED`: every page of an installation for selected repositories,
 * the first page of one for all repositories.
 *
 * @returns `known`: the repositories; `large`: the installations that were not listed completely
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
  const isComplete = ({ id }: Installation) => {
    const [first, ...others] = pages.filter(({ installation }) => installation.id === id);
    const listed = others.reduce((sum, page) => sum + page.repositories.length, 0);
    return first !== undefined && first.repositories.length + listed >= first.total;
  };
  return {
    known: pages.flatMap(({ repositories }) => repositories),
    large: installations.filter((installation) => !isComplete(installation)),
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

/**
 * Searches the repositories of these installations with GitHub's search.
 *
 * @returns those certainly connected: private ones, and public ones of an installation for all repositories
 */
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
  // 422: none of these accounts can be searched.
  const answer = await orUndefined(
    422,
    api.request("GET /search/repositories", { q, sort: "updated", per_page: PAGE }),
  );
  const all = installations.filter(({ repository_selection }) => repository_selection === "all");
  const whole = new Set(all.map(({ account }) => account?.id));
  const found: GitHubRepository[] = answer?.data.items ?? [];
  return found.filter((one) => one.private || whole.has(one.owner?.id));
}

/** @returns the response; undefined if GitHub responds with this error status */
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

/** @returns epoch milliseconds; 0 if there was no push yet */
function lastPush({ pushed_at }: GitHubRepository): number {
  return pushed_at ? Date.parse(pushed_at) : 0;
}

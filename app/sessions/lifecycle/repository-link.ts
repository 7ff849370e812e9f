import type { Repository } from "../protocol/session";

/** Longer texts are not matched: the patterns take time that grows with the square of the length. */
const ADDRESS_LENGTH = 2_000;

/** "octo/cat" */
const SHORT = /^[^/\s:]+\/[^/\s:]+\/?$/;
/** "git@github.com:octo/cat.git", which `git clone` takes. */
const SCP = /^[^@/\s]+@([^:/\s]+):(.+)$/;
/** "https://github.com/octo/cat", "ssh://git@github.com/octo/cat", and both without their scheme. */
const URL_LIKE = /^(?:[a-z+]+:\/\/)?(?:[^@/\s]+@)?([^/\s:]+\.[^/\s:]+|localhost)(?::\d+)?\/(.+)$/i;

/** What the address of a repository, or of something in it, says. */
interface RepositoryLink extends Repository {
  /** The branch that it shows, if it has "/tree/<branch>"; not checked. */
  branch: string | undefined;
}

/**
 * Reads the address of a repository, as people copy it: "octo/cat", a GitHub URL of a repository or of something in it (a
 * branch, a file, an issue, a pull request), or what `git clone` takes.
 *
 * @param text as it was typed or pasted
 * @param gitHubUrl GITHUB_URL; other hosts are not read
 * @returns undefined if it is no such address, such as an owner's name alone; the names are not checked
 */
export function parseRepositoryLink(text: string, gitHubUrl: string): RepositoryLink | undefined {
  const trimmed = text.trim();
  if (trimmed.length > ADDRESS_LENGTH) return undefined;
  const [, host, rest] = SCP.exec(trimmed) ?? URL_LIKE.exec(trimmed) ?? [];
  if (host === undefined) return fromPath(SHORT.test(trimmed) ? trimmed : "");
  return fromPath(isHostOf(host, gitHubUrl) ? (rest ?? "") : "");
}

/** @param path "owner/name", whatever comes behind it @returns undefined if one of them is missing */
function fromPath(path: string): RepositoryLink | undefined {
  const [owner, name, kind, ...rest] = (path.split(/[?#]/)[0] ?? "").split("/").filter(Boolean);
  if (!owner || !name) return undefined;
  const branch = kind === "tree" && rest.length > 0 ? decoded(rest.join("/")) : undefined;
  return { owner, name: name.replace(/\.git$/i, ""), branch };
}

/** @returns the text without percent-encoding; as it is if that is malformed */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isHostOf(host: string, gitHubUrl: string): boolean {
  return host.toLowerCase().replace(/^www\./, "") === new URL(gitHubUrl).hostname;
}

/** The fields of a form that ask for a repository. */
interface RepositoryFields {
  repoOwner?: string | undefined;
  repoName?: string | undefined;
  branch?: string | undefined;
}

/**
 * Splits an address that was typed or pasted into either field.
 *
 * @returns the same fields, with the owner and the name of the address in their places, and its branch if none was typed
 */
export function splitRepositoryFields<Fields extends RepositoryFields>(
  fields: Fields,
  gitHubUrl: string,
): Fields {
  const { repoOwner = "", repoName = "", branch = "" } = fields;
  const link =
    parseRepositoryLink(repoName, gitHubUrl) ?? parseRepositoryLink(repoOwner, gitHubUrl);
  if (!link) return fields;
  const { owner, name } = link;
  const found = link.branch && !branch.trim() ? { branch: link.branch } : {};
  return { ...fields, repoOwner: owner, repoName: name, ...found };
}

/** @returns the search for a repository whose address was typed or pasted; any other text as it is */
export function repositorySearch(text: string, gitHubUrl: string): string {
  const link = parseRepositoryLink(text, gitHubUrl);
  return link ? `${link.owner}/${link.name}` : text;
}

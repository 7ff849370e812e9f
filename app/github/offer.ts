/** What a person may choose a repository from. */
import type { GitHubProblem } from "./client.server";
import type { OfferedRepositories } from "./repositories.server";

/** Repositories to choose from, or why they are not known. */
export interface Offer extends OfferedRepositories {
  /** What was searched for. */
  find: string;
  problem: GitHubProblem | null;
  /** Where more repositories are connected; null where the app's name is not configured. */
  connectMore: string | null;
}

/** The longest search, in characters. */
export const FIND_LENGTH = 100;

export const GITHUB_PROBLEM: Record<GitHubProblem, string> = {
  refused: "Ship is not connected to GitHub for you any more.",
  unavailable: "GitHub did not answer.",
};

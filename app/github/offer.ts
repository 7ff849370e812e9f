/** The repositories offered in the dialog for a new session, as the server sends them to the page. */
import type { GitHubProblem } from "./client.server";
import type { OfferedRepositories } from "./repositories.server";

/** Repositories to choose from; none if there is a `problem`. */
export interface Offer extends OfferedRepositories {
  /** The search text that these repositories match. */
  find: string;
  problem: GitHubProblem | null;
  /** URL of GitHub's page for connecting more repositories; null if GITHUB_APP_SLUG is not set. */
  connectMore: string | null;
}

/** The longest search text, in characters. */
export const FIND_LENGTH = 100;

/** The message that a person sees for each problem. */
export const GITHUB_PROBLEM: Record<GitHubProblem, string> = {
  refused: "Ship is not connected to GitHub for you any more.",
  unavailable: "GitHub did not answer.",
};

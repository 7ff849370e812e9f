import type { GitHubEnv } from "../app/github/client.server";
import type { DeletionEnv } from "../app/sessions/lifecycle/deletion.server";

/** The bindings, vars and secrets of the companion Worker (durable-objects/wrangler.toml). Durations are in seconds. */
export interface CompanionEnv extends DeletionEnv, GitHubEnv {
  PERSON_DO: Env["PERSON_DO"];
  /** How long an active session may be idle until it is archived; 0: never archived. */
  AUTO_ARCHIVE_SECONDS: number;
  /** Who may use this Ship; the same value as in the Pages project. */
  ALLOWED_USERS: string;
  /** How often an object without changes compares itself with its row. */
  REPAIR_SECONDS: number;
}

import type { GitHubEnv } from "../app/github/client.server";
import type { DeletionEnv } from "../app/sessions/lifecycle/deletion.server";

/** The bindings and vars of durable-objects/wrangler.toml, and its secrets; durations in seconds. */
export interface CompanionEnv extends DeletionEnv, GitHubEnv {
  PERSON_DO: Env["PERSON_DO"];
  /** 0: never. */
  AUTO_ARCHIVE_SECONDS: number;
  /** The Pages project's: who may use this Ship. */
  ALLOWED_USERS: string;
  /** How often a quiet object compares itself with its row. */
  REPAIR_SECONDS: number;
}

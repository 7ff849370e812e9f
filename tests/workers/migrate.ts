/** Before each file of tests: its own, empty database at the newest migration. */
import { applyD1Migrations, env } from "cloudflare:test";

await applyD1Migrations(env.DB, env.MIGRATIONS);

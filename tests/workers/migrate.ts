/** Runs before each test file: gives it its own, empty database with all migrations applied. */
import { applyD1Migrations, env } from "cloudflare:test";

await applyD1Migrations(env.DB, env.MIGRATIONS);

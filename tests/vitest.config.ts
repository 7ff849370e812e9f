import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

export default defineConfig({
  test: {
    reporters: process.env.REPORT ? ["default", "json"] : ["default"],
    outputFile: { json: process.env.REPORT ?? "" },
    projects: [
      { test: { name: "unit", root, include: ["tests/unit/**/*.test.ts"] } },
      {
        plugins: [
          // The companion Worker's own config, with what the app has beside it: real D1, real Durable Objects.
          cloudflareTest(async () => ({
            wrangler: { configPath: `${root}durable-objects/wrangler.toml` },
            miniflare: {
              bindings: {
                ARCHIVE_WARNING_SECONDS: 259_200,
                CREATE_LIMIT_PER_MINUTE: 0,
                ACTIVE_SESSION_LIMIT: 0,
                MIGRATIONS: await readD1Migrations(`${root}migrations`),
              },
            },
          })),
        ],
        test: {
          name: "workers",
          root,
          include: ["tests/workers/**/*.test.ts"],
          setupFiles: ["tests/workers/migrate.ts"],
        },
      },
    ],
  },
});

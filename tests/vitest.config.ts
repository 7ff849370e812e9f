import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";
import { mutate } from "./mutants/mutate";

const root = new URL("..", import.meta.url).pathname;

/** The number and seed of the random sequences of the model-based tests: see tests/workers/model and tests/workers/runs. */
function modelOptions(variables: NodeJS.ProcessEnv) {
  const { MODEL_RUNS, RUNS_HISTORIES, MODEL_SEED, MODEL_PATH, MUTANT } = variables;
  return {
    runs: Number(MODEL_RUNS ?? 300),
    histories: Number(RUNS_HISTORIES ?? 40),
    ...(MODEL_SEED && { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH && { path: MODEL_PATH }),
    shrink: !MUTANT,
  };
}

export default defineConfig({
  test: {
    reporters: process.env.REPORT ? ["default", "json"] : ["default"],
    maxWorkers: 2, // by itself Vitest leaves a core free, which is half of two
    outputFile: { json: process.env.REPORT ?? "" },
    projects: [
      { test: { name: "unit", root, include: ["tests/unit/**/*.test.ts"] } },
      {
        plugins: [
          // The companion's own configuration, and the app's bindings in addition: real D1, real Durable Objects.
          cloudflareTest(async () => ({
            wrangler: { configPath: `${root}durable-objects/wrangler.toml` },
            miniflare: {
              bindings: {
                ALLOWED_USERS: "*",
                ARCHIVE_WARNING_SECONDS: 259_200,
                CREATE_LIMIT_PER_MINUTE: 0,
                ACTIVE_SESSION_LIMIT: 0,
                MIGRATIONS: await readD1Migrations(`${root}migrations`),
                MODEL: modelOptions(process.env),
              },
            },
          })),
          mutate(process.env.MUTANT),
        ],
        test: {
          name: "workers",
          root,
          include: ["tests/workers/**/*.test.ts"],
          setupFiles: [`${root}tests/workers/migrate.ts`],
        },
      },
      {
        test: {
          name: "mutants",
          root,
          include: ["tests/mutants/**/*.test.ts"],
          maxConcurrency: 2,
        },
      },
    ],
  },
});

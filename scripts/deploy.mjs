// @ts-check
/**
 * `npm run deploy`: deploys the database, the companion and the app, in this order, so that each is ready before
 * another needs it. Before that it checks for everything that could go wrong, and changes nothing until all checks
 * pass.
 *
 *     npm run deploy -- [--dry-run]
 *
 * A dry run ends after the checks, and needs no account. See docs/deploy.md.
 */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, install } from "./lib/project.mjs";
import { outputOf, run } from "./lib/processes.mjs";
import { ROOT } from "./lib/processes.mjs";

/** @typedef {{ name: string, run: () => Promise<boolean> }} Step  run returns whether it succeeded */

/**
 * @param {string} database its name
 * @returns {Step[]} the steps that change something at Cloudflare; each may be repeated
 */
function deployment(database) {
  const wrangler = async (/** @type {string[]} */ args, env = {}) =>
    (await run("wrangler", args, { env })) === 0;
  return [
    {
      name: "migrations of the database",
      // CI: otherwise wrangler asks a question, and exits with success if the answer is no.
      run: () => wrangler(["d1", "migrations", "apply", database, "--remote"], { CI: "true" }),
    },
    {
      name: "companion Worker",
      run: () => wrangler(["deploy", "-c", "durable-objects/wrangler.toml"]),
    },
    { name: "app", run: () => wrangler(["pages", "deploy", "--branch", "main"]) },
  ];
}

/**
 * Runs one step after the other until one fails, and then reports which were done.
 *
 * @param {Step[]} steps
 * @param {(line: string) => void} say
 * @returns {Promise<boolean>} whether all of them succeeded
 */
export async function carryOut(steps, say) {
  const names = steps.map(({ name }) => name);
  for (const [index, step] of steps.entries()) {
    say(`\n— ${step.name}`);
    if (await step.run()) continue;
    say(`
Stopped: ${step.name} failed, as told above.
Done:     ${names.slice(0, index).join(", ") || "nothing"}
Not done: ${names.slice(index).join(", ")}
Mend it and run this again: npm run deploy. What is done already may be done once more.`);
    return false;
  }
  return true;
}

/**
 * @param {string | undefined} listed the output of `wrangler pages secret list`, or of `wrangler secret list`, which is
 *   JSON
 * @returns {string[] | undefined} the names in it
 */
export function secretNames(listed) {
  if (listed === undefined) return undefined;
  return [...listed.matchAll(/(?:^\s*- |"name": ")(\w+)/gm)].map(([, name = ""]) => name);
}

/**
 * @param {boolean} dryRun
 * @returns {Promise<boolean>} whether it succeeded
 */
async function deploy(dryRun) {
  await install();
  const { COMPANION, inspect, unready } = await import("./preflight.mjs");
  const { tryBundles } = await import("./lib/bundles.mjs");

  const { configs, problems } = inspect(ROOT);
  if (configs && !dryRun) {
    const list = ["pages", "secret", "list", "--project-name", configs.pages.name];
    const ofCompanion = ["secret", "list", "-c", COMPANION];
    problems.push(
      ...unready(
        configs,
        secretNames(await outputOf("wrangler", list)),
        secretNames(await outputOf("wrangler", ofCompanion)),
      ),
    );
  }
  if (!configs || problems.length > 0) return refuse(problems);

  await build();
  const folder = mkdtempSync(join(tmpdir(), "ship-bundles-"));
  const wrong = await tryBundles(folder).finally(() => rmSync(folder, { recursive: true }));
  if (wrong.length > 0) return refuse(wrong);
  if (dryRun) return true;

  const [{ database_name }] = configs.pages.d1_databases;
  const done = await carryOut(deployment(database_name), console.log);
  if (done) console.log("\nShip is online. Ask it how it is: curl https://<your Ship>/healthz");
  return done;
}

/** @param {string[]} problems */
function refuse(problems) {
  for (const problem of problems) console.error(problem);
  console.error("Nothing was deployed.");
  return false;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
  process.exitCode = (await deploy(values["dry-run"])) ? 0 : 1;
}

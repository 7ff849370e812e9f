// @ts-check
/** `npm run dev`: the app as `npm start` serves it, rebuilt and reloaded on every change. */
import { install, makeSecrets, migrate } from "./lib/project.mjs";
import { serveArgs } from "./lib/server.mjs";
import { must } from "./lib/processes.mjs";

const state = ".wrangler/state";

await install();
makeSecrets();
await migrate(state);
const serve = ["wrangler", ...serveArgs({ port: process.env.PORT ?? 8788, state })].join(" ");
await must("remix", ["dev", "--manual", "-c", serve], { env: { NODE_ENV: "development" } });

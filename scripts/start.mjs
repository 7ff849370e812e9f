// @ts-check
/** `npm start`: from a fresh clone, or from whatever is there, to the app at http://localhost:8788 (or PORT). */
import { build, install, makeSecrets, migrate, must, serveArgs } from "./project.mjs";

const state = ".wrangler/state";

await install();
makeSecrets();
await build();
await migrate(state);
await must("wrangler", serveArgs({ port: process.env.PORT ?? 8788, state }));

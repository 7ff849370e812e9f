// @ts-check
/** `npm run build`: builds the app for production. */
import { build, install } from "./lib/project.mjs";

await install();
await build();

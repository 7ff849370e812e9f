// @ts-check
/** `npm run build`: builds the app for production. */
import { build, install } from "./project.mjs";

await install();
await build();

// @ts-check
/**
 * `npm run bench -- [list] [live] [content] [--quick]`: measures the list beside a bare Function and a hello world,
 * live messages, and pages of the worst messages; all three if none is named. Takes ten minutes, or one with --quick,
 * which uses small databases.
 */
import { parseArgs } from "node:util";
import { benchContent } from "./content.mjs";
import { benchList } from "./list.mjs";
import { benchLive } from "./live.mjs";
import { bundle } from "./servers.mjs";

const FULL = {
  list: { databases: [1_000, 100_000, 1_000_000], rounds: 5, ms: 700 },
  live: { seconds: 20 },
  content: { views: 20 },
};
const QUICK = {
  list: { databases: [1_000, 20_000], rounds: 3, ms: 500 },
  live: { seconds: 5 },
  content: { views: 5 },
};

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const parts = positionals.length > 0 ? positionals : ["list", "live", "content"];
const sizes = values.quick ? QUICK : FULL;
await bundle();
if (parts.includes("list")) await benchList(sizes.list);
if (parts.includes("live")) await benchLive(sizes.live);
if (parts.includes("content")) await benchContent(sizes.content);

// @ts-check
/**
 * `npm run bench -- [list] [live] [status] [runs] [content] [--quick]`: measures the list beside a bare Function and a hello
 * world, live messages, changes of status, runs, and pages of the worst messages; all if none is named. Takes ten minutes, or
 * one with --quick, which uses small databases.
 */
import { parseArgs } from "node:util";
import { benchContent } from "./content.mjs";
import { benchList } from "./list.mjs";
import { benchLive } from "./live.mjs";
import { benchRuns } from "./runs.mjs";
import { bundle } from "./servers.mjs";
import { benchStatus } from "./status.mjs";

const FULL = {
  list: { databases: [1_000, 100_000, 1_000_000], rounds: 5, ms: 700 },
  live: { seconds: 20 },
  status: { changes: 20 },
  runs: { seconds: 20, views: 60 },
  content: { views: 20 },
};
const QUICK = {
  list: { databases: [1_000, 20_000], rounds: 3, ms: 500 },
  live: { seconds: 5 },
  status: { changes: 5 },
  runs: { seconds: 5, views: 20 },
  content: { views: 5 },
};

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const parts = positionals.length > 0 ? positionals : ["list", "live", "status", "runs", "content"];
const sizes = values.quick ? QUICK : FULL;
await bundle();
if (parts.includes("list")) await benchList(sizes.list);
if (parts.includes("live")) await benchLive(sizes.live);
if (parts.includes("status")) await benchStatus(sizes.status);
if (parts.includes("runs")) await benchRuns(sizes.runs);
if (parts.includes("content")) await benchContent(sizes.content);

// @ts-check
/** What the pictures in docs/screenshots show. */

/** Example rows: repository, title, branch, last activity, messages, agents' status, its time, unread. In minutes ago. */
export const ROWS = /** @type {const} */ ([
  [
    "remix-run/remix",
    "Make nested loaders run in parallel again",
    null,
    12,
    48,
    "working",
    2,
    true,
  ],
  [
    "cloudflare/workerd",
    "Find the leak of sockets after hibernation",
    "sockets/leak",
    26,
    131,
    "waiting",
    26,
    true,
  ],
  ["kysely-org/kysely", "Add tests for compiled batches", null, 41, 17, "done", 41, false],
  ["colinhacks/zod", "Shrink the bundle of the mini build", "mini", 58, 64, "working", 58, false],
  ["facebook/react", null, null, 95, 9, null, 0, false],
  [
    "microsoft/playwright",
    "Explain why WebKit misses the second click",
    null,
    180,
    212,
    "failed",
    180,
    true,
  ],
  [
    "tailwindlabs/tailwindcss",
    "Write the migration guide for container queries",
    null,
    260,
    33,
    "done",
    260,
    false,
  ],
  [
    "remix-run/remix",
    "Upgrade esbuild and compare the size of every route",
    "esbuild",
    400,
    71,
    "done",
    400,
    false,
  ],
  ["vitest-dev/vitest", null, null, 900, 5, null, 0, false],
  [
    "sqlite/sqlite",
    "Read the planner and say when a partial index is used",
    null,
    1_500,
    28,
    null,
    0,
    false,
  ],
  [
    "dubzzz/fast-check",
    "Shrink the counterexamples of models faster",
    null,
    2_900,
    14,
    "done",
    2_900,
    false,
  ],
  ["cloudflare/workers-sdk", null, null, 4_400, 96, null, 0, false],
  ["remix-run/indie-stack", "Move to Node 20", "node-20", 7_300, 2, null, 0, false],
  ["eslint/eslint", null, null, 11_000, 40, null, 0, false],
  [
    "prettier/prettier",
    "Find out why tables of emoji are not aligned",
    null,
    19_000,
    22,
    null,
    0,
    false,
  ],
]);

/** The task of the session that is shown. */
export const TASK = "Make **all** tests of `lifecycle` pass, please. Do not loosen any of them.";

/** What is said in it: by whom, and what. */
export const TALK = [
  [
    "agent",
    "Two of 41 failed: the alarm was armed *after* the answer, so a crash in between lost it.\n\n```ts\n" +
      "// in the same turn, and so in the same transaction\nvoid this.ctx.storage.setAlarm(at);\n```\n\n" +
      "| suite | before | now |\n|---|--:|--:|\n| unit | 412 | 412 |\n| workers | 39 | 41 |",
  ],
  ["ada", "Good. Open a pull request."],
];

const PATH = "app/sessions/lifecycle/alarm.ts";

/** What an agent does in another session, each item by its key; the last one is a request that is still asked. */
export const ITEMS = {
  thought: {
    kind: "thought",
    text: "The alarm is armed after the answer. A crash in between loses it.",
  },
  plan: {
    kind: "plan",
    entries: [
      { content: "Find who arms the alarm", priority: "medium", status: "completed" },
      { content: "Arm it in the turn of the change", priority: "high", status: "in_progress" },
      { content: "Run the tests of workers", priority: "low", status: "pending" },
    ],
  },
  read: {
    ...{ kind: "tool", title: `Read ${PATH}`, tool: "read", status: "completed" },
    locations: [{ path: PATH, line: 12 }],
  },
  search: {
    ...{ kind: "tool", title: "Search for setAlarm", tool: "search", status: "completed" },
    content: [{ type: "output", text: `${PATH}:12: void storage.setAlarm(at);` }],
  },
  edit: {
    ...{ kind: "tool", title: `Edit ${PATH}`, tool: "edit", status: "in_progress" },
    content: [
      {
        ...{ type: "diff", path: PATH },
        old: "  answer();\n  void storage.setAlarm(at);\n",
        new: "  void storage.setAlarm(at);\n  answer();\n",
      },
    ],
  },
  test: {
    ...{ kind: "tool", title: "npm test", tool: "execute", status: "failed" },
    content: [{ type: "output", text: "39 passed, 2 failed\n  alarm.test.ts: lost after a crash" }],
  },
  changes: {
    kind: "changes",
    branch: "ship/arm-the-alarm",
    base: "main",
    files: [{ path: PATH, added: 1, removed: 1 }],
    patch: `--- a/${PATH}\n+++ b/${PATH}\n@@ -12,2 +12,2 @@\n-  answer();\n   void storage.setAlarm(at);\n+  answer();\n`,
    missing: { files: 0, lines: 0 },
  },
  quiet: { kind: "notice", severity: "warning", text: "Nothing was heard for a minute." },
  asks: {
    kind: "permission",
    title: "Run git push origin ship/arm-the-alarm?",
    options: [
      { id: "once", name: "Allow once", kind: "allow_once" },
      { id: "always", name: "Always allow", kind: "allow_always" },
      { id: "no", name: "Reject", kind: "reject_once" },
    ],
  },
};

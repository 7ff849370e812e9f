import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { sql } from "kysely";
import Database from "libsql";
import { describe, expect, test } from "vitest";
import type { Statement } from "../../app/platform/database.server";
import {
  deleteBulk,
  finishDeletedUser,
  insertDeletedUser,
  readDeletedUser,
  readOneBulk,
  readSessionCount,
  readSomeSessions,
} from "../../app/account/rows.server";
import { insertAuthRecord, replaceAuthRecord } from "../../app/auth/records.server";
import { countConnected } from "../../app/sessions/bulk/connected-agents.server";
import { sessionsWithAgents } from "../../app/sessions/bulk/bulk-choice.server";
import {
  advanceBulk,
  changeItems,
  countAttempt,
  countUnfinished,
  insertBulk,
  leaveFailed,
  mayBegin,
  readBulk,
  readCounts,
  readFailed,
  readPending,
  readUnfinished,
  retryFailed,
  settle,
  settleItems,
} from "../../app/sessions/bulk/bulk-tables.server";
import { areConfirmed } from "../../app/sessions/bulk/bulk-choice.server";
import {
  measureSessions,
  readChosen,
  sessionsByIds,
  sessionsChangedBy,
  sessionsMatching,
} from "../../app/sessions/bulk/bulk-choice.server";
import { countChange, mayChange, readChanges } from "../../app/sessions/change-limit.server";
import {
  idleCounts,
  storedCounts,
  topRepositories,
} from "../../app/sessions/list/list-counts.server";
import { searched } from "../../app/sessions/list/list-search.server";
import { matching, sessionsPage } from "../../app/sessions/list/list-query.server";
import type { ListView } from "../../app/sessions/list/list-view";
import {
  archiveRows,
  deleteRows,
  deleteTask,
  keepRow,
  renameRow,
  reportToRow,
  restoreRows,
} from "../../app/sessions/lifecycle/lifecycle-statements.server";
import { insertSession, readCreated } from "../../app/sessions/lifecycle/create-statements.server";
import { assignRow, readHasRunner } from "../../app/sessions/lifecycle/move.server";
import { noteUse, ownerOfToken, readRunner } from "../../app/runners/runners.server";
import {
  markSeen,
  markUnseen,
  readDeletion,
  readRow,
  readRunnerOf,
  readTask,
  readTombstone,
  sessionStatements,
} from "../../app/sessions/session-table.server";
import { readActive } from "../../app/sessions/lifecycle/active-on-repository.server";

/** All values in a statement that come from a person or a clock. */
interface Values {
  id: string;
  user: string;
  owner: string;
  name: string;
  now: number;
  at: number;
  count: number;
  seconds: number;
}

const BUILDERS: Record<string, (values: Values) => Statement[]> = {
  readRow: ({ id, user }) => [readRow(id, user)],
  readTombstone: ({ id, user }) => [readTombstone(id, user)],
  readTask: ({ id, user }) => [readTask(id, user), deleteTask(id, user)],
  insertSession: ({ id, user, owner, name, now, count }) => {
    const limits = { perMinute: count, active: count, onRepository: count };
    return insertSession(
      id,
      user,
      { repository: { owner, name }, branch: name, task: { author: name, text: owner } },
      now,
      limits,
    );
  },
  archiveRows: ({ id, user, now }) => archiveRows(id, user, now),
  restoreRows: ({ id, user, now }) => restoreRows(id, user, now),
  readCreated: ({ user, now }) => [readCreated(user, now)],
  markSeen: ({ id, user, count }) => [markSeen(id, user, { message: count, rev: count })],
  keepRow: ({ id, user, now }) => keepRow(id, user, now),
  deleteRows: ({ id, user, now, seconds }) => deleteRows([id], user, now, seconds),
  reportToRow: ({ id, user, owner, name, now, at, count, seconds }) => {
    const agent = {
      agent_status: "done" as const,
      status_rev: count,
      agent_at: at,
      agent_message: count,
      asks: name,
      runner_id: id,
      assign: count,
      agent: name,
      agent_tokens: count,
    };
    const metadata = { created_at: at, last_activity: at, message_count: count, ...agent };
    const about = { repo_owner: owner, repo_name: name, branch: name, auto_title: owner };
    const answered = { answered_at: at, answered_message: count, answered_rev: count };
    const session = { id, user_id: user, ...about, ...metadata, ...answered };
    return reportToRow(session, at, now, seconds);
  },
  "moving a session": ({ id, user, name, now, count }) => [
    readHasRunner(user, { runner_id: id, agent: name }, now),
    assignRow(id, user, { runner_id: name, agent: name }, count, now),
    assignRow(id, user, { runner_id: null, agent: null }, count, now),
  ],
  "a runner by its token": ({ id, user, name, now }) => [
    readRunner(name, now),
    readRow(id, ownerOfToken(name, now)),
    readTask(id, ownerOfToken(name, now)),
    readRunnerOf(id, user, now),
    noteUse({ id, user_id: user }, now),
  ],
  sessionsPage: ({ id, user, at, now, owner, name }) => {
    const one = viewOf({ owner, name });
    const any = { ...one, repo: null };
    const place = { time: at, id };
    return [
      sessionsPage(user, one, undefined, now),
      sessionsPage(user, one, { ...place, direction: "older", repo: undefined }, now),
      sessionsPage(user, any, { ...place, direction: "newer", repo: name }, now),
      sessionsPage(user, { ...one, status: "landing" }, undefined, now),
    ];
  },
  storedCounts: ({ user, name }) => [storedCounts(user, name), storedCounts(user, null)],
  topRepositories: ({ user }) => [
    topRepositories(user, "needs-you"),
    topRepositories(user, "active"),
  ],
  searched: ({ user, now, ...values }) => [
    searched(user, viewOf(values), undefined, now),
    searched(user, { ...viewOf(values), repo: null }, undefined, now),
  ],
  idleCounts: ({ user, now, ...values }) => [idleCounts(user, viewOf(values), now)],
  readActive: ({ user, owner, name }) => [readActive(user, { owner, name })],
  insertBulk: ({ id, user, name, now, count }) => {
    const chosen = sessionsByIds(user, [id]);
    const confirmed = areConfirmed(chosen, { count, checksum: name });
    return [mayChange(user), mayBegin(user), confirmed].flatMap((allowed) =>
      insertBulk({ id, user_id: user, kind: "delete" }, chosen, now, allowed),
    );
  },
  "the limit on changes": ({ id, user, now, count }) => [
    countChange(user, now, sql`TRUE`),
    readChanges(user),
    countUnfinished(user),
    ...archiveRows(id, user, now, mayChange(user)),
    ...restoreRows(id, user, now, mayChange(user)),
    ...keepRow(id, user, now, mayChange(user)),
    markSeen(id, user, { message: count, rev: count }, mayChange(user)),
    markUnseen(id, user, mayChange(user)),
    ...renameRow(id, user, `${now}`, now, mayChange(user)),
  ],
  readDeletion: ({ id, user, at }) => [readDeletion({ id, user_id: user, created_at: at })],
  "signing in": ({ id, user, name, now }) => [
    ...insertAuthRecord({ id: user, login: name, name, avatar: name }, id, now),
    replaceAuthRecord(id, name),
  ],
  "deleting an account": ({ id, user, now, count, seconds }) => [
    ...insertDeletedUser(user, now),
    ...[readDeletedUser(user), readSessionCount(user)],
    ...[readSomeSessions(user, count), readOneBulk(user), ...deleteBulk(id, user)],
    ...finishDeletedUser(user, now, seconds),
  ],
  countConnected: ({ user }) => [countConnected(user)],
  sessionsWithAgents: ({ user, count }) => [readChosen(sessionsWithAgents(user, count), count)],
  changeItems: ({ id, user, now, count }) => [
    ...changeItems({ id, user_id: user, kind: "archive" }, now, count),
    ...changeItems({ id, user_id: user, kind: "restore" }, now, count),
  ],
  "the other statements of bulks": ({ id, user, now, count, ...values }) => {
    const bulk = { id, user_id: user };
    const chosen = [
      sessionsByIds(user, [id]),
      sessionsChangedBy(bulk),
      sessionsMatching(matching(user, viewOf(values), now), now),
    ];
    return [
      ...chosen.flatMap((ids) => [measureSessions(user, ids), readChosen(ids, count)]),
      ...[readBulk(bulk), readUnfinished(user), readCounts(bulk), readFailed(bulk, count)],
      ...[readPending(bulk, count), settleItems(bulk), settle(bulk, [id], "done")],
      ...[countAttempt(bulk, [id]), retryFailed(bulk), leaveFailed(bulk), advanceBulk(bulk, now)],
    ];
  },
};

function viewOf({ owner, name }: Pick<Values, "owner" | "name">): ListView {
  return { status: "all", words: [owner, name], repo: owner, idle: null, sort: "repository" };
}

const PLAIN: Values = {
  id: "7",
  user: "local:ada",
  owner: "remix-run",
  name: "remix",
  now: 3,
  at: 2,
  count: 1,
  seconds: 1,
};

describe.each(Object.entries(BUILDERS))("%s", (_, build) => {
  test("never puts a value into a statement's text", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("'; DROP TABLE sessions; --", '"', "?", "?1", ":id", "\0", "NULL"),
    );
    const number = fc.integer();
    const values = fc.record({
      ...{ id: text, user: text, owner: text, name: text },
      ...{ now: number, at: number, count: number, seconds: fc.nat() },
    });
    // A searched word is compared once for each of its spellings.
    const textOf = ({ sql }: Statement) => sql.replaceAll(" OR instr(search_words, ?)", "");
    const texts = build(PLAIN).map(textOf);
    fc.assert(
      fc.property(values, (nasty) => {
        expect(build(nasty).map(textOf)).toEqual(texts);
      }),
    );
  });

  test("binds one value for each place in the text that asks for one", () => {
    for (const { sql, parameters } of build(PLAIN)) {
      expect(parameters).toHaveLength(sql.split("?").length - 1);
      expect(parameters).not.toContain(undefined);
    }
  });
});

test("a statement cannot be run outside a batch", async () => {
  await expect(sessionStatements.selectFrom("sessions").selectAll().execute()).rejects.toThrow(
    "Statements run through write() and read()",
  );
});

/** An empty database with all tables. */
function migrated() {
  const database = new Database(":memory:");
  const folder = join(import.meta.dirname, "../../migrations");
  for (const name of readdirSync(folder).sort()) {
    database.exec(readFileSync(join(folder, name), "utf8"));
  }
  const run = ({ sql, parameters }: Statement, explain = "") =>
    database.prepare(explain + sql).all(...(parameters as never[]));
  return { database, run };
}

describe("what the gate of runners reads", () => {
  const { run } = migrated();

  test.each<[string, Statement]>([
    ["the runner", readRunner("hash", 1)],
    ["the session", readRow("7", ownerOfToken("hash", 1))],
    ["its task", readTask("7", ownerOfToken("hash", 1))],
    ["the runner of a session", readRunnerOf("7", "local:ada", 1)],
  ])("is found without a scan: %s", (_, statement) => {
    const plan = run(statement, "EXPLAIN QUERY PLAN ") as { detail: string }[];
    expect(plan.filter(({ detail }) => /SCAN|TEMP/.test(detail))).toEqual([]);
  });
});

describe("a person's sessions with agents", () => {
  const { database, run } = migrated();
  database.exec(`
    INSERT INTO sessions (id, user_id, repo_owner, repo_name, last_activity, created_at, agent_tokens)
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
    SELECT i, iif(i % 2, 'local:ada', 'local:bob'), 'octo', 'cat', i, i,
      CASE i % 2000 WHEN 1 THEN 2 WHEN 3 THEN NULL ELSE 0 END FROM n`);

  test.each([
    ["are counted", countConnected("local:ada")],
    ["are chosen", readChosen(sessionsWithAgents("local:ada", 20_000), 20_000)],
  ])("%s by one index, which holds nothing else, without sorting", (_, statement) => {
    const plan = run(statement, "EXPLAIN QUERY PLAN ") as { detail: string }[];
    const steps = plan
      .map(({ detail }) => detail)
      .filter((step) => !/^(CO-ROUTINE|SCAN)/.test(step));
    expect(steps).toEqual(["SEARCH sessions USING COVERING INDEX idx_sessions_agents (user_id=?)"]);
  });

  test("are those that have some, and then those with an unknown number", () => {
    expect(run(countConnected("local:ada"))).toEqual([{ sessions: 10, agents: 20, unknown: 10 }]);
    const chosen = run(readChosen(sessionsWithAgents("local:ada", 12), 20_000)) as { id: string }[];
    expect(chosen.map(({ id }) => Number(id) % 2000)).toEqual([
      ...Array.from({ length: 10 }, () => 1),
      ...[3, 3],
    ]);
  });
});

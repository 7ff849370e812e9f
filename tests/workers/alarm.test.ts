/** The alarm of a session's object (row sync): activity, auto-archive, waking, healing, and setting itself again. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { write } from "../../app/platform/database.server";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { reportToRow } from "../../app/sessions/lifecycle/lifecycle-statements.server";
import type { SessionRow } from "../../app/sessions/protocol/session";
import {
  env,
  everything,
  expectCountsKept,
  faultyDatabase,
  fireAlarm,
  freshMessage,
  inDatabase,
  inStorage,
  loseRow,
  newRowWithoutObject,
  newSession,
  NOTHING_STORED,
  refused,
  reportOf,
  settle,
  stopClock,
  withObjectEnv,
} from "./support";

const NOW = stopClock();

afterEach(() => void vi.restoreAllMocks());

const MINUTE = 60_000;

/** Archive after an idle hour; repair once a day, in seconds. */
const VARS = { AUTO_ARCHIVE_SECONDS: 3_600, REPAIR_SECONDS: 86_400 };
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Creates a row with these values, and its object. */
async function newSessionLike(values: Partial<SessionRow>): Promise<SessionRow> {
  const row = await newRowWithoutObject(values);
  await sessionObject(env, row.id).initialize(row);
  return row;
}

/** Runs an object's alarm with `VARS`, overridden by these. */
function fireAlarmWith(id: string, vars: Partial<typeof VARS> = {}) {
  return withObjectEnv(id, { ...VARS, ...vars }, () => fireAlarm(id));
}

test.each([
  { idle: "an hour", last_activity: NOW - HOUR, kept_at: null },
  { idle: "far longer than an hour", last_activity: NOW - 30 * DAY, kept_at: null },
  { idle: "an hour since it was kept", last_activity: NOW - DAY, kept_at: NOW - HOUR },
  { idle: "an hour, though kept before", last_activity: NOW - HOUR, kept_at: NOW - DAY },
])(
  "the alarm archives a session idle for $idle, and says so",
  async ({ last_activity, kept_at }) => {
    const row = await newSessionLike({ last_activity, kept_at });

    await fireAlarmWith(row.id);

    expect(await inDatabase(row.id)).toEqual({
      row: { ...row, status: "archived", archived_at: NOW, archived_by: "idle" },
      events: [{ kind: "auto-archived", at: NOW }],
    });
    expect((await inStorage(row.id)).alarm).toBe(NOW + DAY);
  },
);

test.each([
  { idle: "a little less than an hour", last_activity: NOW - HOUR + 1, kept_at: null, due: 1 },
  { idle: "no time", last_activity: NOW, kept_at: null, due: HOUR },
  {
    idle: "long, but kept half an hour ago",
    last_activity: NOW - DAY,
    kept_at: NOW - 30 * MINUTE,
    due: 30 * MINUTE,
  },
  {
    idle: "ten minutes, and kept long before",
    last_activity: NOW - 10 * MINUTE,
    kept_at: NOW - DAY,
    due: 50 * MINUTE,
  },
])(
  "a session idle for $idle stays active, and its alarm comes when it is due",
  async ({ last_activity, kept_at, due }) => {
    const row = await newSessionLike({ last_activity, kept_at });

    await fireAlarmWith(row.id);

    expect(await inDatabase(row.id)).toEqual({ row, events: [] });
    expect((await inStorage(row.id)).alarm).toBe(NOW + due);
  },
);

test("a session that is not due before the next comparison is compared first", async () => {
  const row = await newSessionLike({ last_activity: NOW });

  await fireAlarmWith(row.id, { AUTO_ARCHIVE_SECONDS: 30 * 86_400 });

  expect((await inStorage(row.id)).alarm).toBe(NOW + DAY);
});

test("0 turns auto-archive off", async () => {
  const row = await newSessionLike({ last_activity: 1 });

  await fireAlarmWith(row.id, { AUTO_ARCHIVE_SECONDS: 0 });

  expect(await inDatabase(row.id)).toEqual({ row, events: [] });
  expect((await inStorage(row.id)).alarm).toBe(NOW + DAY);
});

test("a restored session is idle from its restore on", async () => {
  const { id, user_id } = await newSessionLike({ last_activity: NOW - DAY });
  await fireAlarmWith(id);

  await changeStatus(env, user_id, id, "restore");
  vi.setSystemTime(NOW + HOUR - 1);
  await fireAlarmWith(id);
  expect((await inDatabase(id)).row!.status).toBe("active");

  vi.setSystemTime(NOW + HOUR);
  await fireAlarmWith(id);
  expect((await inDatabase(id)).row).toMatchObject({ status: "archived", archived_by: "idle" });
});

test("a message that is not in the row yet counts as activity", async () => {
  const { id, user_id } = await newSessionLike({ last_activity: NOW - DAY });
  await appendMessage(env, user_id, id, freshMessage());

  await fireAlarmWith(id);

  expect((await inDatabase(id)).row).toMatchObject({ status: "active", last_activity: NOW });
});

test("a session that its owner archived is not archived again for being idle", async () => {
  const archived = { status: "archived", archived_at: NOW - HOUR, archived_by: "owner" } as const;
  const row = await newSessionLike({ last_activity: NOW - DAY, ...archived });

  await fireAlarmWith(row.id);

  expect(await inDatabase(row.id)).toEqual({ row, events: [] });
});

test.each([
  ["owner", "a millisecond ago", NOW - 1],
  ["idle", "a millisecond ago", NOW - 1],
  ["owner", "in the same millisecond", NOW],
  ["idle", "in the same millisecond", NOW],
] as const)(
  "writing into a session archived by %s %s brings it back, with the next alarm",
  async (archived_by, _, archived_at) => {
    const row = await newSessionLike({
      last_activity: NOW - DAY,
      status: "archived",
      archived_at,
      archived_by,
    });
    await appendMessage(env, row.user_id, row.id, freshMessage());
    expect((await inStorage(row.id)).alarm).toBeLessThanOrEqual(NOW + 10_000);

    await fireAlarmWith(row.id);

    expect(await inDatabase(row.id)).toEqual({
      row: {
        ...row,
        status: "active",
        archived_at: null,
        archived_by: null,
        last_activity: NOW,
        message_count: 1,
      },
      events: [{ kind: "woken", at: NOW }],
    });
  },
);

test("a message written before the owner archived the session does not restore it", async () => {
  const { id, user_id } = await newSession();
  // Three messages in one millisecond: their activity is ahead of the clock, which must not count as a later message.
  for (let count = 0; count < 3; count++) await appendMessage(env, user_id, id, freshMessage());
  vi.setSystemTime(NOW + 1);
  await changeStatus(env, user_id, id, "archive");

  await settle(id);

  expect((await inDatabase(id)).row).toMatchObject({
    status: "archived",
    archived_at: NOW + 1,
    last_activity: NOW + 3,
    message_count: 3,
  });
});

test("an alarm without changes writes no row", async () => {
  const row = await newSessionLike({ last_activity: NOW });
  const report = reportToRow(reportOf(row), 0, NOW, VARS.AUTO_ARCHIVE_SECONDS);

  const results = await env.DB.batch(
    report.map(({ sql, parameters }) => env.DB.prepare(sql).bind(...parameters)),
  );

  expect(results.map(({ meta }) => meta.rows_written)).toEqual(results.map(() => 0));
});

test("a report older than what the row knows changes neither activity nor count", async () => {
  const row = await newRowWithoutObject({ last_activity: NOW, message_count: 5 });

  await write(
    env.DB,
    reportToRow(
      { ...reportOf(row), last_activity: NOW - 1, message_count: 7, agent_tokens: 1 },
      0,
      NOW,
      3_600,
    ),
  );

  expect((await inDatabase(row.id)).row).toEqual(row);
});

describe("a report about runs", () => {
  const ASKING = {
    agent_status: "waiting",
    status_rev: 4,
    agent_at: NOW,
    asks: "Run it?",
  } as const;

  /** Creates a row with these values, and writes a report that differs from it by `changed`. @returns the row, before and after */
  async function reported(
    values: Partial<SessionRow>,
    changed: Partial<ReturnType<typeof reportOf>>,
  ) {
    const before = await newRowWithoutObject({ last_activity: NOW, message_count: 2, ...values });
    await write(env.DB, reportToRow({ ...reportOf(before), ...changed }, NOW, NOW, 3_600));
    const { row: after } = await inDatabase(before.id);
    return { before, after: after! };
  }

  test("says that the connection is lost, which is no activity, and needs the owner", async () => {
    const working = { agent_status: "working", status_rev: 4, agent_at: NOW - 1 } as const;
    const lost = { agent_status: "lost", status_rev: 5 } as const;
    const { before, after } = await reported({ ...working, seen_rev: 5 }, lost);
    expect(after).toEqual({ ...before, ...lost, needs_you: 1 });
    await expectCountsKept();
  });

  test("says what is asked, and that nothing is any more", async () => {
    const asking = await reported({ status_rev: 3 }, ASKING);
    expect(asking.after).toEqual({ ...asking.before, ...ASKING, needs_you: 1 });
    const answered = { agent_status: "working", status_rev: 5, asks: null } as const;
    const { before, after } = await reported(ASKING, answered);
    expect(after).toEqual({ ...before, ...answered, needs_you: 0 });
  });

  test("says it also where the row's activity is newer, and changes nothing else there", async () => {
    const newer = { last_activity: NOW - 1, message_count: 1, ...ASKING };
    const { before, after } = await reported({}, newer);
    expect(after).toEqual({ ...before, ...ASKING, needs_you: 1 });
  });

  test.each([3, 4])(
    "of change %i that lands after change 4 of the status takes nothing back",
    async (status_rev) => {
      const late = { agent_status: "working", status_rev, asks: null } as const;
      const { before, after } = await reported(ASKING, late);
      expect(after).toEqual(before);
    },
  );

  const HERE = { runner_id: "laptop", assign: 3, agent: "Codex" };

  test.each([
    { earlier: "none", values: {} },
    { earlier: "another one", values: { runner_id: "desktop", assign: 2, agent: "Claude Code" } },
  ])("gives the runner to a row with an earlier assignment: $earlier", async ({ values }) => {
    const { before, after } = await reported(values, HERE);
    expect(after).toEqual({ ...before, ...HERE });
  });

  test.each([3, 4])("leaves assignment %i, which is no earlier one, as it is", async (assign) => {
    const { before, after } = await reported({ runner_id: null, assign, agent: null }, HERE);
    expect(after).toEqual(before);
  });

  test("inserts a missing row with its runner, its status and what is asked", async () => {
    const row = await newRowWithoutObject({ ...HERE, ...ASKING });
    await loseRow(row.id);
    await write(env.DB, reportToRow(reportOf(row), NOW, NOW, 3_600));
    expect((await inDatabase(row.id)).row).toEqual(row);
    await expectCountsKept();
  });
});

test("a row of a restored database has all that its object knows after one alarm, and the next writes nothing", async () => {
  const old = await newSessionLike({ last_activity: NOW - DAY });
  const { id, user_id } = old;
  await sessionObject(env, id).moved(user_id, { runner_id: "laptop", assign: 2, agent: "Codex" });
  await appendMessage(env, user_id, id, freshMessage());
  const known = { agent_status: "queued", runner_id: "laptop", assign: 2, agent: "Codex" };

  await fireAlarm(id);
  const { row } = await inDatabase(id);
  expect(row).toMatchObject({ ...known, last_activity: NOW, message_count: 1 });

  await env.DB.prepare(
    `UPDATE sessions SET last_activity = ?, message_count = 0, agent_status = NULL, agent_at = NULL,
       status_rev = 0, runner_id = NULL, assign = 0, agent = NULL WHERE id = ?`,
  )
    .bind(old.last_activity, id)
    .run();
  expect((await inDatabase(id)).row).toEqual(old);
  await fireAlarm(id);
  expect((await inDatabase(id)).row).toEqual(row);
});

test("an object takes over newer activity from its row, and soon agrees with it", async () => {
  const { id, user_id } = await newSession();
  await appendMessage(env, user_id, id, freshMessage());
  await env.DB.prepare("UPDATE sessions SET last_activity = ?, message_count = 9 WHERE id = ?")
    .bind(NOW + 500, id)
    .run();

  await fireAlarm(id);
  const { state, alarm } = await inStorage(id);
  expect(state).toMatchObject({ last_activity: NOW + 500, message_count: 1 });
  expect(alarm).toBe(NOW + 10_000);

  await fireAlarm(id);
  expect((await inDatabase(id)).row).toMatchObject({ last_activity: NOW + 500, message_count: 1 });
});

test("an object whose row is missing puts it back as active, with its activity and a line of history", async () => {
  const row = await newSession();
  const { id, user_id } = row;
  await appendMessage(env, user_id, id, freshMessage());
  await changeStatus(env, user_id, id, "archive");
  await loseRow(id);

  await fireAlarm(id);

  const { messages, ...healed } = await everything(id);
  expect(healed).toMatchObject({
    row: { ...row, last_activity: NOW + 1, message_count: 1 },
    tombstone: undefined,
    events: [{ kind: "healed", at: NOW }],
  });
  expect(messages).toHaveLength(1);
});

test("an object whose row is missing and was deleted does not put it back, and wipes itself", async () => {
  const row = await newSession();
  await deleteSession(env, row.user_id, row.id);
  const { tombstone } = await inDatabase(row.id);
  await sessionObject(env, row.id).initialize(row);

  await fireAlarm(row.id);

  expect(await everything(row.id)).toEqual({ tombstone, events: [], ...NOTHING_STORED });
});

test("a report that lands after the session was deleted brings nothing back", async () => {
  const row = await newSession();
  await deleteSession(env, row.user_id, row.id);
  const { tombstone } = await inDatabase(row.id);

  await write(env.DB, reportToRow({ ...reportOf(row), message_count: 3 }, NOW, NOW, 3_600));

  expect(await inDatabase(row.id)).toEqual({ row: undefined, tombstone, events: [] });
});

test("an alarm whose database fails sets itself again with backoff, which restarts after a success", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { id } = await newSession();
  const waits: number[] = [];
  const failing = async () => {
    await withObjectEnv(id, { DB: faultyDatabase(refused) }, () => fireAlarm(id));
    const { alarm, state } = await inStorage(id);
    expect(state!.alarm_at).toBe(alarm);
    waits.push((alarm! - Date.now()) / 1_000);
  };

  for (let failures = 0; failures < 9; failures++) await failing();
  await fireAlarm(id);
  await failing();

  expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300, 5]);
});

test("an alarm of an empty object does nothing", async () => {
  const { id } = await newRowWithoutObject();
  const before = await everything(id);

  await runInDurableObject(sessionObject(env, id), (object) => object.alarm?.());

  expect(await everything(id)).toEqual(before);
});

/** The number of agents' tokens in a session's row. */
import { expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import type { SessionRow } from "../../app/sessions/protocol/session";
import {
  env,
  faultyDatabase,
  fireAlarm,
  inDatabase,
  inStorage,
  loseRow,
  newRowWithoutObject,
  newSession,
  settle,
  stopClock,
  withObjectEnv,
} from "./support";

const NOW = stopClock();
const DAY = 24 * 60 * 60_000;

function connect({ id, user_id }: SessionRow) {
  return sessionObject(env, id).connectAgent(user_id, "Builder", crypto.randomUUID());
}

/** @returns the number of tokens in a session's row */
async function counted({ id }: SessionRow): Promise<number | null | undefined> {
  return (await inDatabase(id)).row?.agent_tokens;
}

test("a row says a second later that a token was made, and that one was revoked", async () => {
  const row = await newSession();
  await settle(row.id);
  expect(await counted(row)).toBe(0);

  await connect(row);
  await connect(row);
  expect((await inStorage(row.id)).alarm).toBe(NOW + 1_000);
  await fireAlarm(row.id);
  expect(await counted(row)).toBe(2);

  await sessionObject(env, row.id).revokeAgent(row.user_id, 1);
  expect((await inStorage(row.id)).alarm).toBe(NOW + 1_000);
  await fireAlarm(row.id);
  expect(await counted(row)).toBe(1);
});

test("a row says that a token has ended unused", async () => {
  const row = await newSession();
  await connect(row);
  await settle(row.id);

  vi.setSystemTime(NOW + 90 * DAY);
  await fireAlarm(row.id);

  expect(await counted(row)).toBe(0);
});

test("a row of before tokens were counted learns it by its daily repair", async () => {
  const row = await newRowWithoutObject({ agent_tokens: null });
  await sessionObject(env, row.id).initialize(row);
  await settle(row.id);
  expect(await counted(row)).toBe(0);
});

test("a row that was lost is put back with its tokens counted", async () => {
  const row = await newSession();
  await connect(row);
  await loseRow(row.id);
  await fireAlarm(row.id);
  expect(await counted(row)).toBe(1);
});

test("a token that is made while D1 answers the alarm is counted a second later", async () => {
  const row = await newSession();
  const DB = faultyDatabase(async (call) => {
    const answer = await call();
    await connect(row);
    return answer;
  });
  await withObjectEnv(row.id, { DB }, () => fireAlarm(row.id));
  expect(await counted(row)).toBe(0);

  expect((await inStorage(row.id)).alarm).toBe(NOW + 1_000);
  await fireAlarm(row.id);
  expect(await counted(row)).toBe(1);
});

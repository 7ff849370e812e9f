/** What the Worker tests share: sessions to begin with, looks behind the app's back, and faults by name. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { PersonDO } from "../../durable-objects/person/person-do";
import type { SessionDO } from "../../durable-objects/session/session-do";
import type { CompanionEnv } from "../../durable-objects/env";
import type { personObject } from "../../app/platform/durable-objects.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { listSessions } from "../../app/sessions/list/list.server";
import type { ListView } from "../../app/sessions/list/list-view";
import { sessionObject } from "../../app/platform/durable-objects.server";
import type {
  SessionEvent,
  SessionMetadata,
  SessionRow,
  SessionStatus,
  Tombstone,
} from "../../app/sessions/protocol/session";
import type { Message, NewMessage } from "../../app/sessions/protocol/message";

/** The bindings of app and companion in one; the app's secrets are not needed here. */
export const env = bindings as Env;

/**
 * Stops the clock during each test of a file, ten minutes ahead: no alarm set by it rings before the test is over.
 *
 * @returns the time at which it stands until a test sets it
 */
export function stopClock(): number {
  const now = Date.now() + 10 * 60_000;
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now }));
  afterEach(() => void vi.useRealTimers());
  return now;
}

/** Somebody who has no sessions yet: storage is shared by all tests of a file. */
export function freshPerson(): string {
  return `local:${crypto.randomUUID()}`;
}

/** A form of somebody who knows what other sessions the repository has. */
export function freshForm(owner = "remix-run", name = "remix") {
  return { key: crypto.randomUUID(), repository: { owner, name }, another: true };
}

export function freshMessage(text = "Hello"): NewMessage {
  return { role: "user", author: "Ada", text, client_key: crypto.randomUUID() };
}

/** Makes a session the way the app does. @returns its row */
export async function newSession(userId = freshPerson()): Promise<SessionRow> {
  const result = await createSession(env, userId, freshForm());
  if (result.outcome !== "created") throw new Error(`Not created: ${result.outcome}`);
  return result.session;
}

/** Puts a row into D1 as a restored database would have it: its object is empty. */
export async function newRowWithoutObject(
  values: Partial<Omit<SessionRow, "repo">> = {},
): Promise<SessionRow> {
  const now = Date.now();
  const row: Omit<SessionRow, "repo"> = {
    id: crypto.randomUUID(),
    user_id: freshPerson(),
    repo_owner: "remix-run",
    repo_name: "remix",
    status: "active",
    last_activity: now,
    created_at: now,
    archived_at: null,
    message_count: 0,
    archived_by: null,
    kept_at: null,
    agent_status: null,
    agent_at: null,
    agent_message: 0,
    seen_message: 0,
    agent_tokens: 0,
    ...values,
  };
  const columns = Object.keys(row);
  const marks = columns.map(() => "?");
  const inserted = await env.DB.prepare(
    `INSERT INTO sessions (${columns.join(", ")}) VALUES (${marks.join(", ")}) RETURNING *`,
  )
    .bind(...columns.map((column) => row[column as keyof typeof row]))
    .first<SessionRow>();
  return inserted!;
}

interface NewRows {
  status?: SessionStatus;
  /** How many rows bear the same time. */
  alike?: number;
  /** How many repositories they are spread over: remix-run/remix-0, -1 and so on. */
  repositories?: number;
}

/**
 * Puts many rows into D1 by one statement, without objects. Their ids are in no order; they are created in one order and
 * active in another, both around the millionth millisecond.
 */
export async function newRows(
  userId: string,
  count: number,
  { status = "active", alike = 1, repositories = 1 }: NewRows = {},
): Promise<void> {
  // Cast in SQL, because D1 binds every number as a fraction.
  await env.DB.prepare(
    `INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, last_activity, created_at)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     SELECT lower(hex(randomblob(4)) || '-0000-8000-8000-' || hex(randomblob(6))),
       ?2, 'Remix-run', 'remix-' || (i % CAST(?5 AS INTEGER)), ?3,
       1000000 + i / CAST(?4 AS INTEGER), 1000000 + i * 7919 % 10007 / CAST(?4 AS INTEGER) FROM n`,
  )
    .bind(count, userId, status, alike, repositories)
    .run();
}

/** A list that shows all active sessions, by last activity. */
const PLAIN_VIEW: ListView = {
  status: "active",
  words: [],
  repo: null,
  idle: null,
  sort: "activity",
};

/** @param view what is special about it @returns a whole view of the list */
export function viewOf(view: Partial<ListView> = {}): ListView {
  return { ...PLAIN_VIEW, ...view };
}

/** @returns the ids on the first page of a person's list, in its order */
export async function listedIds(userId: string, view: Partial<ListView> = {}): Promise<string[]> {
  const { sessions } = await listSessions(env.DB, userId, viewOf(view), undefined, Date.now());
  return sessions.map(({ id }) => id);
}

/** Takes row and history out of D1 as restoring an old database would: the object stays. */
export async function loseRow(id: string): Promise<void> {
  await env.DB.batch([
    env.DB.prepare("DELETE FROM session_events WHERE session_id = ?").bind(id),
    env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id),
  ]);
}

/** @returns everything that D1 holds of a session, whoever owns it */
export async function inDatabase(id: string): Promise<{
  row: SessionRow | undefined;
  tombstone: Tombstone | undefined;
  events: SessionEvent[];
}> {
  const [rows, tombstones, events] = await env.DB.batch([
    env.DB.prepare("SELECT * FROM sessions WHERE id = ?").bind(id),
    env.DB.prepare("SELECT * FROM deleted_sessions WHERE id = ?").bind(id),
    env.DB.prepare("SELECT kind, at FROM session_events WHERE session_id = ? ORDER BY id").bind(id),
  ]);
  return {
    row: rows?.results[0] as SessionRow | undefined,
    tombstone: tombstones?.results[0] as Tombstone | undefined,
    events: (events?.results ?? []) as SessionEvent[],
  };
}

/** The one row of the object's table `state`. */
export type StoredState = SessionMetadata & {
  generation: string;
  deleting: 0 | 1;
  alarm_at: number;
  schema_version: number;
};

/** @returns everything that a session's object has stored; the platform's own tables are not counted */
export async function inStorage(id: string): Promise<{
  tables: string[];
  state: StoredState | undefined;
  messages: Message[];
  alarm: number | null;
}> {
  return runInDurableObject(sessionObject(env, id), async (_, { storage }) => {
    const rows = (query: string): unknown[] => storage.sql.exec(query).toArray();
    const tables = (rows("SELECT name FROM sqlite_master ORDER BY name") as { name: string }[])
      .map(({ name }) => name)
      .filter((name) => !/^(_cf_|__miniflare_|sqlite_)/.test(name));
    return {
      tables,
      state: tables.includes("state") ? (rows("SELECT * FROM state")[0] as StoredState) : undefined,
      messages: tables.includes("messages")
        ? (rows("SELECT * FROM messages ORDER BY id") as Message[])
        : [],
      alarm: await storage.getAlarm(),
    };
  });
}

/** What `inStorage` answers for an object that holds nothing. */
export const NOTHING_STORED = { tables: [], state: undefined, messages: [], alarm: null };

/** @returns all that exists of a session, to compare before and after */
export async function everything(id: string) {
  const [database, storage] = await Promise.all([inDatabase(id), inStorage(id)]);
  return { ...database, ...storage };
}

/** Runs the alarm of a session's object now. @returns false where none is set */
export function fireAlarm(id: string): Promise<boolean> {
  return runDurableObjectAlarm(sessionObject(env, id));
}

/** Runs the alarm of a session's object until it is set for a far time, or not at all. */
export async function settle(id: string): Promise<void> {
  const far = () => Date.now() + 10 * 60_000;
  for (let alarms = 0; alarms < 10; alarms++) {
    const { alarm } = await inStorage(id);
    if (alarm === null || alarm > far()) return;
    await fireAlarm(id);
  }
  throw new Error("The alarm is always due soon");
}

/** @returns what exists of a session in a few words, such as "row, ready with 2" (messages) or "tombstone, empty" */
export async function standing(id: string): Promise<string> {
  const { row, tombstone, state, messages } = await everything(id);
  const inD1 = [row && "row", tombstone && "tombstone"].filter(Boolean).join(" and ") || "nothing";
  const object = !state ? "empty" : state.deleting ? "deleting" : "ready";
  return `${inD1}, ${object}` + (messages.length > 0 ? ` with ${messages.length}` : "");
}

/** Expects that the kept counts are those of the sessions that there are, of everybody. */
export async function expectCountsKept(): Promise<void> {
  const [kept, counted] = await env.DB.batch([
    env.DB.prepare(
      "SELECT user_id, repo, active, archived FROM session_counts ORDER BY user_id, repo",
    ),
    env.DB.prepare(
      `SELECT user_id, repo, sum(status = 'active') AS active, sum(status = 'archived') AS archived
       FROM (SELECT user_id, repo, status FROM sessions UNION ALL SELECT user_id, '', status FROM sessions)
       GROUP BY user_id, repo ORDER BY user_id, repo`,
    ),
  ]);
  expect(kept!.results).toEqual(counted!.results);
}

/** Lets a session settle, and expects that row and object then agree. @returns what exists of it then */
export async function settled(id: string): Promise<string> {
  await settle(id);
  await expectCountsKept();
  const { row, tombstone, events, ...stored } = await everything(id);
  if (tombstone || !row) {
    expect({ row, events, ...stored }).toEqual({ events: [], ...NOTHING_STORED });
  } else if (stored.state) {
    const { last_activity, message_count } = stored.state;
    expect(row).toMatchObject({ last_activity, message_count });
    expect(stored.messages).toHaveLength(message_count);
    expect(stored.alarm).not.toBeNull();
  }
  return standing(id);
}

/** Lets `run` see a session's object with other vars or another database, until it ends or the object is aborted. */
export function withObjectEnv<Result>(
  id: string,
  changes: Partial<CompanionEnv>,
  run: () => Promise<Result>,
): Promise<Result> {
  return withEnvOf(() => sessionObject(env, id), changes, run);
}

/** The same for any object. @param stub makes one anew: that of an aborted object is of no use */
export async function withEnvOf<Result>(
  stub: () => ReturnType<typeof sessionObject> | ReturnType<typeof personObject>,
  changes: Partial<CompanionEnv>,
  run: () => Promise<Result>,
): Promise<Result> {
  const exchange = (make: (before: CompanionEnv) => CompanionEnv) =>
    runInDurableObject(stub() as ReturnType<typeof sessionObject>, (object) => {
      const instance = object as unknown as { env: CompanionEnv };
      const before = instance.env;
      instance.env = make(before);
      return before;
    });
  const before = await exchange((own) => ({ ...own, ...changes }));
  try {
    return await run();
  } finally {
    await exchange(() => before);
  }
}

/** What becomes of a call on its way to D1 or to an object: made, not made, made later, or its answer lost. */
export type Fault = <Result>(call: () => Promise<Result>) => Promise<Result>;

export const passes: Fault = (call) => call();

export const refused: Fault = () => Promise.reject(new Error("Refused by the test"));

export const answerLost: Fault = async (call) => {
  await call();
  throw new Error("Answer lost by the test");
};

/** One fault a call, in order; the calls after them pass. */
export function inOrder(...faults: Fault[]): Fault {
  let calls = 0;
  return (call) => (faults[calls++] ?? passes)(call);
}

/**
 * A call that stalls while its caller waits, until it is let land.
 *
 * @param on the way there, so that it is made only then; or on the way back, so that it was made, but is answered only then
 */
export function stalled(on: "way there" | "way back" = "way there") {
  let reach!: () => void;
  let land!: () => void;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const landing = new Promise<void>((resolve) => (land = resolve));
  const stall = () => {
    reach();
    return landing;
  };
  const fault: Fault = async (call) => {
    if (on === "way there") await stall();
    const answer = await call();
    if (on === "way back") await stall();
    return answer;
  };
  return { fault, reached, land };
}

/** A call whose caller is told at once that it failed; it is made when it is let land. */
export function late() {
  let land: () => Promise<unknown> = () => Promise.reject(new Error("Nothing was sent"));
  const fault: Fault = (call) => {
    land = call;
    return Promise.reject(new Error("Not answered in time, says the test"));
  };
  return { fault, land: () => land() };
}

/** A database whose batches, reads included, meet a fault. */
export function faultyDatabase(fault: Fault, database: D1Database = env.DB): D1Database {
  return new Proxy(database, {
    get(target, name) {
      if (name === "batch") {
        return (batch: D1PreparedStatement[]) => fault(() => target.batch(batch));
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

type ObjectMethod = Exclude<keyof SessionDO, keyof DurableObject | "alarm">;

/** The app's Env where D1 batches, or calls of a session's object by method, meet a fault. */
export function faultyEnv({
  batch,
  ...faults
}: Partial<Record<"batch" | ObjectMethod, Fault>>): Env {
  return {
    ...env,
    DB: batch ? faultyDatabase(batch) : env.DB,
    SESSION_DO: faultyObjects(env.SESSION_DO, faults),
  };
}

type PersonMethod = Exclude<keyof PersonDO, keyof DurableObject | "alarm">;

/** The same where calls of a person's object meet a fault. */
export function faultyPerson(faults: Partial<Record<PersonMethod, Fault>>, withEnv = env): Env {
  return { ...withEnv, PERSON_DO: faultyObjects(env.PERSON_DO, faults) };
}

/** @returns objects whose methods, by name, meet a fault */
function faultyObjects<Namespace extends Env["SESSION_DO"] | Env["PERSON_DO"]>(
  namespace: Namespace,
  faults: Partial<Record<string, Fault>>,
): Namespace {
  type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;
  const faultyStub = (stub: object) =>
    new Proxy(stub, {
      get(target, name: string) {
        const fault = faults[name] ?? passes;
        const methods = target as unknown as Methods;
        return (...args: unknown[]) => fault(async () => await methods[name]?.(...args));
      },
    });
  return {
    idFromName: (name: string) => namespace.idFromName(name),
    get: (id: DurableObjectId) => faultyStub(namespace.get(id)),
  } as unknown as Namespace;
}

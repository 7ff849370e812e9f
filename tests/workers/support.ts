/** What the Worker tests share: creating sessions, reading storage directly, and faults. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { PersonDO } from "../../durable-objects/person/person-do";
import type { SessionDO } from "../../durable-objects/session/session-do";
import type { CompanionEnv } from "../../durable-objects/env";
import type { personObject } from "../../app/platform/durable-objects.server";
import { hashToken, randomToken } from "../../app/platform/token.server";
import { connectAgent } from "../../app/sessions/agents/agent-tokens.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { listSessions } from "../../app/sessions/list/list.server";
import type { ListView } from "../../app/sessions/list/list-view";
import { sessionObject } from "../../app/platform/durable-objects.server";
import type {
  Answered,
  SessionEvent,
  SessionMetadata,
  SessionRow,
  SessionStatus,
  Task,
  Tombstone,
} from "../../app/sessions/protocol/session";
import type { Message, NewMessage } from "../../app/sessions/protocol/message";

/** The bindings of app and companion in one; the app's secrets are not needed here. */
export const env = bindings as Env;

/**
 * Stops the clock during each test of a file, ten minutes ahead, so that no alarm set by a test runs before it ends.
 *
 * @returns the stopped time, epoch milliseconds, until a test changes it
 */
export function stopClock(): number {
  const now = Date.now() + 10 * 60_000;
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now }));
  afterEach(() => void vi.useRealTimers());
  return now;
}

/** @returns a person without sessions; all tests of a file share storage */
export function freshPerson(): string {
  return `local:${crypto.randomUUID()}`;
}

/** @returns a create form that confirms the other active sessions of the repository */
export function freshForm(owner = "remix-run", name = "remix") {
  return { key: crypto.randomUUID(), repository: { owner, name }, another: true };
}

export function freshMessage(text = "Hello"): NewMessage {
  return { role: "user", author: "Ada", text, client_key: crypto.randomUUID() };
}

/** Creates a session as the app does. @returns its row */
export async function newSession(userId = freshPerson()): Promise<SessionRow> {
  const result = await createSession(env, userId, freshForm());
  if (result.outcome !== "created") throw new Error(`Not created: ${result.outcome}`);
  return result.session;
}

/** Creates a token of a session's agent. @returns its hash */
export async function tokenOf(id: string, userId: string): Promise<string> {
  const made = await connectAgent(env, userId, id, { key: crypto.randomUUID(), name: "Bot" });
  if (!("token" in made) || !made.token) throw new Error("No token");
  return hashToken(made.token);
}

/** Connects a runner of a person's. @returns its id, and its token, which was last used now or at `used_at` */
export async function newRunner(
  userId: string,
  used_at = Date.now(),
): Promise<{ id: string; token: string }> {
  const [id, token] = [crypto.randomUUID(), `shipr_${randomToken()}`];
  await env.DB.prepare(
    `INSERT INTO runners (id, user_id, name, token_hash, created_at, used_at)
     VALUES (?, ?, 'laptop', ?, ?, ?)`,
  )
    .bind(id, userId, await hashToken(token), used_at, used_at)
    .run();
  return { id, token };
}

/** A row without the columns that D1 generates. */
type InsertedRow = Omit<SessionRow, "repo" | "heading" | "needs_you" | "search_words">;

/** Inserts a row as in a restored database: its object is empty. */
export async function newRowWithoutObject(values: Partial<InsertedRow> = {}): Promise<SessionRow> {
  const now = Date.now();
  const row: InsertedRow = {
    id: crypto.randomUUID(),
    user_id: freshPerson(),
    repo_owner: "remix-run",
    repo_name: "remix",
    title: null,
    auto_title: null,
    branch: null,
    status: "active",
    last_activity: now,
    created_at: now,
    archived_at: null,
    message_count: 0,
    archived_by: null,
    kept_at: null,
    agent_status: null,
    status_rev: 0,
    seen_rev: 0,
    agent_at: null,
    agent_message: 0,
    seen_message: 0,
    asks: null,
    runner_id: null,
    assign: 0,
    agent: null,
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

/** An object's row, as its object reports it: no token, and no answer to an agent. */
export function reportOf(row: SessionRow): SessionMetadata & Answered {
  const answered = { answered_at: null, answered_message: 0, answered_rev: 0 };
  return { ...row, agent_tokens: 0, ...answered };
}

interface NewRows {
  status?: SessionStatus;
  /** How many rows have the same time. */
  alike?: number;
  /** How many repositories they are spread over: remix-run/remix-0, -1 and so on. */
  repositories?: number;
}

/**
 * Inserts many rows with one statement, without objects. Their ids are unordered; they are created in one order and
 * active in another, both around the millionth millisecond.
 */
export async function newRows(
  userId: string,
  count: number,
  { status = "active", alike = 1, repositories = 1 }: NewRows = {},
): Promise<void> {
  // Cast in SQL, because D1 binds every number as a float.
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

/** @param view what differs from the plain view @returns a complete view of the list */
export function viewOf(view: Partial<ListView> = {}): ListView {
  return { ...PLAIN_VIEW, ...view };
}

/** @returns the ids on the first page of a person's list, in its order */
export async function listedIds(userId: string, view: Partial<ListView> = {}): Promise<string[]> {
  const { sessions } = await listSessions(env.DB, userId, viewOf(view), undefined, Date.now());
  return sessions.map(({ id }) => id);
}

/** Deletes row, history and task, as restoring an old database would: the object stays. */
export async function loseRow(id: string): Promise<void> {
  await env.DB.batch([
    env.DB.prepare("DELETE FROM session_events WHERE session_id = ?").bind(id),
    env.DB.prepare("DELETE FROM tasks WHERE session_id = ?").bind(id),
    env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id),
  ]);
}

/** @returns everything that D1 stores of a session, whoever owns it */
export async function inDatabase(id: string): Promise<{
  row: SessionRow | undefined;
  tombstone: Tombstone | undefined;
  events: SessionEvent[];
  task: Task | undefined;
}> {
  const [rows, tombstones, events, tasks] = await env.DB.batch([
    env.DB.prepare("SELECT * FROM sessions WHERE id = ?").bind(id),
    env.DB.prepare("SELECT * FROM deleted_sessions WHERE id = ?").bind(id),
    env.DB.prepare("SELECT kind, at FROM session_events WHERE session_id = ? ORDER BY id").bind(id),
    env.DB.prepare("SELECT author, text FROM tasks WHERE session_id = ?").bind(id),
  ]);
  return {
    row: rows?.results[0] as SessionRow | undefined,
    tombstone: tombstones?.results[0] as Tombstone | undefined,
    events: (events?.results ?? []) as SessionEvent[],
    task: tasks?.results[0] as Task | undefined,
  };
}

/** The one row of the object's table `state`. */
export type StoredState = SessionMetadata & {
  generation: string;
  deleting: 0 | 1;
  alarm_at: number;
  schema_version: number;
};

/** @returns everything in the storage of a session's object, without the platform's own tables */
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

/** What `inStorage` returns for an empty object. */
export const NOTHING_STORED = { tables: [], state: undefined, messages: [], alarm: null };

/** @returns all that exists of a session, to compare before and after */
export async function everything(id: string) {
  const [database, storage] = await Promise.all([inDatabase(id), inStorage(id)]);
  return { ...database, ...storage };
}

/** Runs the alarm of a session's object now. @returns false if none is set */
export function fireAlarm(id: string): Promise<boolean> {
  return runDurableObjectAlarm(sessionObject(env, id));
}

/** Runs the alarm of a session's object until it is not due soon, or not set. */
export async function settle(id: string): Promise<void> {
  const far = () => Date.now() + 10 * 60_000;
  for (let alarms = 0; alarms < 10; alarms++) {
    const { alarm } = await inStorage(id);
    if (alarm === null || alarm > far()) return;
    await fireAlarm(id);
  }
  throw new Error("The alarm is always due soon");
}

/** @returns a summary of what exists of a session, such as "row, ready with 2" (messages) or "tombstone, empty" */
export async function standing(id: string): Promise<string> {
  const { row, tombstone, state, messages } = await everything(id);
  const inD1 = [row && "row", tombstone && "tombstone"].filter(Boolean).join(" and ") || "nothing";
  const object = !state ? "empty" : state.deleting ? "deleting" : "ready";
  return `${inD1}, ${object}` + (messages.length > 0 ? ` with ${messages.length}` : "");
}

/** Expects that everybody's kept counts match their rows. */
export async function expectCountsKept(): Promise<void> {
  const [kept, counted] = await env.DB.batch([
    env.DB.prepare(
      "SELECT user_id, repo, active, archived, needs_you FROM session_counts ORDER BY user_id, repo",
    ),
    env.DB.prepare(
      `SELECT user_id, repo, sum(status = 'active') AS active, sum(status = 'archived') AS archived,
         sum(needs_you) AS needs_you
       FROM (SELECT user_id, repo, status, 0 AS needs_you FROM sessions
         UNION ALL SELECT user_id, '', status, needs_you FROM sessions)
       GROUP BY user_id, repo ORDER BY user_id, repo`,
    ),
  ]);
  expect(kept!.results).toEqual(counted!.results);
}

/** Lets a session settle, and expects row and object to agree. @returns what exists of it then, as `standing` does */
export async function settled(id: string): Promise<string> {
  await settle(id);
  await expectCountsKept();
  const { row, tombstone, events, task, ...stored } = await everything(id);
  if (tombstone || !row) {
    expect({ row, events, task, ...stored }).toEqual({ events: [], ...NOTHING_STORED });
  } else if (stored.state) {
    const { last_activity, message_count } = stored.state;
    expect(row).toMatchObject({ last_activity, message_count });
    expect(stored.messages).toHaveLength(message_count);
    expect(stored.alarm).not.toBeNull();
    expect(task).toBeUndefined();
  }
  return standing(id);
}

/** Gives a session's object other vars or another database, until `run` ends or the object is aborted. */
export function withObjectEnv<Result>(
  id: string,
  changes: Partial<CompanionEnv>,
  run: () => Promise<Result>,
): Promise<Result> {
  return withEnvOf(() => sessionObject(env, id), changes, run);
}

/** The same for any object. @param stub creates a new stub, because that of an aborted object is unusable */
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

/** What happens to a call to D1 or to an object: it is made, not made, made later, or its response is lost. */
export type Fault = <Result>(call: () => Promise<Result>) => Promise<Result>;

export const passes: Fault = (call) => call();

export const refused: Fault = () => Promise.reject(new Error("Refused by the test"));

export const answerLost: Fault = async (call) => {
  await call();
  throw new Error("Answer lost by the test");
};

/** One fault for each call, in order; later calls succeed. */
export function inOrder(...faults: Fault[]): Fault {
  let calls = 0;
  return (call) => (faults[calls++] ?? passes)(call);
}

/**
 * A call that stalls, while its caller waits, until it is released.
 *
 * @param on "way there": the call is made only then; "way back": the call was made, and its response arrives only then
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

/** A call whose caller gets a failure at once; the call is made when it is released. */
export function late() {
  let land: () => Promise<unknown> = () => Promise.reject(new Error("Nothing was sent"));
  const fault: Fault = (call) => {
    land = call;
    return Promise.reject(new Error("Not answered in time, says the test"));
  };
  return { fault, land: () => land() };
}

/** A database whose batches, including reads, meet a fault. */
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

/** The app's Env in which D1 batches, or calls of a session's object by method, meet a fault. */
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

/** The same for calls of a person's object. */
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

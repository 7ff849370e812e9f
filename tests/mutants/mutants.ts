/** The mutants: the app with one rule of its protocol removed. The named tests must catch each. */
export interface Mutant {
  name: string;
  file: string;
  /** The code to replace, which occurs exactly once in the file. */
  from: string;
  to: string;
  /** Files of tests/workers, each of which catches the mutant by itself. */
  killers: string[];
}

const LIFECYCLE = "durable-objects/session/lifecycle.ts";
const ROW_SYNC = "durable-objects/session/row-sync.ts";
const STORAGE = "durable-objects/session/storage.ts";
const DELETION = "app/sessions/lifecycle/deletion.server.ts";
const ASKING = "app/sessions/session-object.server.ts";
const CREATE = "app/sessions/lifecycle/create-statements.server.ts";
const HISTORIES = "model/lifecycle.test.ts";
const ROWS = "app/sessions/lifecycle/lifecycle-statements.server.ts";

/** `insertRow` without its check for tombstones, for one of its two callers. */
const UNGUARDED_INSERT = `((...values) => {
  const insert = insertRow(...values);
  return { ...insert, sql: insert.sql.replace(/NOT EXISTS \\(.*?\\)/, "? IS NOT NULL") };
})`;

const MADE_UP_ROW = `{
  id, user_id: userId, repo_owner: "", repo_name: "", branch: null, auto_title: null,
  created_at: 0, last_activity: 0
} as SessionRow`;

export const MUTANTS: Mutant[] = [
  {
    name: "a delete wipes storage before the row is gone",
    file: DELETION,
    from: `  await write(env.DB, [...deleteRows(ids, userId, Date.now(), tombstoneSeconds), ...more]);
  return inParallel(ids, OBJECTS_AT_ONCE, async (id) => await sessionObject(env, id).wipe(userId));`,
    to: `  await inParallel(ids, OBJECTS_AT_ONCE, async (id) => await sessionObject(env, id).wipe(userId));
  return write(env.DB, [...deleteRows(ids, userId, Date.now(), tombstoneSeconds), ...more]);`,
    killers: ["faults.test.ts", HISTORIES],
  },
  {
    name: "the alarm wipes storage before the row is gone",
    file: ROW_SYNC,
    from: `    await write(env.DB, deleteRows([state.id]`,
    to: `    this.#clear();
    await write(env.DB, deleteRows([state.id]`,
    killers: ["alarm-faults.test.ts"],
  },
  {
    name: "no alarm is armed on initialize",
    file: LIFECYCLE,
    from: `    rowSync.armWithin(AFTER_BIRTH);
    return storage.state()!;`,
    to: `    return storage.state()!;`,
    killers: ["create.test.ts", HISTORIES],
  },
  {
    name: "an alarm that failed is not armed again",
    file: ROW_SYNC,
    from: `      if (this.#storage.state()) this.#arm(this.#withinBeat(Date.now() + wait));`,
    to: ``,
    killers: ["alarm.test.ts", HISTORIES],
  },
  {
    name: "what changed while D1 answered waits for the far alarm",
    file: ROW_SYNC,
    from: `    if (state.last_activity !== reported.last_activity) return began + AFTER_APPEND;`,
    to: ``,
    killers: ["alarm-faults.test.ts"],
  },
  {
    name: "create inserts a row in spite of a tombstone",
    file: CREATE,
    from: `    insertRow(
`,
    to: `    ${UNGUARDED_INSERT}(
`,
    killers: ["create.test.ts", HISTORIES],
  },
  {
    name: "the alarm inserts a row in spite of a tombstone",
    file: ROWS,
    from: `    insertRow(session),`,
    to: `    ${UNGUARDED_INSERT}(session),`,
    killers: ["alarm.test.ts", HISTORIES],
  },
  {
    name: "the alarm does not wipe in spite of a tombstone",
    file: ROW_SYNC,
    from: `    if (deleted) {
      this.#listeners.clear();
      return row;
    }`,
    to: ``,
    killers: ["alarm.test.ts", HISTORIES],
  },
  {
    name: "a report does not compare the generation",
    file: ROW_SYNC,
    from: `    if (state?.generation !== reported.generation) return undefined;`,
    to: `    if (!state) return undefined;`,
    killers: ["alarm-faults.test.ts"],
  },
  {
    name: "the end of a deletion does not compare the generation",
    file: ROW_SYNC,
    from: `    if (this.#storage.state()?.generation === state.generation) this.#listeners.clear();`,
    to: `    this.#listeners.clear();`,
    killers: ["alarm-faults.test.ts"],
  },
  {
    name: "prepare does not keep that the session is being deleted",
    file: LIFECYCLE,
    from: `    storage.markDeleting();`,
    to: ``,
    killers: ["delete.test.ts", HISTORIES],
  },
  {
    name: "a delete leaves prepare out",
    file: DELETION,
    from: `  let answer = await sessionObject(env, id).prepare(userId);`,
    to: `  let answer = { state: "deleting" } as ObjectAnswer;`,
    killers: ["delete.test.ts", HISTORIES],
  },
  {
    name: "a report moves the count without the activity",
    file: ROWS,
    from: `  const copied = { auto_title, last_activity, message_count };`,
    to: `  const copied = { auto_title, message_count };`,
    killers: ["conversation.test.ts", HISTORIES],
  },
  {
    name: "a message in the same millisecond moves the count without the activity",
    file: STORAGE,
    from: `max(?, last_activity + 1)`,
    to: `max(?, last_activity)`,
    killers: ["alarm-faults.test.ts", HISTORIES],
  },
  {
    name: "an older report takes activity and count back",
    file: ROWS,
    from: `      .where("last_activity", "<=", last_activity)`,
    to: ``,
    killers: ["alarm.test.ts"],
  },
  {
    name: "prepare does not check the owner",
    file: LIFECYCLE,
    from: `    if (answer.state !== "ready") return answer;`,
    to: `    if (answer.state === "empty") return answer;`,
    killers: ["owner.test.ts", HISTORIES],
  },
  {
    name: "a delete goes on though it found nothing",
    file: DELETION,
    from: `  if (begun !== "deleting") return begun ?? "unavailable";`,
    to: `  if (begun === undefined || begun === "already-deleted") return begun ?? "unavailable";`,
    killers: ["owner.test.ts", HISTORIES],
  },
  {
    name: "the statements of a delete put a tombstone over somebody else's row",
    file: ROWS,
    from: `      WHERE sessions.user_id IS NULL OR sessions.user_id = \${userId}`,
    to: `      WHERE true`,
    killers: ["owner.test.ts"],
  },
  {
    name: "an object is initialized without reading its row",
    file: ASKING,
    from: `    const [[row], [task]] = await read(env.DB, readRow(id, userId), readTask(id, userId));
    if (!row) return first;`,
    to: `    const [row, task] = [${MADE_UP_ROW}, undefined];`,
    killers: ["conversation.test.ts", HISTORIES],
  },
  {
    name: "an object is prepared without reading its row",
    file: DELETION,
    from: `    if (!row) return tombstone ? "already-deleted" : "not-found";
    answer = await sessionObject(env, id).prepare(userId, row);`,
    to: `    answer = await sessionObject(env, id).prepare(userId, row ?? (${MADE_UP_ROW}));`,
    killers: ["delete.test.ts", HISTORIES],
  },
  {
    name: "an object is initialized without its task",
    file: LIFECYCLE,
    from: `this.#make(row, 0, task), () => {
      if (task) this.take(task);`,
    to: `this.#make(row, 0), () => {`,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "the alarm takes no task",
    file: ROW_SYNC,
    from: `    if (task && !state.deleting) this.#listeners.onTask(task); // arms the alarm that deletes it`,
    to: ``,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "a task is taken whenever it is given",
    file: STORAGE,
    from: `client_key: TASK_KEY };`,
    to: `client_key: crypto.randomUUID() };`,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "the alarm deletes a task that its object has not taken",
    file: ROW_SYNC,
    from: `        ...(hasTask ? [deleteTask(id, user_id)] : []),`,
    to: `        ...(hasTask ? [] : [deleteTask(id, user_id)]),`,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "the alarm leaves a task that its object has taken",
    file: ROW_SYNC,
    from: `        ...(hasTask ? [deleteTask(id, user_id)] : []),`,
    to: ``,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "a delete leaves the task",
    file: ROWS,
    from: `      DELETE FROM tasks
      WHERE session_id IN`,
    to: `      DELETE FROM tasks
      WHERE session_id NOT IN`,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "a form that is sent again inserts its task beside a row of before",
    file: CREATE,
    from: `      AND NOT EXISTS (SELECT 1 FROM session_events WHERE session_id = \${id})
    ON CONFLICT`,
    to: `    ON CONFLICT`,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "a form with another task is told that it has created the session",
    file: "app/sessions/lifecycle/lifecycle.server.ts",
    from: `    const isSame = answer.task === created.task?.text;`,
    to: `    const isSame = true;`,
    killers: ["tasks.test.ts", HISTORIES],
  },
  {
    name: "a form with another task is told that the session is listed with it",
    file: "app/sessions/lifecycle/lifecycle.server.ts",
    from: `  if (found.task?.text !== created.task?.text) return { outcome: "unavailable" };`,
    to: ``,
    killers: ["tasks.test.ts"],
  },
  {
    name: "a task that is taken late moves the count without the activity",
    file: STORAGE,
    from: `    this.touch(0); // Its row has another count with the present activity.`,
    to: ``,
    killers: ["tasks.test.ts"],
  },
  {
    name: "an old answer marks what is there as seen again",
    file: ROWS,
    from: `coalesce(last_activity < \${answered_at}, FALSE)`,
    to: `(\${answered_at} IS NOT NULL)`,
    killers: ["answers.test.ts"],
  },
  {
    name: "an answer while D1 answers waits like a message",
    file: ROW_SYNC,
    from: `
      state.answered_at !== reported.answered_at ||`,
    to: ``,
    killers: ["answers.test.ts"],
  },
  {
    name: "a task restores the session like a message",
    file: "durable-objects/session/content/messages.ts",
    from: `WHERE client_key <> ?`,
    to: `WHERE ? <> ''`,
    killers: ["tasks.test.ts", HISTORIES],
  },
];

/**
 * The tables of a session's object, and their migrations.
 *
 * As with D1's migrations, a change is a new step at the end of `STEPS`; a step that is in the list is never changed. A
 * step only adds tables or columns, because older code runs on the same storage after a rollback. A step runs in one
 * turn of the object, so its duration must not depend on how much is stored.
 */

/** The first version of the tables; a new object then runs all steps at once. */
export const FIRST_SCHEMA = `
  CREATE TABLE state (
    id TEXT NOT NULL, user_id TEXT NOT NULL, repo_owner TEXT NOT NULL, repo_name TEXT NOT NULL,
    created_at INTEGER NOT NULL, last_activity INTEGER NOT NULL, message_count INTEGER NOT NULL,
    generation TEXT NOT NULL, deleting INTEGER NOT NULL, alarm_at INTEGER NOT NULL
  );
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY, role TEXT NOT NULL, author TEXT NOT NULL,
    text TEXT NOT NULL, created_at INTEGER NOT NULL, client_key TEXT NOT NULL UNIQUE
  );`;

const STEPS: readonly string[] = [
  // 1: agents report in.
  `ALTER TABLE state ADD COLUMN agent_status TEXT;
   ALTER TABLE state ADD COLUMN agent_at INTEGER;
   ALTER TABLE state ADD COLUMN agent_message INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE agent_tokens (
     id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
     form_key TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, used_at INTEGER,
     window_at INTEGER NOT NULL DEFAULT 0, window_count INTEGER NOT NULL DEFAULT 0
   );
   CREATE TABLE agent_reports (client_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;`,
  // 2: the schema has a version, which is the number of the last step that was run.
  `ALTER TABLE state ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 0;`,
  // 3: a message is parsed once: its tree as JSON, and the version of the parser that created it.
  `ALTER TABLE messages ADD COLUMN tree TEXT;
   ALTER TABLE messages ADD COLUMN tree_version INTEGER NOT NULL DEFAULT 0;`,
  // 4: the rate limit for the owner's messages.
  `ALTER TABLE state ADD COLUMN window_at INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE state ADD COLUMN window_count INTEGER NOT NULL DEFAULT 0;`,
  // 5: what the session is about, and how often its agents' status has changed.
  `ALTER TABLE state ADD COLUMN branch TEXT;
   ALTER TABLE state ADD COLUMN auto_title TEXT;
   ALTER TABLE state ADD COLUMN status_rev INTEGER NOT NULL DEFAULT 0;`,
  // 6: what the owner has answered.
  `ALTER TABLE state ADD COLUMN answered_at INTEGER;
   ALTER TABLE state ADD COLUMN answered_message INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE state ADD COLUMN answered_rev INTEGER NOT NULL DEFAULT 0;`,
  // 7: items. Messages of before (`unplaced`) have no row there: they stand before all items. Storage that an earlier
  // text of this step has made has other indexes and works as well; only changes of items cost it more rows.
  `CREATE TABLE items (
     id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, kind TEXT NOT NULL, message INTEGER,
     run TEXT, key TEXT, author TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
     body TEXT
   );
   CREATE UNIQUE INDEX items_key ON items (key) WHERE run IS NULL AND key IS NOT NULL;
   CREATE INDEX items_seq ON items (seq) WHERE run IS NULL;
   CREATE INDEX items_open ON items (id)
     WHERE kind = 'permission' AND json_extract(body, '$.state') = 'open';
   ALTER TABLE state ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE state ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE state ADD COLUMN unplaced INTEGER NOT NULL DEFAULT 0;
   UPDATE state SET seq = message_count, placed = message_count, unplaced = message_count;`,
  // 8: runs. Their items have no index but their ids, so that a change of one is one row written; they are found from
  // the first id of their run on.
  `ALTER TABLE state ADD COLUMN runner_id TEXT;
   ALTER TABLE state ADD COLUMN assign INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE state ADD COLUMN agent TEXT;
   ALTER TABLE state ADD COLUMN asks TEXT;
   ALTER TABLE state ADD COLUMN handled INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE state ADD COLUMN run_seq INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE messages ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE runs (
     first INTEGER PRIMARY KEY, id TEXT NOT NULL, runner TEXT NOT NULL, instance TEXT NOT NULL,
     turn INTEGER NOT NULL, began_at INTEGER NOT NULL, stop INTEGER NOT NULL DEFAULT 0,
     ended_at INTEGER, outcome TEXT
   );
   CREATE TABLE agent_sessions (runner TEXT PRIMARY KEY, acp_session TEXT NOT NULL) WITHOUT ROWID;`,
];

type Storage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

type StoredRow<Shape> = Record<string, SqlStorageValue> & Shape;

/** Reads rows; see `readUpgraded`. */
export function readRows<Shape>(
  storage: Storage,
  query: string,
  ...values: SqlStorageValue[]
): Shape[] {
  return readUpgraded(storage, () =>
    storage.sql.exec<StoredRow<Shape>>(query, ...values).toArray(),
  );
}

/** Upgrades the storage, then runs a statement that writes. @returns the rows that the statement returns */
export function writeRows<Shape>(
  storage: Storage,
  query: string,
  ...values: SqlStorageValue[]
): Shape[] {
  upgrade(storage);
  return storage.sql.exec<StoredRow<Shape>>(query, ...values).toArray();
}

/** Runs the missing steps. The table `state` must have its row. */
export function upgrade(storage: Storage): void {
  const version = versionOf(storage);
  if (version >= STEPS.length) return;
  storage.transactionSync(() => {
    storage.sql.exec(STEPS.slice(version).join("\n"));
    storage.sql.exec("UPDATE state SET schema_version = ?", STEPS.length);
  });
}

/**
 * Reads storage as if it were upgraded, without changing it: older storage is upgraded in a transaction that is rolled
 * back. Only a write upgrades permanently, so a read changes nothing. The table `state` must have its row.
 *
 * @returns what `read` returns
 */
export function readUpgraded<Result>(storage: Storage, read: () => Result): Result {
  if (versionOf(storage) >= STEPS.length) return read();
  return rolledBack(storage, () => {
    upgrade(storage);
    return read();
  });
}

/** Runs code that writes, and takes back what it has written. @returns what it returns */
export function rolledBack<Result>(storage: Storage, run: () => Result): Result {
  const done: { result?: Result } = {};
  try {
    storage.transactionSync(() => {
      done.result = run();
      throw done;
    });
  } catch (thrown) {
    if (thrown !== done) throw thrown;
  }
  return done.result as Result;
}

/** @returns how many steps have been run */
function versionOf({ sql }: Storage): number {
  const [state = {}] = sql.exec("SELECT * FROM state").toArray();
  return (state.schema_version as number | undefined) ?? ("agent_at" in state ? 1 : 0);
}

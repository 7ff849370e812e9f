import { DurableObject } from "cloudflare:workers";
import { logError } from "../app/platform/log";
import { write } from "../app/platform/database.server";
import { deleteRows, readRow, readTombstone, reportToRow } from "../app/sessions/rows.server";
import {
  autoArchiveTime,
  type Message,
  type NewMessage,
  type ObjectAnswer,
  type SessionMetadata,
  type SessionRow,
} from "../app/sessions/session";

/** How soon, in milliseconds, the alarm looks after the row. */
const AFTER_BIRTH = 5_000;
const AFTER_APPEND = 10_000;
const BACKOFF = { first: 5_000, most: 300_000 };
/** An alarm this long overdue was dropped by the platform. */
const LOST_ALARM = 60_000;

const CONVERSATION_PAGE = 30;

/** The bindings and vars of durable-objects/wrangler.toml; durations in seconds. */
export interface CompanionEnv {
  DB: D1Database;
  SESSION_DO: Env["SESSION_DO"];
  PERSON_DO: Env["PERSON_DO"];
  /** 0: never. */
  AUTO_ARCHIVE_SECONDS: number;
  TOMBSTONE_SECONDS: number;
  /** How often a quiet object compares itself with its row. */
  REPAIR_SECONDS: number;
}

/** The one row of the object's `state` table. */
type State = SessionMetadata & {
  /** Random, made anew by every initialization: tells a state from one that was wiped and made again. */
  generation: string;
  /** 1 from the moment at which deletion has begun; never 0 again. */
  deleting: 0 | 1;
  /** For when the alarm was last set, epoch milliseconds. */
  alarm_at: number;
};

/**
 * The content of one session: its metadata and messages. D1 says whether the session exists and what its status is.
 *
 * Storage is made by `initialize` and `prepare` alone; the constructor and every read write nothing. Each method is one
 * turn: it never awaits between reading its state and writing it. Only `alarm` talks to D1, and compares the generation
 * afterwards. Every method takes the asking user's id and answers `foreign` to anyone but the owner.
 */
export class SessionDO extends DurableObject<CompanionEnv> {
  #alarmFailures = 0;

  /**
   * Makes the state of an empty object from a row that the caller has just read from D1's primary.
   * An object that has state keeps it.
   */
  initialize(row: SessionRow): ObjectAnswer {
    return this.#answer(row.user_id, this.#state() ?? this.#make(row, 0), () => ({}));
  }

  /** @returns metadata and message count */
  snapshot(userId: string): ObjectAnswer<{ session: SessionMetadata }> {
    return this.#answer(userId, this.#state(), (state) => ({ session: metadata(state) }));
  }

  /**
   * @param before only messages older than the one with this id; undefined for the newest
   * @returns metadata, and a page of messages, oldest first
   */
  conversation(
    userId: string,
    before: number | undefined,
  ): ObjectAnswer<{ session: SessionMetadata; messages: Message[] }> {
    return this.#answer(userId, this.#state(), (state) => {
      const messages = this.ctx.storage.sql
        .exec<Record<string, SqlStorageValue> & Message>(
          `SELECT id, role, author, text, created_at, client_key FROM messages
           WHERE id < ? ORDER BY id DESC LIMIT ?`,
          before ?? Number.MAX_SAFE_INTEGER,
          CONVERSATION_PAGE,
        )
        .toArray()
        .reverse();
      return { session: metadata(state), messages };
    });
  }

  /** Adds a message; one with a client key seen before is not added again. */
  append(userId: string, message: NewMessage): ObjectAnswer {
    return this.#answer(userId, this.#state(), (state) => {
      const now = Date.now();
      const { role, author, text, client_key } = message;
      const [added] = this.ctx.storage.sql
        .exec(
          `INSERT INTO messages (role, author, text, created_at, client_key) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (client_key) DO NOTHING RETURNING id`,
          role,
          author,
          text,
          now,
          client_key,
        )
        .toArray();
      if (!added) return {};
      // Always later than the last one, so that a report of fewer messages can never pass for the newest.
      this.ctx.storage.sql.exec(
        "UPDATE state SET message_count = message_count + 1, last_activity = ?",
        Math.max(now, state.last_activity + 1),
      );
      this.#armWithin(AFTER_APPEND);
      return {};
    });
  }

  /**
   * Begins the deletion: from here on the object refuses everything else, and its alarm finishes what the caller may not.
   *
   * @param row for an object that answered `empty`: its row, just read from D1's primary
   * @returns `deleting` when begun, now or earlier
   */
  prepare(userId: string, row?: SessionRow): ObjectAnswer {
    const state = this.#state() ?? (row && this.#make(row, 1));
    const answer = this.#answer(userId, state, () => ({}));
    if (answer.state !== "ready") return answer;
    this.ctx.storage.sql.exec("UPDATE state SET deleting = 1");
    this.#armWithin(AFTER_BIRTH);
    return { state: "deleting" };
  }

  /** Clears the storage of an object that is `deleting`; its row must be gone. @returns `empty` when cleared */
  wipe(userId: string): ObjectAnswer {
    const answer = this.#answer(userId, this.#state(), () => ({}));
    if (answer.state !== "deleting") return answer;
    this.#clear();
    return { state: "empty" };
  }

  /**
   * The object's one duty towards its row: if the session was deleted, wipe myself; otherwise see that my row exists and
   * carries my activity. Never throws where it can set itself again: the platform drops an alarm that failed six times.
   */
  override async alarm(): Promise<void> {
    const state = this.#state();
    if (!state) return;
    try {
      if (state.deleting) await this.#finishDeleting(state);
      else await this.#report(state);
      this.#alarmFailures = 0;
    } catch (error) {
      logError("alarm", error);
      const wait = Math.min(BACKOFF.first * 2 ** this.#alarmFailures++, BACKOFF.most);
      if (this.#state()) this.#arm(Date.now() + wait);
    }
  }

  async #finishDeleting(state: State) {
    const tombstoneSeconds = Number(this.env.TOMBSTONE_SECONDS);
    await write(this.env.DB, deleteRows([state.id], state.user_id, Date.now(), tombstoneSeconds));
    if (this.#state()?.generation === state.generation) this.#clear();
  }

  async #report(reported: State) {
    const { id, user_id } = reported;
    const idleSeconds = Number(this.env.AUTO_ARCHIVE_SECONDS);
    const [[tombstone], [row]] = await write(
      this.env.DB,
      reportToRow(reported, this.#lastMessageAt(), Date.now(), idleSeconds),
      readTombstone(id, user_id),
      readRow(id, user_id),
    );

    const state = this.#state();
    if (state?.generation !== reported.generation) return;
    if (tombstone) return this.#clear();

    const now = Date.now();
    if (row && row.last_activity > state.last_activity) {
      this.ctx.storage.sql.exec("UPDATE state SET last_activity = ?", row.last_activity);
      return this.#arm(now + AFTER_APPEND);
    }
    const changedMeanwhile = state.deleting || state.last_activity !== reported.last_activity;
    if (changedMeanwhile) return this.#arm(now + AFTER_BIRTH);
    const idleAt = row?.status === "active" ? autoArchiveTime(row, idleSeconds) : undefined;
    this.#arm(Math.min(now + Number(this.env.REPAIR_SECONDS) * 1000, idleAt ?? Infinity));
  }

  /** Lets the owner, and nobody else, have what `content` answers from a state that is not being deleted. */
  #answer<Content extends object>(
    userId: string,
    state: State | undefined,
    content: (state: State) => Content,
  ): ObjectAnswer<Content> {
    if (!state) return { state: "empty" };
    if (state.user_id !== userId) return { state: "foreign" };
    if (state.deleting) return { state: "deleting" };
    return { state: "ready", ...content(state) };
  }

  #state(): State | undefined {
    const { sql } = this.ctx.storage;
    const [made] = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'state'").toArray();
    return made && sql.exec<Record<string, SqlStorageValue> & State>("SELECT * FROM state").one();
  }

  #make(row: SessionRow, deleting: 0 | 1): State {
    const { sql } = this.ctx.storage;
    sql.exec(`
      CREATE TABLE state (
        id TEXT NOT NULL, user_id TEXT NOT NULL, repo_owner TEXT NOT NULL, repo_name TEXT NOT NULL,
        created_at INTEGER NOT NULL, last_activity INTEGER NOT NULL, message_count INTEGER NOT NULL,
        generation TEXT NOT NULL, deleting INTEGER NOT NULL, alarm_at INTEGER NOT NULL
      );
      CREATE TABLE messages (
        id INTEGER PRIMARY KEY, role TEXT NOT NULL, author TEXT NOT NULL,
        text TEXT NOT NULL, created_at INTEGER NOT NULL, client_key TEXT NOT NULL UNIQUE
      );`);
    sql.exec(
      "INSERT INTO state VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, 0)",
      row.id,
      row.user_id,
      row.repo_owner,
      row.repo_name,
      row.created_at,
      row.last_activity,
      crypto.randomUUID(),
      deleting,
    );
    this.#arm(Date.now() + AFTER_BIRTH);
    return this.#state() as State;
  }

  /** When the newest message was said, by the clock; 0 where there is none. */
  #lastMessageAt(): number {
    const newest = "SELECT created_at FROM messages ORDER BY id DESC LIMIT 1";
    const [message] = this.ctx.storage.sql.exec<{ created_at: number }>(newest).toArray();
    return message?.created_at ?? 0;
  }

  /** Sets the alarm for `at`, in the same turn and so in the same transaction as what made it necessary. */
  #arm(at: number) {
    this.ctx.storage.sql.exec("UPDATE state SET alarm_at = ?", at);
    void this.ctx.storage.setAlarm(at);
  }

  /** Sees that the alarm comes at most `wait` milliseconds from now; one that comes sooner stays. */
  #armWithin(wait: number) {
    const now = Date.now();
    const alarmAt = this.#state()?.alarm_at ?? 0;
    if (alarmAt > now + wait || alarmAt < now - LOST_ALARM) this.#arm(now + wait);
  }

  /** Nothing awaited between the two: an alarm left behind by a crash between them would find no state to wipe. */
  #clear() {
    void this.ctx.storage.deleteAlarm();
    void this.ctx.storage.deleteAll();
  }
}

function metadata(state: State): SessionMetadata {
  const { id, user_id, repo_owner, repo_name, created_at, last_activity, message_count } = state;
  return { id, user_id, repo_owner, repo_name, created_at, last_activity, message_count };
}

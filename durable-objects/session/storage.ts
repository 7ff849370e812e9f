import { SESSION_BYTES } from "../../app/sessions/protocol/budgets";
import type { NewMessage } from "../../app/sessions/protocol/message";
import type { RequestAnswer } from "../../app/sessions/protocol/object-answers";
import {
  endsWhenSeen,
  TASK_KEY,
  type AgentStatus,
  type SessionRow,
  type Task,
} from "../../app/sessions/protocol/session";
import { Items, type Placed } from "./content/items";
import { Messages } from "./content/messages";
import { countInWindow, type RateWindow } from "./rate-window";
import { Requests } from "./content/requests";
import { RunItems } from "./content/run-items";
import { REPORT_KEY_LIFE, Reports } from "./reporting/reports";
import { RunState } from "./runs/run-state";
import { Runs, type Run } from "./runs/runs";
import { FIRST_SCHEMA, readRows, upgrade, writeRows } from "./schema";
import type { State } from "./state";
import { Tokens } from "./reporting/tokens";

/** How many messages the owner may write in a minute. */
const MESSAGES_PER_MINUTE = 120;

/**
 * The storage of a session's object: its state, messages and agents' tokens. Every method is synchronous, so that all
 * that an object does in one turn is one transaction. Times are epoch milliseconds.
 */
export class SessionStorage {
  readonly messages: Messages;
  readonly items: Items;
  readonly requests: Requests;
  readonly reports: Reports;
  readonly runs: Runs;
  readonly runItems: RunItems;
  readonly runState: RunState;
  readonly tokens: Tokens;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.messages = new Messages(storage);
    this.items = new Items(storage, this.messages);
    this.requests = new Requests(this.items);
    this.runs = new Runs(storage);
    this.runItems = new RunItems(this.items, this.messages);
    this.runState = new RunState(storage, this);
    this.reports = new Reports(storage, this);
    this.tokens = new Tokens(storage);
    this.#storage = storage;
  }

  /** @returns undefined if nothing is stored */
  state(): State | undefined {
    const table = "SELECT 1 FROM sqlite_master WHERE name = 'state'";
    if (this.#storage.sql.exec(table).toArray().length === 0) return undefined;
    const query = "SELECT *, (SELECT count(*) FROM agent_tokens) AS agent_tokens FROM state";
    return this.#read<State>(query)[0];
  }

  /** Creates the state of a session from its row and task, with a new generation. */
  make(row: SessionRow, deleting: 0 | 1, task?: Task): void {
    const { sql } = this.#storage;
    sql.exec(FIRST_SCHEMA);
    sql.exec(
      `INSERT INTO state (id, user_id, repo_owner, repo_name, created_at, last_activity,
         message_count, generation, deleting, alarm_at)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, 0)`,
      row.id,
      row.user_id,
      row.repo_owner,
      row.repo_name,
      row.created_at,
      row.last_activity,
      crypto.randomUUID(),
      deleting,
    );
    upgrade(this.#storage);
    this.#write(
      "UPDATE state SET branch = ?, auto_title = ?, runner_id = ?, assign = ?, agent = ?",
      ...[row.branch, row.auto_title, row.runner_id, row.assign, row.agent],
    );
    if (!task) return;
    this.#addTask(task);
    this.runState.noteQueued(Date.now());
  }

  markDeleting(): void {
    this.#write("UPDATE state SET deleting = 1");
  }

  setAlarmAt(at: number): void {
    this.#write("UPDATE state SET alarm_at = ?", at);
  }

  setLastActivity(at: number): void {
    this.#write("UPDATE state SET last_activity = ?", at);
  }

  /** Whether the session has stored as much as it may. Deleting still has room. */
  get isFull(): boolean {
    return this.#storage.sql.databaseSize >= SESSION_BYTES;
  }

  /**
   * @returns the id of the message stored with this idempotency key, or null for a status alone; undefined if none is
   */
  findKey(key: string, now: number): { message: number | null } | undefined {
    const query = `SELECT id AS message FROM messages WHERE client_key = ?
      UNION ALL SELECT NULL FROM agent_reports WHERE client_key = ? AND at >= ?`;
    return this.#read<{ message: number | null }>(query, key, key, now - REPORT_KEY_LIFE)[0];
  }

  /** @returns the text of the task; undefined if it was not taken, or there is none */
  takenTask(): string | undefined {
    const query = "SELECT text FROM messages WHERE client_key = ?";
    return this.#read<{ text: string }>(query, TASK_KEY)[0]?.text;
  }

  /** Stores the task of a session that was made without it. @returns the message; undefined if it was stored before */
  takeTask(task: Task): Placed | undefined {
    if (this.takenTask() !== undefined) return undefined;
    const added = this.#addTask(task);
    this.runState.noteQueued(Date.now());
    this.touch(0); // Its row has another count with the present activity.
    return added;
  }

  /** Stores a message. @param message its idempotency key must be unused (see `findKey`) */
  append(message: NewMessage, now: number): Placed {
    const added = this.#add(message, now);
    this.touch(now);
    if (message.role === "user") this.runState.noteQueued(now);
    return added;
  }

  /** Stores a new message of a run, by the number of this change. @param key unused */
  addOfRun(
    run: Run,
    { author, text, key, seq }: { author: string; text: string; key: string; seq: number },
    now: number,
  ): Placed {
    const message = this.messages.add({ role: "agent", author, text, client_key: key }, now);
    this.#write("UPDATE state SET message_count = message_count + 1");
    return { message, shown: this.items.placeOfRun(message, run, seq) };
  }

  /** Runs code whose writes are all done or, if it throws, none. @returns what it returns */
  atomically<Result>(run: () => Result): Result {
    return this.#storage.transactionSync(run);
  }

  /**
   * Stores what the owner answers by the message that was just stored.
   *
   * @param status what the agents did before the message
   */
  markAnswered(status: AgentStatus | null): void {
    if (!endsWhenSeen(status)) return;
    this.#write(
      `UPDATE state SET answered_at = last_activity, answered_message = agent_message,
         answered_rev = status_rev`,
    );
  }

  /** Stores the owner's answer to a request. If nothing else is asked, the agent goes on working. */
  answer(item: number, option: string, by: string, now: number): RequestAnswer {
    const running = this.runs.running();
    const answered = this.requests.answer(item, option, by, running, now);
    if (!answered.isTaken) return answered;
    const { agent_status } = this.state()!;
    const goesOn = agent_status === "waiting" && this.requests.asked() === null;
    if (running) this.runState.settle(now, agent_status === "lost");
    else if (goesOn) this.runState.setStatus("working", now);
    else this.runState.setStatus(agent_status, null);
    this.touch(now);
    return answered;
  }

  /**
   * Counts a message of the owner's, unless they have written too many within a minute.
   *
   * @returns 0 if it was counted; otherwise how long to wait, in milliseconds
   */
  countMessage(now: number): number {
    const [window] = this.#read<RateWindow>("SELECT window_at, window_count FROM state");
    const { wait, window_at, window_count } = countInWindow(window!, MESSAGES_PER_MINUTE, now);
    if (wait > 0) return wait;
    this.#write("UPDATE state SET window_at = ?, window_count = ?", window_at, window_count);
    return 0;
  }

  /**
   * Stores the task as a message. It was written when the session was created, so it is no activity of its own, and does
   * not restore a session that was archived since.
   */
  #addTask({ author, text }: Task): Placed {
    const task = { role: "user" as const, author, text, client_key: TASK_KEY };
    return this.#add(task, this.state()!.created_at);
  }

  #add(added: NewMessage, at: number): Placed {
    const message = this.messages.add(added, at);
    this.#write("UPDATE state SET message_count = message_count + 1");
    return { message, shown: this.items.place(message) };
  }

  /**
   * Sets the last activity. It always increases, so that an outdated update of the row, with fewer messages, is never
   * taken for the newest.
   */
  touch(now: number): void {
    this.#write("UPDATE state SET last_activity = max(?, last_activity + 1)", now);
  }

  #read<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return readRows(this.#storage, query, ...values);
  }

  #write<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return writeRows(this.#storage, query, ...values);
  }
}

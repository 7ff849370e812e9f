import type { RunOutcome } from "../../../app/sessions/protocol/run";
import { readRows, writeRows } from "../schema";

/** A run: what a runner's agent does for one message of the owner. Times are epoch milliseconds. */
export interface Run {
  id: string;
  /** The number of the change with which it began: its items have greater ids. */
  first: number;
  runner: string;
  /** The process of the runner that carries it out. */
  instance: string;
  /** The id of the message. */
  turn: number;
  began_at: number;
  /** 1 if the owner wants it to stop. */
  stop: 0 | 1;
  /** Null while it is running. */
  ended_at: number | null;
  outcome: RunOutcome | null;
}

/** The runs of a session; at most one of them, the newest, is running. */
export class Runs {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** @returns undefined if there was none yet */
  newest(): Run | undefined {
    return this.#read("SELECT * FROM runs ORDER BY first DESC LIMIT 1")[0];
  }

  /** @returns undefined if none is running */
  running(): Run | undefined {
    const newest = this.newest();
    return newest?.ended_at === null ? newest : undefined;
  }

  /** @returns whether there is or was a run with this id */
  has(id: string): boolean {
    return this.#read("SELECT * FROM runs WHERE id = ?", id).length > 0;
  }

  /** Stores a new run, which is running. Its message counts as handed over. */
  begin(run: Pick<Run, "id" | "first" | "runner" | "instance" | "turn">, now: number): void {
    const insert = `INSERT INTO runs (first, id, runner, instance, turn, began_at) VALUES (?, ?, ?, ?, ?, ?)`;
    this.#write(insert, run.first, run.id, run.runner, run.instance, run.turn, now);
    this.#write("UPDATE state SET handled = ?, run_seq = 0", run.turn);
  }

  /** Stores that the owner wants a run to stop. */
  stop({ first }: Run): void {
    this.#write("UPDATE runs SET stop = 1 WHERE first = ?", first);
  }

  end({ first }: Run, outcome: RunOutcome, now: number): void {
    this.#write("UPDATE runs SET ended_at = ?, outcome = ? WHERE first = ?", now, outcome, first);
  }

  /** @returns the id of the session that the runner's agent keeps; null if none is known */
  acpSession(runner: string): string | null {
    const query = "SELECT acp_session FROM agent_sessions WHERE runner = ?";
    const [known] = readRows<{ acp_session: string }>(this.#storage, query, runner);
    return known?.acp_session ?? null;
  }

  setAcpSession(runner: string, acpSession: string): void {
    const upsert = `INSERT INTO agent_sessions (runner, acp_session) VALUES (?, ?)
      ON CONFLICT (runner) DO UPDATE SET acp_session = excluded.acp_session`;
    this.#write(upsert, runner, acpSession);
  }

  #read(query: string, ...values: SqlStorageValue[]): Run[] {
    return readRows<Run>(this.#storage, query, ...values);
  }

  #write(query: string, ...values: SqlStorageValue[]): void {
    writeRows(this.#storage, query, ...values);
  }
}

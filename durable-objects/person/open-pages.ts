/** A session that is open in a browser, in one page or more. `sign_in` is the browser, as the hash of its token. */
export type OpenPage = Record<"session" | "sign_in" | "user_id", string>;

/** Which sessions a person has open, and in which browsers. While there are none, nothing is stored. */
export class OpenPages {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Stores that a session is open in a browser. Idempotent. */
  add({ session, sign_in, user_id }: OpenPage): void {
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS pages (
        session TEXT NOT NULL, sign_in TEXT NOT NULL, user_id TEXT NOT NULL,
        PRIMARY KEY (session, sign_in)
      ) WITHOUT ROWID`);
    this.#sql.exec(
      "INSERT INTO pages VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      ...[session, sign_in, user_id],
    );
  }

  /** @returns one entry per session and browser */
  all(): OpenPage[] {
    const [table] = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'pages'").toArray();
    return table ? this.#sql.exec<OpenPage>("SELECT * FROM pages").toArray() : [];
  }

  /** @returns the ids of the sessions that are open, each once */
  sessions(): string[] {
    return [...new Set(this.all().map(({ session }) => session))];
  }

  /** Removes the pages of a session. @param signIn removes only those in this browser; undefined for all browsers */
  remove(session: string, signIn?: string): void {
    if (this.all().length === 0) return;
    const change = "DELETE FROM pages WHERE session = ? AND sign_in = coalesce(?, sign_in)";
    this.#sql.exec(change, session, signIn ?? null);
  }
}

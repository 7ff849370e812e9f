import { Kysely, type CompiledQuery } from "kysely";
import { D1Dialect } from "kysely-d1";

/** A statement compiled by Kysely; `Row` is the type of the rows that it returns. */
export type Statement<Row = unknown> = CompiledQuery<Row>;

type RowsOf<Statements extends readonly Statement[]> = {
  -readonly [Index in keyof Statements]: Statements[Index] extends Statement<infer Row>
    ? Row[]
    : never;
};

/**
 * Creates a Kysely query builder that only compiles statements and has no connection. Every statement runs through
 * `write` or `read` instead, which send a D1 batch: D1 has no other transactions, and a batch is one round trip.
 *
 * @returns a query builder typed by `Tables`; executing one of its queries directly throws
 */
export function statementBuilder<Tables>(): Kysely<Tables> {
  const unconnected = {
    prepare() {
      throw new Error("Statements run through write() and read()");
    },
  } as unknown as D1Database;
  return new Kysely<Tables>({ dialect: new D1Dialect({ database: unconnected }) });
}

/** The part of D1 that statements need: D1 itself, or a wrapper such as the one from `collectReads`. */
export type Database = Pick<D1Database, "prepare" | "batch">;

/**
 * Wraps D1 so that batches sent in the same turn of the event loop are sent as one. Remix runs the loaders of a page in
 * parallel, so together they need one round trip (docs/decisions/0003). Use it for reads only: one failing statement
 * fails the batch for every caller.
 */
export function collectReads(d1: D1Database): Database {
  let collected: D1PreparedStatement[] = [];
  let answer: Promise<D1Result[]> | undefined;

  function send() {
    const statements = collected;
    collected = [];
    answer = undefined;
    return d1.batch(statements);
  }

  return {
    prepare: (query) => d1.prepare(query),
    async batch<Row>(statements: D1PreparedStatement[]) {
      const first = collected.length;
      collected.push(...statements);
      answer ??= Promise.resolve().then(send);
      const results = await answer;
      return results.slice(first, first + statements.length) as D1Result<Row>[];
    },
  };
}

/**
 * Runs writes, then reads, in one D1 batch: one transaction, one round trip, on the primary.
 *
 * @returns the rows of each read, in order
 * @throws what D1 throws; the batch may have been applied all the same, if only the response was lost
 */
export async function write<const Reads extends readonly Statement[]>(
  d1: Database,
  writes: readonly Statement[],
  ...reads: Reads
): Promise<RowsOf<Reads>> {
  const prepared = [...writes, ...reads].map((statement) =>
    d1.prepare(statement.sql).bind(...statement.parameters),
  );
  const results = await d1.batch(prepared);
  return results.slice(writes.length).map((result) => result.results) as RowsOf<Reads>;
}

/**
 * Runs reads in one D1 batch.
 *
 * @returns the rows of each read, in order
 * @throws what D1 throws
 */
export function read<const Reads extends readonly Statement[]>(
  d1: Database,
  ...reads: Reads
): Promise<RowsOf<Reads>> {
  return write(d1, [], ...reads);
}

import { Kysely, type CompiledQuery } from "kysely";
import { D1Dialect } from "kysely-d1";

/** A statement compiled by Kysely, knowing the shape of the rows it answers with. */
export type Statement<Row = unknown> = CompiledQuery<Row>;

type RowsOf<Statements extends readonly Statement[]> = {
  -readonly [Index in keyof Statements]: Statements[Index] extends Statement<infer Row>
    ? Row[]
    : never;
};

/**
 * A Kysely that builds and compiles statements; it is connected to nothing. Every statement runs through `write` or `read`,
 * because a D1 batch is the only transaction D1 has, and one round trip however many statements it holds.
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

/** What statements run on: D1, or something that collects what goes there. */
export type Database = Pick<D1Database, "prepare" | "batch">;

/**
 * The loaders of a page run at the same time; this lets them read in one round trip: batches sent in the same turn reach
 * D1 as one. For reads only, because a statement that fails fails all of them.
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
 * @throws what D1 throws; the batch may then still have been applied, with only its answer lost
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

/** Runs reads in one D1 batch. @returns the rows of each, in order @throws what D1 throws */
export function read<const Reads extends readonly Statement[]>(
  d1: Database,
  ...reads: Reads
): Promise<RowsOf<Reads>> {
  return write(d1, [], ...reads);
}

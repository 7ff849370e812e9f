import type { Item } from "../protocol/item";
import type { Message } from "../protocol/message";
import {
  repositoryName,
  type HistoryLine,
  type SessionEvent,
  type SessionRow,
} from "../protocol/session";

/** A long list that is read in pieces, so that only one piece is in memory. */
export interface Pieces<Item> {
  /** The first piece. */
  first: Item[];
  /** Reads the piece after the item with this id; empty if there are no more items. @throws if it cannot be read */
  after: (id: number) => Promise<Item[]>;
}

/**
 * Streams a session as JSON: its row, its history, all messages and items. Only one piece of them is in memory at a time. If a
 * piece cannot be read, the stream fails with an error, so that an incomplete file is not mistaken for the whole
 * session.
 */
export function exportStream(
  row: SessionRow,
  history: Pieces<HistoryLine>,
  messages: Pieces<Message>,
  items: Pieces<Item>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const text = exportText(row, history, messages, items);
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await text.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}

async function* exportText(
  row: SessionRow,
  history: Pieces<HistoryLine>,
  messages: Pieces<Message>,
  items: Pieces<Item>,
): AsyncGenerator<string, void> {
  yield `{"session":${JSON.stringify(described(row))},"history":[`;
  yield* lines(history, dated);
  yield `],"messages":[`;
  yield* lines(messages, exported);
  yield `\n],"items":[`;
  yield* lines(items, exportedItem);
  yield "\n]}\n";
}

/** Yields the items of a JSON array, one item per line. */
async function* lines<Item extends { id: number }>(
  { first, after }: Pieces<Item>,
  describe: (item: Item) => object,
): AsyncGenerator<string, void> {
  let separator = "";
  let items = first;
  for (let last = items.at(-1); last; last = items.at(-1)) {
    const described = items.map((item) => JSON.stringify(describe(item)));
    yield `${separator}\n${described.join(",\n")}`;
    separator = ",";
    items = await after(last.id);
  }
}

/** @returns the file name of an export, such as "octo-cat-0a1b2c3d.json" */
export function exportName({ id, repo_owner, repo_name }: SessionRow): string {
  return `${repo_owner}-${repo_name}-${id.slice(0, 8)}.json`;
}

function described(row: SessionRow) {
  return {
    id: row.id,
    repository: repositoryName(row),
    branch: row.branch,
    title: row.heading,
    status: row.status,
    created_at: iso(row.created_at),
    last_activity: iso(row.last_activity),
    archived_at: row.archived_at === null ? null : iso(row.archived_at),
    agent_status: row.agent_status,
    agent_at: row.agent_at === null ? null : iso(row.agent_at),
  };
}

function dated({ kind, at }: SessionEvent) {
  return { kind, at: iso(at) };
}

function exported({ id, role, author, text, created_at, withdrawn }: Message) {
  const message = { id, role, author, text, created_at: iso(created_at) };
  return withdrawn === 1 ? { ...message, withdrawn: true } : message;
}

function exportedItem({ id, run, author, created_at, updated_at, body }: Item) {
  const times = { created_at: iso(created_at), updated_at: iso(updated_at) };
  return { id, ...(run !== null && { run }), author, ...times, ...body };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

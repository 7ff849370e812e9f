import type { Message } from "../protocol/message";
import {
  repositoryName,
  type HistoryLine,
  type SessionEvent,
  type SessionRow,
} from "../protocol/session";

/** Something long, of which only a piece is held at a time: the first one, and how the one after an item is had. */
export interface Pieces<Item> {
  first: Item[];
  /** @returns the items after the one with this id; none where there are no more @throws where they cannot be had */
  after: (id: number) => Promise<Item[]>;
}

/**
 * A session as JSON, written while it is read: however long its history and its conversation, only a piece of them is held
 * at a time. Where one cannot be had the stream breaks off with an error, so that nobody takes what came for the whole.
 */
export function exportStream(
  row: SessionRow,
  history: Pieces<HistoryLine>,
  messages: Pieces<Message>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const text = exportText(row, history, messages);
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
): AsyncGenerator<string, void> {
  yield `{"session":${JSON.stringify(described(row))},"history":[`;
  yield* lines(history, dated);
  yield `],"messages":[`;
  yield* lines(messages, exported);
  yield "\n]}\n";
}

/** Each item on a line of its own. */
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

/** @returns the name of the file that an export is saved as */
export function exportName({ id, repo_owner, repo_name }: SessionRow): string {
  return `${repo_owner}-${repo_name}-${id.slice(0, 8)}.json`;
}

function described(row: SessionRow) {
  return {
    id: row.id,
    repository: repositoryName(row),
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

function exported({ id, role, author, text, created_at }: Message) {
  return { id, role, author, text, created_at: iso(created_at) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

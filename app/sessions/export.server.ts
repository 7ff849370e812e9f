import type { Message, SessionEvent, SessionRow } from "./session";
import { repositoryName } from "./session";

/** @returns messages after the one with this id, oldest first; none where there are no more @throws where they cannot be had */
export type ReadMessages = (after: number) => Promise<Message[]>;

/**
 * A session as JSON, written while it is read: however long the conversation, only a part of it is held at a time. Where a
 * part cannot be had the stream breaks off with an error, so that nobody takes what came for the whole.
 */
export function exportStream(
  row: SessionRow,
  events: SessionEvent[],
  first: Message[],
  read: ReadMessages,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Message[] = first;
  let separator = "";
  return new ReadableStream({
    start(controller) {
      const head = JSON.stringify({ session: described(row), history: events.map(dated) });
      controller.enqueue(encoder.encode(`${head.slice(0, -1)},"messages":[`));
    },
    async pull(controller) {
      const last = next.at(-1);
      if (!last) {
        controller.enqueue(encoder.encode("\n]}\n"));
        return controller.close();
      }
      const lines = next.map((message) => JSON.stringify(exported(message)));
      controller.enqueue(encoder.encode(`${separator}\n${lines.join(",\n")}`));
      separator = ",";
      next = await read(last.id);
    },
  });
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

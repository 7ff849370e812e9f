import fc from "fast-check";
import type { Item } from "../../app/sessions/protocol/item";
import { expect, test } from "vitest";
import {
  exportName,
  exportStream,
  type Pieces,
} from "../../app/sessions/conversation/export.server";
import type { HistoryLine, SessionRow } from "../../app/sessions/protocol/session";
import type { Message } from "../../app/sessions/protocol/message";
import { NOW } from "./support";

const ROW: SessionRow = {
  id: "0b7f3f0e-3f0c-4c65-9a53-3d3f4f8a1f10",
  user_id: "local:ada",
  repo_owner: "octo",
  repo_name: "cat",
  repo: "octo/cat",
  title: null,
  auto_title: "Fix it",
  heading: "Fix it",
  branch: "main",
  status_rev: 1,
  seen_rev: 0,
  needs_you: 0,
  search_words: " octo/cat cat fix it",
  status: "active",
  last_activity: NOW,
  created_at: NOW,
  archived_at: null,
  message_count: 0,
  archived_by: null,
  kept_at: null,
  agent_status: "done",
  agent_at: NOW,
  agent_message: 0,
  seen_message: 0,
  asks: null,
  runner_id: null,
  assign: 0,
  agent: null,
  agent_tokens: 0,
};
const AT = new Date(NOW).toISOString();

function conversation(texts: string[]): Message[] {
  return texts.map((text, index) => ({
    ...{ id: index + 1, role: "agent", author: "Bot", text },
    ...{ created_at: NOW, client_key: `secret ${index}` },
  }));
}

/** Returns a conversation, or a history, in pieces. */
function inPieces<Item extends { id: number }>(items: Item[], size: number): Pieces<Item> {
  const after = (last: number) => items.filter(({ id }) => id > last).slice(0, size);
  return { first: after(0), after: (last) => Promise.resolve(after(last)) };
}

const HISTORY: HistoryLine[] = [
  { id: 7, kind: "created", at: NOW },
  { id: 9, kind: "archived", at: NOW },
  { id: 12, kind: "restored", at: NOW },
];

const ITEMS: Item[] = [
  {
    ...{ id: 3, seq: 5, run: null, key: null, author: "Bot", created_at: NOW, updated_at: NOW },
    body: { kind: "thought", text: "Hm." },
  },
];

function exported(texts: string[], size: number): Promise<string> {
  const messages = inPieces(conversation(texts), size);
  const items = inPieces(ITEMS, size);
  return new Response(exportStream(ROW, inPieces(HISTORY, size), messages, items)).text();
}

test("an export has the session, its history and its messages, and nothing that is Ship's own", async () => {
  expect(JSON.parse(await exported(["Hello"], 1))).toEqual({
    session: {
      id: ROW.id,
      repository: "octo/cat",
      branch: "main",
      title: "Fix it",
      status: "active",
      created_at: AT,
      last_activity: AT,
      archived_at: null,
      agent_status: "done",
      agent_at: AT,
    },
    history: HISTORY.map(({ kind }) => ({ kind, at: AT })),
    messages: [{ id: 1, role: "agent", author: "Bot", text: "Hello", created_at: AT }],
    items: [{ id: 3, author: "Bot", created_at: AT, updated_at: AT, kind: "thought", text: "Hm." }],
  });
  expect(exportName(ROW)).toBe("octo-cat-0b7f3f0e.json");
});

test("an export says which message was taken back, and which items are of one run", async () => {
  const [message] = conversation(["Wait"]);
  const ofRun: Item = { ...ITEMS[0]!, run: "r", key: "k" };
  const none = inPieces<never>([], 1);
  const messages = inPieces<Message>([{ ...message!, withdrawn: 1 }], 1);
  const stream = exportStream(ROW, none, messages, inPieces([ofRun], 1));
  expect(await new Response(stream).json()).toMatchObject({
    messages: [{ text: "Wait", withdrawn: true }],
    items: [{ id: 3, run: "r", text: "Hm." }],
  });
});

test("an export is one piece of JSON with every line and every message once, in however many pieces it is read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 10 }),
      async (texts, size) => {
        const { history, messages } = JSON.parse(await exported(texts, size)) as {
          history: HistoryLine[];
          messages: Message[];
        };
        expect(history).toHaveLength(HISTORY.length);
        expect(messages.map(({ text }) => text)).toEqual(texts);
      },
    ),
  );
});

test("an export breaks off if a piece cannot be read, so that nobody mistakes it for the whole", async () => {
  const broken = <Piece>(first: Piece[]) => ({
    first,
    after: () => Promise.reject(new Error("Gone")),
  });
  const none = inPieces<never>([], 1);
  const messages = broken(conversation(["First", "Second"]));
  await expect(new Response(exportStream(ROW, none, messages, none)).text()).rejects.toThrow();
  await expect(
    new Response(exportStream(ROW, broken(HISTORY), none, none)).text(),
  ).rejects.toThrow();
  await expect(new Response(exportStream(ROW, none, none, broken(ITEMS))).text()).rejects.toThrow();
});

test("an export reads the next piece only when the last one was consumed", async () => {
  let reads = 0;
  const { first, after } = inPieces(conversation(Array.from({ length: 100 }, () => "x")), 1);
  const counted = (last: number) => {
    reads++;
    return after(last);
  };
  const none = inPieces<never>([], 1);
  const stream = exportStream(ROW, none, { first, after: counted }, none);
  const reader = stream.getReader();
  await reader.read();
  await reader.read();
  expect(reads).toBeLessThan(4);
  await reader.cancel();
});

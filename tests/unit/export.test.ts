import fc from "fast-check";
import { expect, test } from "vitest";
import { exportName, exportStream, type ReadMessages } from "../../app/sessions/export.server";
import type { Message, SessionRow } from "../../app/sessions/session";
import { NOW } from "./support";

const ROW: SessionRow = {
  id: "0b7f3f0e-3f0c-4c65-9a53-3d3f4f8a1f10",
  user_id: "local:ada",
  repo_owner: "octo",
  repo_name: "cat",
  repo: "octo/cat",
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
  agent_tokens: 0,
};
const AT = new Date(NOW).toISOString();

function conversation(texts: string[]): Message[] {
  return texts.map((text, index) => ({
    ...{ id: index + 1, role: "agent", author: "Bot", text },
    ...{ created_at: NOW, client_key: `secret ${index}` },
  }));
}

/** Gives a conversation in parts, as an object does. */
function inParts(messages: Message[], size: number): ReadMessages {
  return (after) => Promise.resolve(messages.filter(({ id }) => id > after).slice(0, size));
}

async function exported(texts: string[], size: number): Promise<string> {
  const read = inParts(conversation(texts), size);
  return new Response(
    exportStream(ROW, [{ kind: "created", at: NOW }], await read(0), read),
  ).text();
}

test("an export has the session, its history and its messages, and nothing that is Ship's own", async () => {
  expect(JSON.parse(await exported(["Hello"], 1))).toEqual({
    session: {
      id: ROW.id,
      repository: "octo/cat",
      status: "active",
      created_at: AT,
      last_activity: AT,
      archived_at: null,
      agent_status: "done",
      agent_at: AT,
    },
    history: [{ kind: "created", at: AT }],
    messages: [{ id: 1, role: "agent", author: "Bot", text: "Hello", created_at: AT }],
  });
  expect(exportName(ROW)).toBe("octo-cat-0b7f3f0e.json");
});

test("an export is one piece of JSON with every message once, in however many parts it is read", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 10 }),
      async (texts, size) => {
        const { messages } = JSON.parse(await exported(texts, size)) as { messages: Message[] };
        expect(messages.map(({ text }) => text)).toEqual(texts);
      },
    ),
  );
});

test("an export breaks off where a part cannot be had, so that nobody takes it for the whole", async () => {
  const first = conversation(["First", "Second"]);
  const read = () => Promise.reject(new Error("Gone"));
  await expect(new Response(exportStream(ROW, [], first, read)).text()).rejects.toThrow();
});

test("an export reads on only as it is taken", async () => {
  let reads = 0;
  const messages = conversation(Array.from({ length: 100 }, () => "x"));
  const read: ReadMessages = (after) => {
    reads++;
    return inParts(messages, 1)(after);
  };
  const reader = exportStream(ROW, [], messages.slice(0, 1), read).getReader();
  await reader.read();
  await reader.read();
  expect(reads).toBeLessThan(4);
  await reader.cancel();
});

/** What a session's object stores of its runs, and what is wrong with it by the model. */
import { runInDurableObject } from "cloudflare:test";
import { sessionObject } from "../../../app/platform/durable-objects.server";
import type { ItemBody } from "../../../app/sessions/protocol/item";
import { runMessageKey } from "../../../app/sessions/protocol/message";
import type { RunItem } from "../../../app/sessions/protocol/run-frames";
import { env, type StoredState } from "../support";
import { itemsOf, type KnownRun, type Model } from "./model";

/** While a run is running, an alarm is due within this time, in milliseconds. */
const BEAT = 60_000;
/** After a change of status, an alarm is due within this time, in milliseconds. */
const SOON = 2_000;

interface StoredRun {
  id: string;
  turn: number;
  stop: 0 | 1;
  outcome: string | null;
  ended_at: number | null;
}

interface StoredItem {
  id: number;
  run: string | null;
  /** Its key within its run. */
  key: string | null;
  /** JSON; null for a message, which has a text instead. */
  body: string | null;
  text: string | null;
  client_key: string | null;
}

interface StoredMessage {
  id: number;
  role: string;
  text: string;
  withdrawn: 0 | 1;
}

export interface Look {
  state: (StoredState & { handled: number; run_seq: number }) | undefined;
  runs: StoredRun[];
  items: StoredItem[];
  messages: StoredMessage[];
  alarm: number | null;
}

/** Reads what an object stores. Resolves when all its writes are stored. */
export function look(id: string): Promise<Look> {
  return runInDurableObject(sessionObject(env, id), async (_, { storage }) => {
    const rows = <Row>(query: string) => storage.sql.exec(query).toArray() as Row[];
    const alarm = await storage.getAlarm();
    const hasState = rows("SELECT 1 FROM sqlite_master WHERE name = 'state'").length > 0;
    if (!hasState) return { state: undefined, runs: [], items: [], messages: [], alarm };
    return {
      state: rows<NonNullable<Look["state"]>>("SELECT * FROM state")[0],
      runs: rows<StoredRun>("SELECT id, turn, stop, outcome, ended_at FROM runs ORDER BY first"),
      items: rows<StoredItem>(
        `SELECT items.id, items.run, substr(items.key, length(items.run) + 2) AS key, items.body,
           messages.text, messages.client_key
         FROM items LEFT JOIN messages ON messages.id = items.message ORDER BY items.id`,
      ),
      messages: rows<StoredMessage>("SELECT id, role, text, withdrawn FROM messages ORDER BY id"),
      alarm,
    };
  });
}

/** @param runners the ids of the computers' runners @returns what is wrong, as text; undefined if nothing is */
export function wrongNow(
  model: Model,
  seen: Look,
  before: Look | undefined,
  runners: readonly string[],
  isRinging: boolean,
): string | undefined {
  const { state, runs, messages, alarm } = seen;
  if (!state) return model.isDeleting ? undefined : "the object is empty";
  const { running, computer } = model;
  const hasChanged =
    before?.state &&
    (before.state.agent_status !== state.agent_status || before.state.asks !== state.asks);
  const rev = before?.state ? state.status_rev - before.state.status_rev : 0;
  return (
    differs("[K4] runs", runs.map(storedRun), model.runs.map(knownRun)) ??
    differs("handled", state.handled, model.handled) ??
    differs(
      "assignment",
      [state.assign, state.runner_id],
      [model.assign, computer === null ? null : runners[computer]!],
    ) ??
    differs("frames that are kept", state.run_seq, model.runs.at(-1)?.kept.length ?? 0) ??
    differs("status", state.agent_status, model.status) ??
    differs("asks", state.asks, model.asks) ??
    differs("deleting", state.deleting === 1, model.isDeleting) ??
    differs(
      "the owner's messages",
      messages
        .filter(({ role }) => role === "user")
        .map(({ id, withdrawn }) => [id, withdrawn === 1]),
      model.messages.map(({ id, isWithdrawn }) => [id, isWithdrawn]),
    ) ??
    wrongItems(model, seen) ??
    firstOf({
      "the status has changed without a number": Boolean(hasChanged) && rev <= 0,
      // Two changes since the last look may have taken each other back.
      "the number of the status has changed without the status":
        !hasChanged && (rev < 0 || rev === 1),
      "[beat] no alarm is due while a run is running":
        running !== undefined && !isRinging && (alarm === null || alarm > Date.now() + BEAT),
      "[status-rev] a changed status waits for its alarm":
        Boolean(hasChanged) && !isRinging && (alarm === null || alarm > Date.now() + SOON),
      "no alarm is set": alarm === null && !isRinging,
    })
  );
}

function storedRun({ id, turn, stop, outcome, ended_at }: StoredRun) {
  return [id, turn, stop === 1, ended_at === null ? "running" : outcome];
}

function knownRun({ id, turn, isStopped, outcome }: KnownRun) {
  return [id, turn, isStopped, outcome ?? "running"];
}

/** [K3] What is kept is there once, in its order; [K6] nothing is asked by a run that is over. */
function wrongItems(model: Model, { items }: Look): string | undefined {
  for (const run of model.runs) {
    const stored = items.filter((item) => item.run === run.id).map((item) => storedItem(run, item));
    const known = itemsOf(run.kept).map((item) => knownItem(model, run, item));
    const wrong = differs(`[K3] the items of ${run.id}`, stored, known);
    if (wrong) return wrong;
  }
  const ids = new Set(model.runs.map(({ id }) => id));
  const stray = items.find(({ run }) => run !== null && !ids.has(run));
  return stray && `[K3] an item of a run that never began: ${JSON.stringify(stray)}`;
}

function storedItem({ id }: KnownRun, { key, body, text, client_key }: StoredItem) {
  if (body === null) return [client_key!.replace(runMessageKey(id, ""), ""), text];
  const item = JSON.parse(body) as ItemBody;
  if (item.kind === "tool") return [key, item.status];
  if (item.kind === "permission") return [key, item.state, item.option ?? null];
  return [key, item.kind];
}

function knownItem(model: Model, run: KnownRun, { key, item }: RunItem) {
  if (item.kind === "message") return [key, item.text];
  if (item.kind === "tool") return [key, item.status];
  if (item.kind !== "permission") return [key, item.kind];
  return [key, model.requestState(run, key), run.chosen.get(key) ?? null];
}

function differs(what: string, is: unknown, expected: unknown): string | undefined {
  const [one, other] = [JSON.stringify(is), JSON.stringify(expected)];
  return one === other ? undefined : `${what}: ${one} instead of ${other}`;
}

function firstOf(problems: Record<string, boolean>): string | undefined {
  return Object.keys(problems).find((problem) => problems[problem]);
}

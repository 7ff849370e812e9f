/**
 * Every fault at every step of create, append, archive and delete: what the caller gets, what is stored, what is stored
 * after the alarm has run, and that repeating the operation is safe.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { changeStatus, createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import type { SessionRow, StatusChange } from "../../app/sessions/protocol/session";
import {
  answerLost,
  env,
  everything,
  faultyDatabase,
  faultyEnv,
  fireAlarm,
  freshForm,
  freshMessage,
  freshPerson,
  inDatabase,
  inOrder,
  inStorage,
  late,
  loseRow,
  newRowWithoutObject,
  newSession,
  passes,
  refused,
  settled,
  stalled,
  standing,
  stopClock,
  withObjectEnv,
  type Fault,
} from "./support";

const NOW = stopClock();

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // Each fault is logged, as it should be.
});

afterEach(() => {
  vi.restoreAllMocks();
});

type Call = keyof Parameters<typeof faultyEnv>[0];

/** A step of an operation: its first call of that name, or its second. */
type Step = Call | `second ${Call}`;

/** What happens to that call; "gone": the caller dies before the call is made, or before it is answered. */
type FaultName = "refused" | "answer lost" | "late" | "gone before" | "gone after";

/** The app's Env in which one step of an operation meets a fault. */
function faultyAt(step: Step, fault: Fault): Env {
  const [call, ...before] = step.split(" ").toReversed();
  return faultyEnv({ [call!]: inOrder(...before.map(() => passes), fault) });
}

/**
 * Runs an operation in which one step meets a fault.
 *
 * @returns what the caller got, and a function that makes a late call
 */
async function meet(
  step: Step,
  name: FaultName,
  run: (env: Env) => Promise<unknown>,
): Promise<{ told: unknown; land: () => unknown }> {
  const told = (fault: Fault) => run(faultyAt(step, fault));
  const gone = async ({ fault, reached }: ReturnType<typeof stalled>) => {
    void told(fault);
    await reached;
    return { told: "nobody", land: () => {} };
  };
  switch (name) {
    case "refused":
      return { told: await told(refused), land: () => {} };
    case "answer lost":
      return { told: await told(answerLost), land: () => {} };
    case "late": {
      const { fault, land } = late();
      return { told: await told(fault), land };
    }
    case "gone before":
      return gone(stalled("way there"));
    case "gone after":
      return gone(stalled("way back"));
  }
}

/** In a table: the same as was stored before the alarm. */
const SAME = "the same";

describe("create", () => {
  /** @returns the id that a person's form leads to, from creating it once and losing the row */
  async function idOf(userId: string, form: ReturnType<typeof freshForm>): Promise<string> {
    const result = await createSession(faultyEnv({ initialize: refused }), userId, form);
    if (!("session" in result)) throw new Error(result.outcome);
    await loseRow(result.session.id);
    return result.session.id;
  }

  test.each<[Step, FaultName, told: string, left: string, landed: string]>([
    ["batch", "refused", "unavailable", "nothing, empty", SAME],
    ["batch", "answer lost", "unavailable", "row, empty", SAME],
    ["batch", "late", "unavailable", "nothing, empty", "row, empty"],
    ["batch", "gone before", "nobody", "nothing, empty", SAME],
    ["batch", "gone after", "nobody", "row, empty", SAME],
    ["initialize", "refused", "listed", "row, empty", SAME],
    ["initialize", "answer lost", "listed", "row, ready", SAME],
    ["initialize", "late", "listed", "row, empty", "row, ready"],
    ["initialize", "gone before", "nobody", "row, empty", SAME],
    ["initialize", "gone after", "nobody", "row, ready", SAME],
  ])("%s %s: told “%s”, left “%s”, landed “%s”", async (step, fault, told, left, landed) => {
    const [ada, form] = [freshPerson(), freshForm()];
    const id = await idOf(ada, form);

    const met = await meet(step, fault, async (faulty) => {
      const { outcome } = await createSession(faulty, ada, form);
      return outcome;
    });

    expect(met.told).toBe(told);
    expect(await standing(id)).toBe(left);
    await met.land();
    const after = landed === SAME ? left : landed;
    expect(await standing(id)).toBe(after);
    expect(await settled(id)).toBe(after);

    expect(await createSession(env, ada, form)).toMatchObject({ outcome: "created" });
    expect(await settled(id)).toBe("row, ready");
    expect((await inDatabase(id)).events).toEqual([{ kind: "created", at: NOW }]);
  });

  test("a batch given up that lands after the session was made again and deleted does not bring it back", async () => {
    const [ada, form] = [freshPerson(), freshForm()];
    const id = await idOf(ada, form);
    const { fault, land } = late();
    await createSession(faultyEnv({ batch: fault }), ada, form);
    await createSession(env, ada, form);
    await deleteSession(env, ada, id);

    await land();

    expect(await standing(id)).toBe("tombstone, empty");
    expect((await inDatabase(id)).events).toEqual([]);
  });

  test("a batch awaited that lands after the session was made again and deleted says so", async () => {
    const [ada, form] = [freshPerson(), freshForm()];
    const id = await idOf(ada, form);
    const { fault, reached, land } = stalled();
    const pending = createSession(faultyEnv({ batch: fault }), ada, form);
    await reached;
    await createSession(env, ada, form);
    await deleteSession(env, ada, id);

    land();

    expect(await pending).toEqual({ outcome: "deleted" });
    expect(await standing(id)).toBe("tombstone, empty");
  });

  test("an object initialized after its session was deleted wipes itself", async () => {
    const [ada, form] = [freshPerson(), freshForm()];
    const id = await idOf(ada, form);
    const { fault, land } = late();
    await createSession(faultyEnv({ initialize: fault }), ada, form);
    await deleteSession(env, ada, id);

    await land();

    expect(await standing(id)).toBe("tombstone, ready");
    expect((await inStorage(id)).alarm).toBe(NOW + 5_000);
    expect(await settled(id)).toBe("tombstone, empty");
  });

  test("an object initialized while its session is being deleted stays “deleting”", async () => {
    const [ada, form] = [freshPerson(), freshForm()];
    const id = await idOf(ada, form);
    const { fault, land } = late();
    await createSession(faultyEnv({ initialize: fault }), ada, form);
    await deleteSession(faultyEnv({ batch: inOrder(passes, refused) }), ada, id);

    await land();

    expect(await standing(id)).toBe("row, deleting");
    expect(await settled(id)).toBe("tombstone, empty");
  });
});

describe("append", () => {
  test.each<
    [object: "ready" | "empty", Step, FaultName, told: string, left: string, landed: string]
  >([
    ["ready", "append", "refused", "unavailable", "row, ready", SAME],
    ["ready", "append", "answer lost", "unavailable", "row, ready with 1", SAME],
    ["ready", "append", "late", "unavailable", "row, ready", "row, ready with 1"],
    ["ready", "append", "gone before", "nobody", "row, ready", SAME],
    ["ready", "append", "gone after", "nobody", "row, ready with 1", SAME],
    ["empty", "append", "refused", "unavailable", "row, empty", SAME],
    ["empty", "append", "answer lost", "unavailable", "row, empty", SAME],
    ["empty", "append", "gone after", "nobody", "row, empty", SAME],
    ["empty", "batch", "refused", "unavailable", "row, empty", SAME],
    ["empty", "batch", "answer lost", "unavailable", "row, empty", SAME],
    ["empty", "batch", "gone after", "nobody", "row, empty", SAME],
    ["empty", "initialize", "refused", "unavailable", "row, empty", SAME],
    ["empty", "initialize", "answer lost", "unavailable", "row, ready", SAME],
    ["empty", "initialize", "late", "unavailable", "row, empty", "row, ready"],
    ["empty", "initialize", "gone after", "nobody", "row, ready", SAME],
    ["empty", "second append", "refused", "unavailable", "row, ready", SAME],
    ["empty", "second append", "answer lost", "unavailable", "row, ready with 1", SAME],
    ["empty", "second append", "late", "unavailable", "row, ready", "row, ready with 1"],
    ["empty", "second append", "gone after", "nobody", "row, ready with 1", SAME],
  ])(
    "to an object that is %s, %s %s: told “%s”, left “%s”, landed “%s”",
    async (object, step, fault, told, left, landed) => {
      const { id, user_id } = await (object === "ready" ? newSession() : newRowWithoutObject());
      const message = freshMessage();

      const met = await meet(step, fault, async (faulty) => {
        const { outcome } = await appendMessage(faulty, user_id, id, message);
        return outcome;
      });

      expect(met.told).toBe(told);
      expect(await standing(id)).toBe(left);
      await met.land();
      const after = landed === SAME ? left : landed;
      expect(await standing(id)).toBe(after);
      expect(await settled(id)).toBe(after);

      expect(await appendMessage(env, user_id, id, message)).toEqual({ outcome: "sent" });
      expect(await settled(id)).toBe("row, ready with 1");
    },
  );

  test("a message that lands after the session was deleted leaves nothing", async () => {
    const { id, user_id } = await newSession();
    const { fault, land } = late();
    await appendMessage(faultyEnv({ append: fault }), user_id, id, freshMessage());
    await deleteSession(env, user_id, id);

    await land();

    expect(await standing(id)).toBe("tombstone, empty");
  });

  test("an object initialized for a message, after its session was deleted, wipes itself", async () => {
    const { id, user_id } = await newRowWithoutObject();
    const { fault, reached, land } = stalled();
    const pending = appendMessage(faultyEnv({ initialize: fault }), user_id, id, freshMessage());
    await reached;
    await deleteSession(env, user_id, id);

    land();
    await pending;

    expect(await settled(id)).toBe("tombstone, empty");
  });
});

describe("archive, restore and keep", () => {
  const before = {
    archive: {},
    restore: { status: "archived", archived_at: NOW - 9, archived_by: "owner" },
    keep: {},
  } satisfies Record<StatusChange, Partial<SessionRow>>;
  const changes = ["archive", "restore", "keep"] as const;

  const faults: [FaultName, told: string, left: "before" | "after", landed: "before" | "after"][] =
    [
      ["refused", "unavailable", "before", "before"],
      ["answer lost", "unavailable", "after", "after"],
      ["late", "unavailable", "before", "after"],
      ["gone before", "nobody", "before", "before"],
      ["gone after", "nobody", "after", "after"],
    ];

  test.each(changes.flatMap((change) => faults.map((fault) => [change, ...fault] as const)))(
    "%s, its batch %s: told “%s”, left as %s, landed as %s",
    async (change, fault, told, left, landed) => {
      const row = await newRowWithoutObject(before[change]);
      const { id, user_id } = row;
      const inD1 = async () => {
        const { row: current, events } = await inDatabase(id);
        expect(events).toHaveLength(JSON.stringify(current) === JSON.stringify(row) ? 0 : 1);
        return events.length === 0 ? "before" : "after";
      };

      const met = await meet("batch", fault, async (faulty) => {
        const { outcome } = await changeStatus(faulty, user_id, id, change);
        return outcome;
      });

      expect(met.told).toBe(told);
      expect(await inD1()).toBe(left);
      await met.land();
      expect(await inD1()).toBe(landed);

      expect(await changeStatus(env, user_id, id, change)).toMatchObject({ outcome: "done" });
      if (change !== "keep") expect(await inD1()).toBe("after"); // Keeping twice is recorded twice.
    },
  );

  test.each(changes)("%s landing after the session was deleted changes nothing", async (change) => {
    const { id, user_id } = await newRowWithoutObject(before[change]);
    const { fault, land } = late();
    await changeStatus(faultyEnv({ batch: fault }), user_id, id, change);
    await deleteSession(env, user_id, id);

    await land();

    expect(await standing(id)).toBe("tombstone, empty");
    expect((await inDatabase(id)).events).toEqual([]);
  });
});

describe("delete", () => {
  test.each<
    [object: "ready" | "empty", Step, FaultName, told: string, left: string, settled: string]
  >([
    ["ready", "prepare", "refused", "unavailable", "row, ready", SAME],
    ["ready", "prepare", "answer lost", "unavailable", "row, deleting", "tombstone, empty"],
    ["ready", "prepare", "late", "unavailable", "row, ready", "tombstone, empty"],
    ["ready", "prepare", "gone before", "nobody", "row, ready", SAME],
    ["ready", "prepare", "gone after", "nobody", "row, deleting", "tombstone, empty"],
    ["ready", "batch", "refused", "under-way", "row, deleting", "tombstone, empty"],
    ["ready", "batch", "answer lost", "under-way", "tombstone, deleting", "tombstone, empty"],
    ["ready", "batch", "late", "under-way", "row, deleting", "tombstone, empty"],
    ["ready", "batch", "gone before", "nobody", "row, deleting", "tombstone, empty"],
    ["ready", "batch", "gone after", "nobody", "tombstone, deleting", "tombstone, empty"],
    ["ready", "wipe", "refused", "under-way", "tombstone, deleting", "tombstone, empty"],
    ["ready", "wipe", "answer lost", "under-way", "tombstone, empty", SAME],
    ["ready", "wipe", "late", "under-way", "tombstone, deleting", "tombstone, empty"],
    ["ready", "wipe", "gone before", "nobody", "tombstone, deleting", "tombstone, empty"],
    ["ready", "wipe", "gone after", "nobody", "tombstone, empty", SAME],
    ["empty", "prepare", "refused", "unavailable", "row, empty", SAME],
    ["empty", "prepare", "answer lost", "unavailable", "row, empty", SAME],
    ["empty", "prepare", "gone after", "nobody", "row, empty", SAME],
    ["empty", "batch", "refused", "unavailable", "row, empty", SAME],
    ["empty", "batch", "answer lost", "unavailable", "row, empty", SAME],
    ["empty", "batch", "gone after", "nobody", "row, empty", SAME],
    ["empty", "second prepare", "refused", "unavailable", "row, empty", SAME],
    ["empty", "second prepare", "answer lost", "unavailable", "row, deleting", "tombstone, empty"],
    ["empty", "second prepare", "late", "unavailable", "row, empty", "tombstone, empty"],
    ["empty", "second prepare", "gone after", "nobody", "row, deleting", "tombstone, empty"],
    ["empty", "second batch", "refused", "under-way", "row, deleting", "tombstone, empty"],
    [
      "empty",
      "second batch",
      "answer lost",
      "under-way",
      "tombstone, deleting",
      "tombstone, empty",
    ],
    ["empty", "wipe", "refused", "under-way", "tombstone, deleting", "tombstone, empty"],
  ])(
    "of an object that is %s, %s %s: told “%s”, left “%s”, settled “%s”",
    async (object, step, fault, told, left, end) => {
      const { id, user_id } = await (object === "ready" ? newSession() : newRowWithoutObject());

      const met = await meet(step, fault, (faulty) => deleteSession(faulty, user_id, id));

      expect(met.told).toBe(told);
      expect(await standing(id)).toBe(left);
      await met.land();
      const gone = end !== SAME || left.startsWith("tombstone");
      expect(await settled(id)).toBe(end === SAME ? left : end);

      expect(await deleteSession(env, user_id, id)).toBe(gone ? "already-deleted" : "deleted");
      expect(await settled(id)).toBe("tombstone, empty");
    },
  );

  test.each<Call>(["prepare", "batch", "wipe"])(
    "%s landing when the session is long gone changes nothing",
    async (call) => {
      const { id, user_id } = await newSession();
      const { fault, land } = late();
      await deleteSession(faultyEnv({ [call]: fault }), user_id, id);
      await deleteSession(env, user_id, id);
      const before = await everything(id);

      vi.setSystemTime(NOW + 1_000);
      await land();

      expect(await everything(id)).toEqual(before);
      expect(await standing(id)).toBe("tombstone, empty");
    },
  );

  test("an empty object prepared from its row when the session is long gone wipes itself", async () => {
    const { id, user_id } = await newRowWithoutObject();
    const { fault, land } = late();
    await deleteSession(faultyEnv({ prepare: inOrder(passes, fault) }), user_id, id);
    await deleteSession(env, user_id, id);

    await land();

    expect(await standing(id)).toBe("tombstone, deleting");
    expect(await settled(id)).toBe("tombstone, empty");
  });

  test("messages stay until the row is gone", async () => {
    const { id, user_id } = await newSession();
    await appendMessage(env, user_id, id, freshMessage());

    expect(await deleteSession(faultyEnv({ batch: refused }), user_id, id)).toBe("under-way");
    expect(await standing(id)).toBe("row, deleting with 1");

    await withObjectEnv(id, { DB: faultyDatabase(refused) }, () => fireAlarm(id));
    expect(await standing(id)).toBe("row, deleting with 1");
    expect(await settled(id)).toBe("tombstone, empty");
  });

  test("requested again while it is under way, it is finished at once", async () => {
    const { id, user_id } = await newSession();
    await deleteSession(faultyEnv({ batch: refused }), user_id, id);

    expect(await deleteSession(env, user_id, id)).toBe("deleted");
    expect(await standing(id)).toBe("tombstone, empty");
  });
});

describe("an object aborted between two turns", () => {
  const aborted: Fault = async (call) => {
    await abortAllDurableObjects();
    return call();
  };

  test("has the state that it had before", async () => {
    const { id, user_id } = await newSession();
    await appendMessage(env, user_id, id, freshMessage());
    const before = await everything(id);

    await abortAllDurableObjects();

    expect(await everything(id)).toEqual(before);
    expect(await settled(id)).toBe("row, ready with 1");
  });

  test.each<Step>(["append", "initialize", "second append"])(
    "takes a message all the same (before %s)",
    async (step) => {
      const { id, user_id } = await newRowWithoutObject();
      const faulty = faultyAt(step, aborted);

      expect(await appendMessage(faulty, user_id, id, freshMessage())).toEqual({ outcome: "sent" });

      expect(await settled(id)).toBe("row, ready with 1");
    },
  );

  test.each<Step>(["prepare", "second prepare", "second batch", "wipe"])(
    "is deleted all the same (before %s)",
    async (step) => {
      const { id, user_id } = await newRowWithoutObject();
      const faulty = faultyAt(step, aborted);

      expect(await deleteSession(faulty, user_id, id)).toBe("deleted");

      expect(await standing(id)).toBe("tombstone, empty");
    },
  );
});

/** How many sessions one person may create, also with parallel requests and failures. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { insertSession, readCreated } from "../../app/sessions/lifecycle/create-statements.server";
import { appEnv, Browser, captureLog, everythingStored } from "./app";
import { env, fireAlarm, freshPerson, inDatabase, loseRow, settle, stopClock } from "./support";

const NOW = stopClock();
const SECOND = 1000;

beforeAll(() => void captureLog());

function withLimits(CREATE_LIMIT_PER_MINUTE: number, ACTIVE_SESSION_LIMIT: number): Env {
  return { ...appEnv, CREATE_LIMIT_PER_MINUTE, ACTIVE_SESSION_LIMIT };
}

function person(limits: Env): Promise<Person> {
  return new Person(limits).signIn();
}

/** A new person who creates sessions. */
class Person extends Browser {
  readonly id = freshPerson();

  override signIn(): Promise<this> {
    return super.signIn(this.id.slice("local:".length));
  }

  send(key: string = crypto.randomUUID(), repoName = "remix"): Promise<Response> {
    const another = `remix-run/${repoName}`;
    return this.post("/dashboard/new", { key, repoOwner: "remix-run", repoName, another });
  }

  async sendMany(count: number): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: count }, () => this.send()));
    return answers.map(({ status }) => status);
  }

  /** @returns the ids of this person's sessions, oldest first */
  async sessions(): Promise<string[]> {
    const query = env.DB.prepare("SELECT id FROM sessions WHERE user_id = ? ORDER BY created_at");
    return (await query.bind(this.id).all<{ id: string }>()).results.map(({ id }) => id);
  }
}

describe("creating within a minute", () => {
  test("stops at the limit, with a message and the wait", async () => {
    const ada = await person(withLimits(3, 0));
    for (const seconds of [0, 10, 20]) {
      vi.setSystemTime(NOW + seconds * SECOND);
      expect((await ada.send()).status).toBe(302);
    }

    vi.setSystemTime(NOW + 25 * SECOND);
    const answer = await ada.send();

    expect(answer.status).toBe(429);
    expect(answer.headers.get("Retry-After")).toBe("35");
    const page = await answer.text();
    expect(page).toMatch(/role="alert"[^>]*>You have created many sessions within a minute\./);
    expect(page).toContain("Nothing was created; send it again in 35 seconds.");
    expect(page).toContain('value="remix-run"'); // The form still has what was typed.
  });

  test("goes on after exactly the wait that was told, and not before", async () => {
    const ada = await person(withLimits(2, 0));
    expect(await ada.sendMany(2)).toEqual([302, 302]);
    vi.setSystemTime(NOW + 1);
    const wait = Number((await ada.send()).headers.get("Retry-After")) * SECOND;

    vi.setSystemTime(NOW + 60 * SECOND - 1);
    expect((await ada.send()).status).toBe(429);
    vi.setSystemTime(NOW + 1 + wait);
    expect((await ada.send()).status).toBe(302);
  });

  test("is told to Remix's client too", async () => {
    const ada = await person(withLimits(1, 0));
    await ada.send();
    const form = { key: crypto.randomUUID(), repoOwner: "remix-run", repoName: "remix" };
    const answer = await ada.post("/dashboard/new?_data=routes%2Fdashboard.new", form);
    expect(answer.status).toBe(429);
    expect(answer.headers.get("Retry-After")).toBe("60");
  });

  test("never passes the limit, a hundred at once", async () => {
    const ada = await person(withLimits(7, 0));
    const statuses = await ada.sendMany(100);
    expect(statuses.filter((status) => status === 302)).toHaveLength(7);
    expect(statuses.filter((status) => status === 429)).toHaveLength(93);
    expect(await ada.sessions()).toHaveLength(7);
  });

  test("counts sessions that were deleted since", async () => {
    const ada = await person(withLimits(2, 0));
    for (let created = 0; created < 2; created++) {
      expect((await ada.send()).status).toBe(302);
      const [id] = await ada.sessions();
      await ada.post(`/dashboard/delete?id=${id}`, {});
    }
    expect(await ada.sessions()).toEqual([]);
    expect((await ada.send()).status).toBe(429);
    vi.setSystemTime(NOW + 60 * SECOND);
    expect((await ada.send()).status).toBe(302);
  });

  test("counts nobody else's", async () => {
    const [ada, bob] = [await person(withLimits(1, 0)), await person(withLimits(1, 0))];
    expect((await ada.send()).status).toBe(302);
    expect((await bob.send()).status).toBe(302);
  });
});

describe("having active sessions", () => {
  test("stops at the limit, with a message", async () => {
    const ada = await person(withLimits(0, 2));
    await ada.sendMany(2);
    const answer = await ada.send();
    expect(answer.status).toBe(429);
    expect(answer.headers.has("Retry-After")).toBe(false); // Waiting does not help.
    expect(await answer.text()).toContain(
      "You have 2 active sessions, which is the most. Archive some first; then send it again.",
    );
  });

  test("never passes the limit, a hundred at once", async () => {
    const ada = await person(withLimits(0, 5));
    await ada.sendMany(100);
    expect(await ada.sessions()).toHaveLength(5);
  });

  test.each(["archived", "deleted"])("does not count one that is %s", async (how) => {
    const ada = await person(withLimits(0, 1));
    await ada.send();
    const [id] = await ada.sessions();
    if (how === "archived") await ada.post("/dashboard", { intent: `archive:${id}` });
    else await ada.post(`/dashboard/delete?id=${id}`, {});
    expect((await ada.send()).status).toBe(302);
    expect((await ada.send()).status).toBe(429);
  });

  test("is told after the wait for the other limit", async () => {
    const ada = await person(withLimits(1, 1));
    await ada.send();
    expect(await (await ada.send()).text()).toContain("many sessions within a minute");
    vi.setSystemTime(NOW + 60 * SECOND);
    expect(await (await ada.send()).text()).toContain("You have 1 active sessions");
  });
});

describe("a limit", () => {
  test.each([
    ["per minute", withLimits(1, 0)],
    ["of active ones", withLimits(0, 1)],
  ])("%s leaves nothing behind of what it refuses", async (_, limits) => {
    const ada = await person(limits);
    await ada.send();
    const before = await everythingStored();
    expect(await ada.sendMany(5)).toEqual([429, 429, 429, 429, 429]);
    expect(await everythingStored()).toEqual(before);
  });

  test("does not refuse the form of a session that is there", async () => {
    const ada = await person(withLimits(1, 1));
    const key = crypto.randomUUID();
    await ada.send(key);
    expect((await ada.send(key)).status).toBe(302);
    expect((await ada.send(key, "another")).status).toBe(409);
    expect(await ada.sessions()).toHaveLength(1);
  });

  test("does not hide that a form's session was deleted", async () => {
    const ada = await person(withLimits(1, 0));
    const key = crypto.randomUUID();
    await ada.send(key);
    const [id = ""] = await ada.sessions();
    await deleteSession(env, ada.id, id);
    expect((await ada.send(key)).status).toBe(409);
  });

  test("lets what was refused be sent again later", async () => {
    const ada = await person(withLimits(1, 0));
    await ada.send();
    const key = crypto.randomUUID();
    expect((await ada.send(key)).status).toBe(429);
    vi.setSystemTime(NOW + 60 * SECOND);
    expect((await ada.send(key)).status).toBe(302);
    expect(await ada.sessions()).toHaveLength(2);
  });

  test("does not keep an object from putting its lost row back", async () => {
    const ada = await person(withLimits(1, 1));
    await ada.send();
    const [id = ""] = await ada.sessions();
    await settle(id);
    await loseRow(id);
    await ada.send();
    await fireAlarm(id);
    expect((await inDatabase(id)).row?.status).toBe("active");
  });

  test("of 0 is none", async () => {
    const ada = await person(withLimits(0, 0));
    expect(await ada.sendMany(70)).toEqual(Array(70).fill(302));
  });

  test("that is text, as variables set at the command line are, is the same limit", async () => {
    const limits = { CREATE_LIMIT_PER_MINUTE: "2", ACTIVE_SESSION_LIMIT: "0" };
    const ada = await person({ ...appEnv, ...(limits as unknown as Partial<Env>) });
    expect(await ada.sendMany(3)).toContain(429);
    expect(await ada.sessions()).toHaveLength(2);
  });

  test("is counted by indexes alone", async () => {
    const repository = { owner: "remix-run", name: "remix" };
    const limits = { perMinute: 60, active: 20_000, onRepository: 2 };
    const inserts = insertSession(crypto.randomUUID(), "local:ada", { repository }, NOW, limits);
    for (const { sql, parameters } of [...inserts, readCreated("local:ada", NOW)]) {
      const explained = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...parameters);
      const { results } = await explained.all<{ detail: string }>();
      const plan = results.map(({ detail }) => detail);
      for (const step of plan) {
        expect(step).not.toMatch(/^SCAN (sessions|deleted_sessions|session_events)/);
      }
      if (!sql.includes("count(*)")) continue;
      expect(plan).toContainEqual(
        expect.stringMatching(
          /COVERING INDEX idx_sessions_created \(user_id=\? AND status=\? AND created_at>\?\)/,
        ),
      );
      expect(plan).toContainEqual(
        expect.stringMatching(
          /COVERING INDEX idx_deleted_sessions_created \(user_id=\? AND created_at>\?\)/,
        ),
      );
    }
  });
});

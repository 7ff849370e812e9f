import { describe, expect, test } from "vitest";
import { durationsOf, listItem } from "../../app/sessions/session-summary";
import { listPath } from "../../app/sessions/paths";
import type { SessionRow } from "../../app/sessions/protocol/session";
import { contextWith, NOW } from "./support";

const DAY = 24 * 60 * 60;
const DURATIONS = { autoArchiveSeconds: 30 * DAY, warningSeconds: 3 * DAY };

describe("the path of the list", () => {
  const FROM = "status=archived&cursor=1.a%2Bb&id=7&_data=x&index=";
  test.each<[string, Parameters<typeof listPath>, string]>([
    ["names its tab where nothing was chosen", [query("")], "/dashboard?status=active"],
    [
      "keeps what belongs to the list, and nothing else",
      [query(FROM)],
      "/dashboard?status=archived&cursor=1.a%2Bb",
    ],
    [
      "is kept under a dialog",
      [query("status=archived"), "/delete", { id: "7" }],
      "/dashboard/delete?status=archived&id=7",
    ],
    [
      "leads to the create dialog",
      [query("cursor=1.a"), "/new"],
      "/dashboard/new?status=active&cursor=1.a",
    ],
    [
      "changes what it is told to",
      [query(FROM), "", { cursor: "2.b" }],
      "/dashboard?status=archived&cursor=2.b",
    ],
    [
      "leaves out what it is told to",
      [query(FROM), "", { cursor: undefined }],
      "/dashboard?status=archived",
    ],
    [
      "keeps what is searched for, chosen and sorted by",
      [query("sort=created&repo=a/b&idle=7&q=two+words")],
      "/dashboard?status=active&q=two+words&repo=a%2Fb&idle=7&sort=created",
    ],
    [
      "leaves out the order by activity",
      [query("status=needs-you&sort=activity")],
      "/dashboard?status=needs-you",
    ],
    ["leaves out what is empty", [query("status=&cursor=")], "/dashboard?status=active"],
    ["cannot be broken out of", [query("status=%26id%3D1%23")], "/dashboard?status=%26id%3D1%23"],
  ])("%s", (_, args, path) => {
    expect(listPath(...args)).toBe(path);
  });
});

describe("a line of the list", () => {
  test("shows what the row says, and no more of it", () => {
    expect(listItem(row(), NOW, DURATIONS)).toEqual({
      id: "7",
      title: null,
      repository: "remix-run/remix",
      branch: null,
      status: "active",
      createdAt: NOW - DAY * 1000,
      lastActivity: NOW,
      messageCount: 3,
      agent: null,
      asks: null,
      unread: false,
      archivedBy: null,
      archiveDue: null,
    });
  });

  test("says what an agent last reported, and whether it wrote since the owner last looked", () => {
    const reported = row({
      agent_status: "waiting",
      status_rev: 1,
      agent_at: NOW,
      agent_message: 2,
    });
    expect(listItem(reported, NOW, DURATIONS)).toMatchObject({
      agent: { status: "waiting", rev: 1, at: NOW },
      unread: true,
    });
    expect(listItem({ ...reported, seen_message: 2 }, NOW, DURATIONS).unread).toBe(false);
  });

  test("says what is asked while an agent waits, and not otherwise or once it is archived", () => {
    const asking = row({ agent_status: "waiting", status_rev: 1, agent_at: NOW, asks: "Run it?" });
    expect(listItem(asking, NOW, DURATIONS).asks).toBe("Run it?");
    for (const agent_status of ["lost", "working", "interrupted"] as const) {
      expect(listItem({ ...asking, agent_status }, NOW, DURATIONS).asks).toBeNull();
    }
    expect(listItem({ ...asking, status: "archived" }, NOW, DURATIONS).asks).toBeNull();
  });

  test("says that an archived session was archived for being idle", () => {
    const archived = row({ status: "archived", archived_at: NOW, archived_by: "idle" });
    expect(listItem(archived, NOW, DURATIONS)).toMatchObject({
      status: "archived",
      archivedBy: "idle",
    });
  });

  test.each([
    ["more than 3 days before", 27 * DAY - 1, {}, false],
    ["3 days before", 27 * DAY, {}, true],
    ["when it is due", 30 * DAY, {}, true],
    ["when it is overdue", 40 * DAY, {}, true],
    ["not after it was kept", 30 * DAY, { kept_at: NOW - DAY * 1000 }, false],
    ["again, counted from when it was kept", 60 * DAY, { kept_at: NOW - 28 * DAY * 1000 }, true],
    ["not counted from an older keeping", DAY, { kept_at: NOW - 29 * DAY * 1000 }, false],
    ["not where it is archived", 30 * DAY, { status: "archived" as const }, false],
  ])("warns of archiving %s", (_, idleSeconds, values, warned) => {
    const idle = row({ last_activity: NOW - idleSeconds * 1000, ...values });
    const since = Math.max(idle.last_activity, idle.kept_at ?? 0);
    expect(listItem(idle, NOW, DURATIONS).archiveDue).toBe(warned ? since + 30 * DAY * 1000 : null);
  });

  test("never warns where nothing is archived for being idle", () => {
    const idle = row({ last_activity: 0 });
    expect(listItem(idle, NOW, { ...DURATIONS, autoArchiveSeconds: 0 }).archiveDue).toBeNull();
  });

  test("keeps to the configured durations, also where they come as text", () => {
    const vars = { AUTO_ARCHIVE_SECONDS: "60", ARCHIVE_WARNING_SECONDS: "5" } as unknown;
    expect(durationsOf(contextWith(vars as Partial<Env>).env)).toEqual({
      autoArchiveSeconds: 60,
      warningSeconds: 5,
    });
  });
});

function query(text: string): URLSearchParams {
  return new URLSearchParams(text);
}

function row(values: Partial<SessionRow> = {}): SessionRow {
  return {
    id: "7",
    user_id: "local:ada",
    repo_owner: "remix-run",
    repo_name: "remix",
    repo: "remix-run/remix",
    title: null,
    auto_title: null,
    heading: null,
    branch: null,
    status_rev: 0,
    seen_rev: 0,
    needs_you: 0,
    search_words: " remix-run/remix remix ",
    status: "active",
    last_activity: NOW,
    created_at: NOW - DAY * 1000,
    archived_at: null,
    message_count: 3,
    archived_by: null,
    kept_at: null,
    agent_status: null,
    agent_at: null,
    agent_message: 0,
    seen_message: 0,
    asks: null,
    runner_id: null,
    assign: 0,
    agent: null,
    agent_tokens: 0,
    ...values,
  };
}

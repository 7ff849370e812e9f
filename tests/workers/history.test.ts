/** A session that was changed very often: its page stays small, and its export is complete. */
import { expect, test } from "vitest";
import { Browser, captureLog } from "./app";
import { env } from "./support";

test("a page shows the newest hundred lines of a history, an export all of them", async () => {
  captureLog();
  const ada = await new Browser().signIn();
  const id = await ada.create();
  const page = () => ada.get(`/session/${id}`).then((answer) => answer.text());
  expect(await page()).not.toContain("The newest");

  const changes = 2_500;
  await env.DB.prepare(
    `INSERT INTO session_events (session_id, kind, at)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     SELECT ?2, iif(i % 2, 'archived', 'restored'), 1000 * i FROM n`,
  )
    .bind(changes, id)
    .run();

  const shown = (await page()).replaceAll("<!-- -->", "");
  expect(shown).toContain("The newest 100 lines. “Download” gives you all of them.");
  const [, list = ""] =
    /<ol[^>]*>(.*?)<\/ol>/s.exec(/id="history"[\s\S]*/.exec(shown)?.[0] ?? "") ?? [];
  expect(list.match(/<li>/g)).toHaveLength(100);
  expect(list.match(/<li>Archived/)?.index).toBe(0);
  expect(list).toContain('dateTime="1970-01-01T00:40:01.000Z"'); // the first of them
  expect(list).toContain('dateTime="1970-01-01T00:41:40.000Z"'); // the last

  const { history } = await (
    await ada.get(`/session/${id}/export`)
  ).json<{ history: { kind: string; at: string }[] }>();
  expect(history.map(({ kind }) => kind).slice(0, 3)).toEqual(["created", "archived", "restored"]);
  const times = history.slice(1).map(({ at }) => Date.parse(at));
  expect(times).toEqual(Array.from({ length: changes }, (_, line) => 1_000 * (line + 1)));
});

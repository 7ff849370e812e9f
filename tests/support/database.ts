/** The database of a server of the tests, for what no page and no form does. */
import { BACK_DOOR } from "./servers";

/** Runs a statement on the server's D1. @param origin of the server @throws if it fails */
export async function runSql(
  origin: string,
  sql: string,
  ...params: (string | number | null)[]
): Promise<void> {
  const url = new URL(origin);
  url.port = `${Number(url.port) + BACK_DOOR}`;
  const answer = await fetch(url, { method: "POST", body: JSON.stringify({ sql, params }) });
  if (!answer.ok) throw new Error(await answer.text());
}

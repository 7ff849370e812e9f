// @ts-check
/**
 * A bare Function as the baseline for a page: it sends the same batch to D1, and returns the rows as JSON. It checks no
 * cookie, sets no header, and has each page's statements ready by URL, so nothing could be left out of it.
 */

/** @typedef {{ sql: string, parameters: unknown[] }} Statement */

/** The statements of each page, by its URL: stored by a PUT before anything is measured. @type {Map<string, Statement[]>} */
const pages = new Map();

export default {
  /**
   * @param {Request} request
   * @param {{ DB: D1Database }} env
   */
  async fetch(request, { DB }) {
    const statements = pages.get(request.url);
    if (request.method === "PUT" || !statements) {
      pages.set(request.url, await request.json());
      return new Response();
    }
    const results = await DB.batch(
      statements.map(({ sql, parameters }) => DB.prepare(sql).bind(...parameters)),
    );
    return Response.json(results.map((result) => result.results));
  },
};

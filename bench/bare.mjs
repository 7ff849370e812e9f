// @ts-check
/**
 * A bare Function to compare a page with: it sends the batch that the page sends to D1, and answers the rows as JSON. It
 * checks no cookie, sets no header, and knows each page's statements by its URL: nothing could be left out of it.
 */

/** @typedef {{ sql: string, parameters: unknown[] }} Statement */

/** The statements of each page, by its URL: put there once, before anything is measured. @type {Map<string, Statement[]>} */
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

// @ts-check
/** Runs inside the Workers under test: counts their calls to D1 and to Durable Objects. */

/**
 * @typedef {import("./bare.mjs").Statement} Statement
 *
 * @typedef {object} Database  the part of D1 that the app uses
 * @property {(sql: string) => { bind: (...parameters: unknown[]) => D1PreparedStatement }} prepare
 * @property {(batch: D1PreparedStatement[]) => Promise<D1Result[]>} batch
 *
 * @typedef {Pick<DurableObjectNamespace, "idFromName" | "get">} Objects
 * @typedef {{ DB: Database, SESSION_DO: Objects, PERSON_DO: Objects }} Bindings
 * @typedef {object} Cost
 * @property {Statement[][]} batches  what was sent to D1, a list of statements for each round trip
 * @property {number} rowsRead  as D1 reports them, index entries included
 * @property {number} rowsWritten
 * @property {number} objects  how many calls to Durable Objects
 * @typedef {Cost & { status: number, body: string }} Metered  a response, and what it cost
 */

/** @returns {Cost} */
function nothing() {
  return { batches: [], rowsRead: 0, rowsWritten: 0, objects: 0 };
}

/**
 * @param {{ fetch: (request: Request, env: Bindings, context: ExecutionContext) => Promise<Response> }} app
 * @returns a Worker that responds with the app's response and its cost, as JSON
 */
export function meteredApp(app) {
  return {
    /**
     * @param {Request} request
     * @param {Bindings} env
     * @param {ExecutionContext} context
     */
    async fetch(request, env, context) {
      const cost = nothing();
      const metered = {
        ...env,
        DB: meteredDatabase(env.DB, cost),
        SESSION_DO: meteredObjects(env.SESSION_DO, cost),
        PERSON_DO: meteredObjects(env.PERSON_DO, cost),
      };
      const response = await app.fetch(request, metered, context);
      return Response.json({ ...cost, status: response.status, body: await response.text() });
    },
  };
}

/** The cost of all objects since the Worker was started. */
const ofObjects = nothing();

/**
 * @param {new (context: DurableObjectState, env: { DB: Database }) => object} Base
 * @returns the class of Durable Objects, with its batches counted
 */
export function meteredObject(Base) {
  return class extends Base {
    /**
     * @param {DurableObjectState} context
     * @param {{ DB: Database }} env
     */
    constructor(context, env) {
      super(context, { ...env, DB: meteredDatabase(env.DB, ofObjects) });
    }
  };
}

/** A Worker that responds with the cost of the objects, as JSON. */
export const costOfObjects = {
  fetch: () => Response.json(ofObjects),
};

/**
 * @param {Database} database
 * @param {Cost} cost
 * @returns {Database} the same, counted
 */
function meteredDatabase(database, cost) {
  /** @type {WeakMap<D1PreparedStatement, Statement>} */
  const known = new WeakMap();
  return {
    /** @param {string} sql */
    prepare: (sql) => ({
      /** @param {unknown[]} parameters */
      bind(...parameters) {
        const bound = database.prepare(sql).bind(...parameters);
        known.set(bound, { sql, parameters });
        return bound;
      },
    }),

    /** @param {D1PreparedStatement[]} batch */
    async batch(batch) {
      const results = await database.batch(batch);
      cost.batches.push(batch.flatMap((statement) => known.get(statement) ?? []));
      for (const { meta } of results) {
        cost.rowsRead += meta.rows_read;
        cost.rowsWritten += meta.rows_written;
      }
      return results;
    },
  };
}

/**
 * @param {Objects} objects
 * @param {Cost} cost
 * @returns {Objects} the same, counted
 */
function meteredObjects(objects, cost) {
  return {
    /** @param {string} name */
    idFromName: (name) => objects.idFromName(name),
    /** @param {DurableObjectId} id */
    get(id) {
      cost.objects += 1;
      return objects.get(id);
    },
  };
}

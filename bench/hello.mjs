// @ts-check
/** The smallest Worker, to measure what the platform itself costs. */
export default {
  fetch: () => new Response("Hello, world"),
};

/** The companion Worker: what a Pages project can bind but not define. */
export { PersonDO } from "./person/person-do";
export { SessionDO } from "./session/session-do";

export default {
  /** It serves no requests: the Pages project reaches its objects by their bindings. */
  fetch: () => new Response("Not found", { status: 404 }),
};

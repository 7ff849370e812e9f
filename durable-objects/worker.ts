/** The companion Worker. It defines the Durable Objects, because a Pages project can bind them but not define them. */
export { PersonDO } from "./person/person-do";
export { SessionDO } from "./session/session-do";

export default {
  /** Answers every request with 404: the Pages project calls the objects through its bindings. */
  fetch: () => new Response("Not found", { status: 404 }),
};

import { openRequest, type Item, type Permission } from "../../../app/sessions/protocol/item";
import type { RequestAnswer } from "../../../app/sessions/protocol/object-answers";
import type { Items } from "./items";

/** How long a request may be answered, in milliseconds. */
const REQUEST_LIFE = 24 * 60 * 60 * 1000;

/** What agents ask the owner: the first answer counts, and a request that is not asked any more is expired. */
export class Requests {
  readonly #items: Items;

  constructor(items: Items) {
    this.#items = items;
  }

  /** @returns whether anything is asked */
  get areOpen(): boolean {
    return this.#items.requests("").some(openRequest);
  }

  /** Stores the owner's answer, if the item is a request that is asked and has this option. */
  answer(id: number, option: string, by: string, now: number): RequestAnswer {
    const item = this.#items.find(id);
    if (item?.body.kind !== "permission") return { item: undefined, isTaken: false };
    const isAsked = openRequest(item) !== undefined && item.created_at > now - REQUEST_LIFE;
    const isTaken = isAsked && item.body.options.some((known) => known.id === option);
    if (!isTaken) return { item, isTaken };
    const body: Permission = { ...item.body, state: "answered", option, by };
    return { item: this.#items.update(item, body, now), isTaken };
  }

  /** Expires the open requests of a token. @param keys what the keys of its items begin with @returns them */
  expireOf(keys: string, now: number): Item[] {
    return this.#expire(this.#items.requests(keys), now);
  }

  /** Expires the requests that were asked too long ago. @returns them */
  expireOld(now: number): Item[] {
    const old = this.#items
      .requests("")
      .filter(({ created_at }) => created_at <= now - REQUEST_LIFE);
    return this.#expire(old, now);
  }

  #expire(requests: Item[], now: number): Item[] {
    return requests
      .filter(openRequest)
      .map((item) =>
        this.#items.update(item, { ...(item.body as Permission), state: "expired" }, now),
      );
  }
}

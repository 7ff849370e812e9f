import { openRequest, type Item, type Permission } from "../../../app/sessions/protocol/item";
import type { RequestAnswer } from "../../../app/sessions/protocol/object-answers";
import type { Run } from "../runs/runs";
import type { Items } from "./items";

/** How long a request of an agent without a run may be answered, in milliseconds. */
const REQUEST_LIFE = 24 * 60 * 60 * 1000;

/** What agents ask the owner: the first answer counts, and a request that is not asked any more is expired. */
export class Requests {
  readonly #items: Items;

  constructor(items: Items) {
    this.#items = items;
  }

  /** @returns what is asked last; null if nothing is */
  asked(): string | null {
    const asked = this.#items.openRequests().at(-1);
    return asked ? openRequest(asked)!.title : null;
  }

  /**
   * Stores the owner's answer, if the item is a request that is asked and has this option.
   *
   * @param running the run that is running, if one is: a request of another run, or of one that is to stop, is not asked
   */
  answer(
    id: number,
    option: string,
    by: string,
    running: Run | undefined,
    now: number,
  ): RequestAnswer {
    const item = this.#items.find(id);
    if (item?.body.kind !== "permission") return { item: undefined, isTaken: false };
    const isAsked =
      item.run === null
        ? item.created_at > now - REQUEST_LIFE
        : item.run === running?.id && running.stop === 0;
    const isKnown = item.body.options.some((known) => known.id === option);
    const isTaken = openRequest(item) !== undefined && isAsked && isKnown;
    if (!isTaken) return { item, isTaken };
    const body: Permission = { ...item.body, state: "answered", option, by };
    const answered = this.#items.update(item, body, now);
    return { item: answered, isTaken };
  }

  /** Expires the open requests of a token. @param keys what the keys of its items begin with @returns them */
  expireOf(keys: string, now: number): Item[] {
    return this.#expire(
      this.#items.openRequests(keys).filter(({ run }) => run === null),
      now,
    );
  }

  /** Expires the open requests of a run. @returns them */
  expireOfRun({ id }: Run, now: number): Item[] {
    return this.#expire(
      this.#items.openRequests().filter(({ run }) => run === id),
      now,
    );
  }

  /** Expires the requests of agents without a run that were asked too long ago. @returns them */
  expireOld(now: number): Item[] {
    const isOld = ({ run, created_at }: Item) => run === null && created_at <= now - REQUEST_LIFE;
    return this.#expire(this.#items.openRequests().filter(isOld), now);
  }

  #expire(requests: Item[], now: number): Item[] {
    return requests.map((item) =>
      this.#items.update(item, { ...(item.body as Permission), state: "expired" }, now),
    );
  }
}

import type { Item, ShownItem } from "../../app/sessions/protocol/item";
import type { Message, NewMessage } from "../../app/sessions/protocol/message";
import type {
  AgentToken,
  NoRoom,
  ObjectAnswer,
  RequestAnswer,
  StopOutcome,
} from "../../app/sessions/protocol/object-answers";
import type { RunReport } from "../../app/sessions/protocol/run";
import type { Assignment, SessionMetadata } from "../../app/sessions/protocol/session";
import { answerOwner, metadata, runReport } from "./answers";
import type { News } from "./news";
import type { RunSteps } from "./runs/run-steps";
import type { State } from "./state";
import type { SessionStorage } from "./storage";

/** A page of a conversation. */
export interface ConversationAnswer {
  session: SessionMetadata;
  /** Oldest first. */
  items: ShownItem[];
  /** The requests that are asked and are not among the items, oldest first. */
  asked: Item[];
  runs: RunReport;
  tokens: AgentToken[];
}

/** What the owner reads and does in a session. Every method answers `foreign` to anybody else. */
export class Owner {
  readonly #storage: SessionStorage;
  readonly #news: News;
  readonly #runs: RunSteps;

  constructor(storage: SessionStorage, news: News, runs: RunSteps) {
    this.#storage = storage;
    this.#news = news;
    this.#runs = runs;
  }

  /** @returns metadata and message count */
  snapshot(userId: string): ObjectAnswer<{ session: SessionMetadata }> {
    return this.#answer(userId, (state) => ({ session: metadata(state) }));
  }

  /** @param before only items before the one with this id; undefined for the newest */
  conversation(userId: string, before: number | undefined): ObjectAnswer<ConversationAnswer> {
    return this.#answer(userId, (state) => {
      const items = this.#storage.items.page(before ?? Number.MAX_SAFE_INTEGER);
      const shown = new Set(items.map(({ id }) => id));
      return {
        session: metadata(state),
        items,
        asked: this.#storage.items.openRequests().filter(({ id }) => !shown.has(id)),
        runs: runReport(state, this.#storage.runs),
        tokens: this.#storage.tokens.list(Date.now()),
      };
    });
  }

  /** @returns the messages after the one with this id as they were written, oldest first, at most one batch */
  messages(userId: string, after: number): ObjectAnswer<{ messages: Message[] }> {
    return this.#answer(userId, () => ({ messages: this.#storage.messages.after(after) }));
  }

  /** @returns the items but messages behind the one with this id, oldest first, at most one batch */
  items(userId: string, after: number): ObjectAnswer<{ items: Item[] }> {
    return this.#answer(userId, () => ({ items: this.#storage.items.after(after) }));
  }

  /** Adds a message of the owner. One with an idempotency key that is stored already is not added again. */
  append(userId: string, message: NewMessage): ObjectAnswer | NoRoom {
    const now = Date.now();
    const answer = this.#answer(userId, () => ({}));
    if (answer.state !== "ready" || this.#storage.findKey(message.client_key, now)) return answer;
    if (this.#storage.isFull) return { state: "full" };
    const wait = this.#storage.countMessage(now);
    if (wait > 0) return { state: "limited", wait };
    const before = this.#storage.state()!;
    const added = this.#storage.append(message, now);
    this.#storage.markAnswered(before.agent_status);
    this.#news.changed(before, { shown: [added.shown], messages: [added.message] });
    this.#runs.queue(added.message);
    return answer;
  }

  /** Answers a request of an agent. @returns the item as it is now, if it is one, and whether this answer counts */
  answer(userId: string, item: number, option: string, by: string): ObjectAnswer<RequestAnswer> {
    return this.#answer(userId, (before) => {
      const answer = this.#storage.answer(item, option, by, Date.now());
      if (!answer.item || !answer.isTaken) return answer;
      this.#news.changed(before, { shown: [answer.item], items: [answer.item] });
      this.#runs.answer(answer.item);
      return answer;
    });
  }

  /** Stops a run: see `RunSteps.stop`. */
  stop(userId: string, run: string): ObjectAnswer<{ outcome: StopOutcome }> {
    return this.#answer(userId, () => ({ outcome: this.#runs.stop(run) }));
  }

  /** Takes back a message that waits for a run. */
  withdraw(userId: string, message: number): ObjectAnswer<{ isWithdrawn: boolean }> {
    return this.#answer(userId, () => ({ isWithdrawn: this.#runs.withdraw(message) }));
  }

  /** The first step of a move to another runner: see `RunSteps.leave`. @returns the assignment that is known, too */
  leave(userId: string): ObjectAnswer<{ isFree: boolean; assign: number }> {
    return this.#answer(userId, ({ assign }) => ({ isFree: this.#runs.leave(), assign }));
  }

  /** The last step of a move, after D1 has it. If it never comes, the new runner or the next alarm makes up for it. */
  moved(userId: string, assignment: Assignment): ObjectAnswer {
    return this.#answer(userId, () => {
      this.#runs.adopt(assignment);
      return {};
    });
  }

  /** Ends what a runner does here, because its token is not valid any more. */
  disconnectRunner(userId: string, runner: string): ObjectAnswer {
    return this.#answer(userId, () => {
      this.#runs.disconnect(runner);
      return {};
    });
  }

  #answer<Content extends object>(
    userId: string,
    content: (state: State) => Content,
  ): ObjectAnswer<Content> {
    return answerOwner(userId, this.#storage.state(), content);
  }
}

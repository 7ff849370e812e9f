/** An alarm that is run as the platform does, and halts where it asks D1: the world decides what happens to its batch. */
import { runInDurableObject } from "cloudflare:test";
import { sessionObject } from "../../../app/platform/durable-objects.server";
import { env, faultyDatabase } from "../support";

interface Call {
  make: () => Promise<unknown>;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
}

export class Ringing {
  /** The batch at which it has halted; undefined if it is over. */
  call: Call | undefined;
  readonly #id: string;
  #halt: () => void = () => undefined;

  private constructor(id: string) {
    this.#id = id;
  }

  /** Starts the alarm. @returns it, halted at its batch; undefined if none is set */
  static async start(id: string): Promise<Ringing | undefined> {
    const ringing = new Ringing(id);
    const object = await runInDurableObject(sessionObject(env, id), async (instance, ctx) => {
      if ((await ctx.storage.getAlarm()) === null) return undefined;
      await ctx.storage.deleteAlarm();
      return instance;
    });
    if (!object) return undefined;
    const halt = <Result>(make: () => Promise<Result>) =>
      new Promise<Result>((resolve, reject) => {
        ringing.call = { make, resolve: resolve as Call["resolve"], reject };
        ringing.#halt();
      });
    await ringing.#move(() => {
      Object.assign(object, { env: { ...env, DB: faultyDatabase(halt) } });
      void object.alarm().finally(() => ringing.#halt());
    });
    return ringing;
  }

  /** Answers the batch at which it has halted, and waits until it halts again. */
  answer(answered: { answer: unknown } | { error: Error }): Promise<void> {
    const { resolve, reject } = this.call!;
    this.call = undefined;
    return this.#move(() => {
      if ("answer" in answered) resolve(answered.answer);
      else reject(answered.error);
    });
  }

  /** Inside the object: promises that an object awaits must be settled there, or workerd denies it its storage. */
  #move(push: () => void): Promise<void> {
    return runInDurableObject(sessionObject(env, this.#id), async () => {
      const halted = new Promise<void>((resolve) => (this.#halt = resolve));
      push();
      await halted;
    });
  }
}

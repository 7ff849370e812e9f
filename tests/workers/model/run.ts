/** A running operation, which halts at each of its calls: the world decides what happens to the call. */
import type { Fault as Gate } from "../support";
import { legalOutcomes, type Answer, type CallName, type Known, type Result } from "./model";
import type { Fault, Operation } from "./plan";

/** One session of the world, and the model's state of it. */
export interface Session {
  id: string;
  key: string;
  owner: string;
  known: Known;
}

export interface Call {
  name: CallName;
  make: () => Promise<unknown>;
  resolve: (answer: unknown) => void;
  reject: (error: Error) => void;
  fault: Pick<Fault, "lands"> & Partial<Pick<Fault, "caller">>;
  /** Whether its caller has made it. */
  sent: boolean;
  /** Whether it was released from stalling. */
  released: boolean;
  landed?: { answer: unknown } | { error: Error };
}

/**
 * Runs code inside an object: promises that an object awaits must be settled there, or workerd denies it its storage.
 */
export type Place = (visit: () => Promise<void>) => Promise<void>;

export class Run {
  call: Call | undefined;
  result!: Result;
  answers: Answer[] = [];
  readTask: number | null = null;
  /** The call for which its caller got a failure. */
  failed: CallName | undefined;
  waits = false;
  over = false;
  /** Whether it was cut off, so that it has no result. */
  gone = false;
  readonly startedAt = Date.now();
  readonly before: Known;
  readonly legal: Set<string>;
  #calls = 0;
  #halt!: () => void;

  constructor(
    readonly number: number,
    readonly operation: Operation,
    readonly session: Session,
    readonly place: Place = (visit) => visit(),
  ) {
    this.before = structuredClone(session.known);
    this.legal = new Set(legalOutcomes(session.known, operation));
  }

  gate(name: CallName): Gate {
    return (make) =>
      new Promise((resolve, reject) => {
        const { fault } = this.operation;
        this.call = {
          name,
          make,
          resolve: resolve as Call["resolve"],
          reject,
          fault: fault?.call === this.#calls++ ? fault : { lands: "now" },
          sent: false,
          released: false,
        };
        this.#halt();
      });
  }

  start(run: () => Promise<Result>): Promise<void> {
    return this.#move(() => {
      void run()
        .catch((error: unknown) => ({ outcome: `threw ${String(error)}` }))
        .then((result) => this.#end(result));
    });
  }

  /** Gives the operation the response to its call, or an error, and waits until it halts again. */
  answer(failed: boolean): Promise<void> {
    const { name, landed, resolve, reject } = this.call!;
    this.call = undefined;
    return this.#move(() => {
      if (!failed && landed && "answer" in landed) {
        this.answers.push({ name, answer: landed.answer });
        resolve(landed.answer);
      } else {
        this.failed = name;
        reject(
          landed && "error" in landed ? landed.error : new Error(`${name} failed by the plan`),
        );
      }
    });
  }

  #end(result: Result) {
    this.result = result;
    this.over = true;
    this.#halt();
  }

  #move(push: () => void): Promise<void> {
    return this.place(async () => {
      const halted = new Promise<void>((resolve) => (this.#halt = resolve));
      push();
      await halted;
    });
  }
}

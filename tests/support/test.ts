/** The test functions that every spec uses. */
import { test as base, expect, type BrowserContext, type Page } from "playwright/test";
import { Client } from "./client";

/** The browser's errors while a test runs: errors and warnings in its console, errors thrown in a page. */
class Problems {
  readonly #found: string[] = [];
  readonly #allowed: RegExp[] = [];

  watch(context: BrowserContext) {
    context.on("console", (message) => {
      const type = message.type();
      if (type !== "error" && type !== "warning") return;
      this.#found.push(`${message.text()} ${message.location().url}`);
    });
    context.on("weberror", (thrown) => this.#found.push(String(thrown.error())));
  }

  /** Allows a console message that the test causes on purpose. */
  allow(what: RegExp) {
    this.#allowed.push(what);
  }

  /** Allows the browser's message about a response with this status, which the test causes on purpose. */
  allowStatus(status: number) {
    this.#allowed.push(new RegExp(`^Failed to load resource: .* status of ${status} `));
  }

  /** Allows the browser's messages about a server that is down or starting. */
  allowOutage() {
    this.#allowed.push(
      /ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|INTERNET_DISCONNECTED)/,
    );
    this.#allowed.push(/^WebSocket connection to /);
  }

  get unexpected() {
    return this.#found.filter((text) => !this.#allowed.some((allowed) => allowed.test(text)));
  }
}

/** A person in their own browser. */
interface Person {
  name: string;
  page: Page;
  ship: Client;
}

interface BrowserFixtures {
  /** Plain HTTP for the new person who is signed in on `page`, to set things up. */
  ship: Client;
  /** A second new person, signed in in another browser. */
  someoneElse: Person;
  problems: Problems;
}

/** For tests in a browser. A test fails if the browser reported any error, CSP violations included. */
export const test = base.extend<BrowserFixtures>({
  problems: [
    async ({ context }, run) => {
      const problems = new Problems();
      problems.watch(context);
      await run(problems);
      expect(problems.unexpected, "what the browser complained about").toEqual([]);
    },
    { auto: true },
  ],
  ship: async ({ context, baseURL }, run) => {
    const ship = new Client(context.request, baseURL ?? "");
    await ship.signIn();
    await run(ship);
  },
  someoneElse: async ({ browser, baseURL, problems }, run) => {
    const context = await browser.newContext();
    problems.watch(context);
    const ship = new Client(context.request, baseURL ?? "");
    await run({ name: await ship.signIn(), page: await context.newPage(), ship });
    await context.close();
  },
});

interface RequestFixtures {
  /** Plain HTTP for a new person, signed in. */
  ship: Client;
  /** The same for a second new person. */
  someoneElse: Client;
}

/** For tests without a browser. */
export const requestTest = base.extend<RequestFixtures>({
  ship: async ({ request, baseURL }, run) => {
    const ship = new Client(request, baseURL ?? "");
    await ship.signIn();
    await run(ship);
  },
  someoneElse: async ({ playwright, baseURL }, run) => {
    const request = await playwright.request.newContext({ baseURL: baseURL ?? "" });
    const ship = new Client(request, baseURL ?? "");
    await ship.signIn();
    await run(ship);
    await request.dispose();
  },
});

export { expect };

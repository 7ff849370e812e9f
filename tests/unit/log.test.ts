import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { attempt, logError, logUnexpected } from "../../app/platform/log";

const written = vi.fn<(line: string) => void>();

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(written);
});

afterEach(() => {
  vi.restoreAllMocks();
  written.mockReset();
});

describe("a step that may fail", () => {
  test("gives what it returns, and nothing is logged", async () => {
    expect(await attempt("read-row", () => Promise.resolve(7))).toBe(7);
    expect(written).not.toHaveBeenCalled();
  });

  test.each([
    ["is rejected", () => Promise.reject(new Error("D1 did not answer"))],
    [
      "throws at once",
      () => {
        throw new Error("D1 did not answer");
      },
    ],
  ])("gives nothing and is logged by name where it %s", async (_, run) => {
    expect(await attempt("read-row", run)).toBeUndefined();
    expect(loggedLine()).toMatchObject({ event: "read-row" });
    expect(loggedLine().error).toContain("D1 did not answer");
  });
});

describe("a line of the log", () => {
  test("is one line of JSON, whatever the error says", () => {
    logError("read-row", new Error('first\nsecond "quoted"'));
    expect(written.mock.lastCall?.[0]).not.toContain("\n");
    expect(loggedLine().error).toContain('first\nsecond "quoted"');
  });

  test.each([
    ["text", "text"],
    [undefined, "undefined"],
    [Symbol("odd"), "Symbol(odd)"],
  ])("tells of something thrown that is no error: %o", (thrown, told) => {
    logError("odd", thrown);
    expect(loggedLine()).toEqual({ event: "odd", error: told });
  });
});

describe("an error that nobody expected", () => {
  const url = "https://ship.example/session/1?to=secret-path";

  test("is logged by method and path, without the query and without any cookie", () => {
    const headers = { Cookie: "ship_auth=secret-cookie", Authorization: "secret-token" };
    const body = "text=secret-text";
    logUnexpected(new Error("Broken"), {
      request: new Request(url, { method: "POST", headers, body }),
    });

    expect(loggedLine().event).toBe("POST /session/1");
    expect(loggedLine().error).toContain("Broken");
    expect(written.mock.lastCall?.[0]).not.toContain("secret");
  });

  test("is not logged if the request was aborted", () => {
    const request = new Request(url, { signal: AbortSignal.abort() });
    logUnexpected(new Error("Aborted"), { request });
    expect(written).not.toHaveBeenCalled();
  });
});

/** @returns the only line that was written */
function loggedLine() {
  expect(written).toHaveBeenCalledOnce();
  return JSON.parse(written.mock.lastCall![0]) as { event: string; error: string };
}

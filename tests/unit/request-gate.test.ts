import { describe, expect, test } from "vitest";
import { BODY_LIMIT, findBearerRoute, passGate } from "../../app/platform/http/request-gate";
import { AGENT_ROUTES } from "../../app/sessions/agents/agent-routes";

const SHIP = "https://ship.example";
const pass = (request: Request) =>
  passGate(request, SHIP, findBearerRoute(request, AGENT_ROUTES)?.route);
const LIMIT = 256 * 1024;

describe("reading a page", () => {
  test.each(["GET", "HEAD", "OPTIONS"])("passes by %s, from any site", async (method) => {
    const headers = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
    const request = new Request(`${SHIP}/dashboard`, { method, headers });
    expect(await pass(request)).toBe(request);
  });
});

describe("a request that could change something", () => {
  test.each<[string, Record<string, string>]>([
    ["comes from this origin", { Origin: SHIP }],
    ["comes from this origin, whatever else it says", { Origin: SHIP, "Sec-Fetch-Site": "none" }],
    ["has no origin, but the browser's word for it", { "Sec-Fetch-Site": "same-origin" }],
  ])("passes if it %s", async (_, headers) => {
    for (const request of changes(headers)) {
      expect(await pass(request), request.method).toBeInstanceOf(Request);
    }
  });

  test.each<[string, Record<string, string>]>([
    ["comes from another site", { Origin: "https://evil.example" }],
    ["comes from a subdomain", { Origin: "https://evil.ship.example" }],
    ["comes from the site above", { Origin: "https://example" }],
    ["comes from a host that begins alike", { Origin: `${SHIP}.evil.example` }],
    ["comes from another port", { Origin: `${SHIP}:8443` }],
    ["comes by http to https", { Origin: "http://ship.example" }],
    ["comes from a sandbox", { Origin: "null" }],
    ["has an empty origin", { Origin: "", "Sec-Fetch-Site": "same-origin" }],
    ["does not say where it comes from", {}],
    ["comes from a sibling site", { "Sec-Fetch-Site": "same-site" }],
    ["comes from another site, by the browser's word", { "Sec-Fetch-Site": "cross-site" }],
    ["comes from no page", { "Sec-Fetch-Site": "none" }],
    [
      "comes from another site that calls itself same-origin",
      { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
    ],
    [
      "comes from another site and names that as the host that was meant",
      { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
    ],
    ["comes without origin by a proxy", { "X-Forwarded-Host": "ship.example" }],
    ["says so by its referrer only", { Referer: `${SHIP}/dashboard` }],
  ])("is refused where it %s", async (_, headers) => {
    for (const request of changes(headers)) {
      expect(await pass(request), request.method).toEqual({
        status: 403,
        title: "Refused",
        text: "This request did not come from a page of Ship. Open Ship and try again there.",
      });
    }
  });

  test("is compared by port, too", async () => {
    const request = (headers: Record<string, string>) =>
      new Request("http://localhost:8788/logout", { method: "POST", headers });
    expect(await pass(request({ Origin: "http://localhost:8788" }))).toBeInstanceOf(Request);
    expect(await pass(request({ Origin: "http://localhost:3000" }))).toHaveProperty("status", 403);
  });

  /** One request for each unsafe method, and a WebSocket upgrade, which is a GET. */
  function changes(headers: Record<string, string>): Request[] {
    const url = `${SHIP}/session/1/live`;
    const upgrade = new Request(url, { headers: { ...headers, Upgrade: "websocket" } });
    const methods = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"];
    return [upgrade, ...methods.map((method) => new Request(url, { method, headers }))];
  }
});

describe("what is sent", () => {
  test("may be 256 KiB, and not one byte more", async () => {
    expect(BODY_LIMIT).toBe(LIMIT);
    const passed = await pass(post("x".repeat(LIMIT)));
    expect(await (passed as Request).text()).toHaveLength(LIMIT);
    expectTooLarge(await pass(post("x".repeat(LIMIT + 1))));
  });

  test("may be nothing", async () => {
    const passed = await pass(post(null));
    expect(await (passed as Request).text()).toBe("");
  });

  test("is refused by its length alone, unread, where it says that it is too long", async () => {
    const { body, sent } = endless();
    expectTooLarge(await pass(post(body, { "Content-Length": `${LIMIT + 1}` })));
    expect(sent.bytes).toBe(0);
  });

  test.each<[string, Record<string, string>]>([
    ["without a length", {}],
    ["with too small a length", { "Content-Length": "10" }],
    ["with a length that is no number", { "Content-Length": "many" }],
  ])("is read no further than needed where it never ends and comes %s", async (_, headers) => {
    const { body, sent } = endless();
    expectTooLarge(await pass(post(body, headers)));
    expect(sent.bytes).toBe(LIMIT + CHUNK);
    expect(sent.cancelled).toBe(true);
  });

  test("reaches the app as it was, in pieces or not", async () => {
    const pieces = ["key=1&te", "xt=a%26b", "&text2=%F0%9F%9A%80"];
    const passed = await pass(
      post(streamOf(pieces), { "Content-Type": "application/x-www-form-urlencoded" }),
    );

    const { url, method, headers } = passed as Request;
    expect([url, method, headers.get("Origin")]).toEqual([`${SHIP}/dashboard`, "POST", SHIP]);
    const form = await (passed as Request).formData();
    expect([...form]).toEqual([
      ["key", "1"],
      ["text", "a&b"],
      ["text2", "🚀"],
    ]);
  });

  test("reaches the app as a multipart form too", async () => {
    const form = new FormData();
    form.set("text", "a\r\n--b");
    const passed = await pass(post(form));
    expect((await (passed as Request).formData()).get("text")).toBe("a\r\n--b");
  });

  test("is aborted in the app when the person aborts it", async () => {
    const person = new AbortController();
    const passed = await pass(post("x", {}, person.signal));
    person.abort();
    expect((passed as Request).signal.aborted).toBe(true);
  });
});

const CHUNK = 64 * 1024;

/** An endless body, produced only as fast as it is read; and how many bytes were read. */
function endless() {
  const sent = { bytes: 0, cancelled: false };
  const source = {
    pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      sent.bytes += CHUNK;
      controller.enqueue(new Uint8Array(CHUNK));
    },
    cancel() {
      sent.cancelled = true;
    },
  };
  return { body: new ReadableStream(source, { highWaterMark: 0 }), sent };
}

function streamOf(pieces: string[]): ReadableStream {
  return new Blob(pieces).stream();
}

/** A form submitted by a page of Ship. */
function post(
  body: RequestInit["body"],
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Request {
  // Node requires `duplex` for a body that is a stream; workerd's types lack it.
  const init = {
    method: "POST",
    headers: { Origin: SHIP, ...headers },
    body,
    signal,
    duplex: "half",
  };
  return new Request(`${SHIP}/dashboard`, init);
}

function expectTooLarge(answer: unknown) {
  expect(answer).toEqual({
    status: 413,
    title: "Too large",
    text: "What was sent is larger than 256 KiB. Nothing was changed.",
  });
}

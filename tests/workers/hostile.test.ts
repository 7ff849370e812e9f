/**
 * Hostile requests from somebody who is signed in: more than 2,000, generated from named kinds.
 * None is answered with 500 or above, none changes anything, and none shows another person's data.
 */
import fc from "fast-check";
import { beforeAll, expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { ask, Browser, captureLog, everythingStored, ORIGIN, rowsStored } from "./app";
import { env, freshMessage, settle } from "./support";

/** A text in everything that belongs to other people. */
const SECRET = "classified";

interface Hostile {
  /** The kinds of hostility in it. */
  kinds: string[];
  method: string;
  /** With its query. Words in capital letters are replaced when it is sent: see `known`. */
  path: string;
  headers: Record<string, string>;
  /** Each character is one byte. */
  body?: string;
}

type Kinds = Record<string, fc.Arbitrary<string>>;

interface OfKind {
  kind: string;
  value: string;
}

function anyOf(kinds: Kinds): fc.Arbitrary<OfKind> {
  const named = Object.entries(kinds).map(([kind, values]) =>
    values.map((value) => ({ kind, value })),
  );
  return fc.oneof(...named);
}

/** Draws one kind more often than all others together. */
function mostly(kind: string, values: fc.Arbitrary<string>, others: fc.Arbitrary<OfKind>) {
  const often = values.map((value) => ({ kind, value }));
  return fc.oneof({ arbitrary: often, weight: 3 }, { arbitrary: others, weight: 1 });
}

const oneOf = fc.constantFrom<string[]>;

/** Ids in a URL or a form that are not those of the requester's own sessions. */
const notOwn = oneOf(
  ...[
    "BOBS",
    "MISSING",
    "",
    "1",
    "no-uuid",
    "__proto__",
    "OWN+",
    "OWN%00",
    "OWN%0A",
    "%20OWN",
    "-OWN",
  ],
  ...[
    "%7BOWN%7D",
    "OWNOWN",
    "OWN,BOBS",
    "urn:uuid:OWN",
    "..",
    "%2e%2e%2fOWN",
    "%",
    "%ff",
    "x".repeat(5000),
  ],
);

const PATHS: Kinds = {
  "a page": oneOf("/", "/login", "/login/callback", "/account", "/dashboard", "/dashboard/new"),
  "a session's page": oneOf("OWN", "ARCHIVED", "BOBS").map((id) => `/session/${id}`),
  "the page of no session of one's own": notOwn.map((id) => `/session/${id}`),
  "the deletion of no session of one's own": notOwn.map((id) => `/dashboard/delete?id=${id}`),
  "the deletion of several sessions": oneOf(
    "",
    "id=OWN&id=OWN",
    "id=MISSING&id=BOBS",
    "id[]=OWN",
  ).map((query) => `/dashboard/delete?${query}`),
  "no page": oneOf("/nowhere", "/session", "/session/OWN/live/1", "/.env", "/index.php", "/_data"),
  "bad percent-encoding": oneOf("/%", "/%zz", "/%C3%28", "/session/%E0%A4%A", "/dashboard/%u0041"),
  "encoded slashes": oneOf(
    "/session%2FOWN",
    "/dashboard%2fnew",
    "/session/..%2f..%2faccount",
    "/%2f%2f",
  ),
  "dot segments": oneOf(
    "/session/../dashboard",
    "/./account",
    "/session/%2e%2e/login",
    "/../../etc/passwd",
  ),
  "too many slashes": oneOf(
    "//dashboard",
    "//evil.example/account",
    "/dashboard//new",
    "/dashboard/",
    "///",
  ),
  "backslashes and odd characters": oneOf(
    "/\\evil.example",
    "/dashboard;a=b",
    "/<script>",
    "/ドック",
    "/%00",
    "/ ",
  ),
  "capital letters": oneOf("/DASHBOARD", "/Session/OWN", "/LOGIN/CALLBACK"),
  "a very long path": fc.nat(16_000).map((length) => `/session/${"a".repeat(length)}`),
  "any text": fc
    .string({ maxLength: 40, unit: "binary" })
    .map((text) => `/session/${encodeURI(text)}`),
};

/** Only for reading, because some of these accept a form whatever it contains. */
const PATHS_TO_READ: Kinds = {
  ...PATHS,
  "what only forms are sent to": oneOf("/logout", "/dashboard/delete?id=OWN"),
};

const ROUTE_IDS = [
  "root",
  "routes/dashboard",
  "routes/session.$id",
  "routes/_index",
  "routes/logout",
  "routes/nowhere",
];

const QUERIES: Kinds = {
  "no query": oneOf(""),
  "data of any route": oneOf(...ROUTE_IDS, "", "__proto__", "constructor", "%").map(
    (id) => `_data=${id}`,
  ),
  "data of two routes": oneOf("_data=root&_data=routes/dashboard", "index&index&_data=root"),
  "a wrong place in a list": oneOf(
    ...[
      "cursor=",
      "cursor=1",
      "cursor=1.OWN.2",
      "cursor=-1.OWN",
      "cursor=9999999999999999.OWN",
      "cursor=1.BOBS",
    ],
    ...[
      "before=0",
      "before=-1",
      "before=1e3",
      "before=99999999999999",
      "before=BOBS",
      "before=1&before=2",
    ],
  ),
  "a wrong filter": oneOf(
    "status=deleted",
    "status=",
    "status[]=active",
    "status=active&status=archived",
    "q=%25'--",
  ),
  "a way out": oneOf(
    "to=//evil.example",
    "to=%5C%5Cevil.example",
    "to=javascript:alert(1)",
    "to=%0d%0aX: 1",
  ),
  "somebody's return from GitHub": oneOf(
    "code=1&state=2",
    "state=",
    "error=access_denied&state=1",
    "problem=__proto__",
  ),
  "odd names": oneOf(
    "__proto__=1",
    "constructor[prototype]=1",
    "=",
    "&&&",
    "%=%",
    "index",
    "_routes=root",
    "%00=%00",
  ),
  "a very long query": fc.nat(16_000).map((length) => `status=${"a".repeat(length)}`),
  "any text": fc.string({ maxLength: 40 }).map((text) => `q=${text}`),
};

const COOKIES: Kinds = {
  "their own": oneOf("ship_auth=AUTH"),
  "their own among others": oneOf(
    "a=b; ship_auth=AUTH; c",
    "=; ;; ship_auth=AUTH",
    "__proto__=1; ship_auth=AUTH",
  ),
  "two that disagree": oneOf("ship_auth=AUTH; ship_auth=e30.x", "ship_auth=e30.x; ship_auth=AUTH"),
  "a damaged one": oneOf(
    "AUTHA",
    "AUTH.AUTH",
    "e30",
    "e30.",
    ".",
    "%",
    "%zz",
    "e30.!",
    "null",
    '"',
  ).map((value) => `ship_auth=${value}`),
  "one made for something else": oneOf(
    "ship_auth=FLASH",
    "ship_auth=AUTH; ship_flash=AUTH",
    "ship_auth=AUTH; ship_sign_in=AUTH",
  ),
  "a damaged message": oneOf("e30", "FLASH.", "%", "bnVsbA==.x").map(
    (value) => `ship_auth=AUTH; ship_flash=${value}`,
  ),
  "a very long one": oneOf(
    `ship_auth=AUTH; a=${"b".repeat(16_000)}`,
    `ship_auth=${"A".repeat(16_000)}`,
  ),
  none: oneOf(""),
};

const HEADERS = fc
  .subarray([
    ["Accept", "application/json, */*;q=abc"],
    ["Accept-Language", "*;q=0,,"],
    ["Accept-Encoding", "identity;q=0"],
    ["Authorization", "Bearer AUTH"],
    ["Content-Encoding", "gzip"],
    ["Content-Length", "-1"],
    ["Content-Range", "bytes 0-1/2"],
    ["Expect", "100-continue"],
    ["Forwarded", "host=evil.example;proto=https"],
    ["If-Modified-Since", "yesterday"],
    ["If-None-Match", "*"],
    ["Purpose", "prefetch"],
    ["Range", "bytes=0-0,-1,5-2"],
    ["Referer", "https://evil.example/"],
    ["Transfer-Encoding", "gzip, chunked"],
    ["X-Forwarded-For", "127.0.0.1"],
    ["X-Forwarded-Host", "evil.example"],
    ["X-Forwarded-Proto", "javascript"],
    ["X-HTTP-Method-Override", "DELETE"],
    ["X-Original-URL", "/logout"],
    ["X-Remix-Redirect", "https://evil.example"],
    ["X-Remix-Response", "yes"],
    ["X-Very-Long", "v".repeat(16_000)],
    ["X-Odd", "'\"<>{}\t;=,"],
  ] as [string, string][])
  .map((headers) => Object.fromEntries(headers));

/** Forms that would change something; the part that makes them valid comes last. */
const FORMS = [
  "intent=archive:OWN",
  "intent=restore:ARCHIVED",
  "intent=keep:OWN",
  "intent=sign-out-everywhere",
  "intent=send&text=Hello&key=KEY",
  "repoOwner=remix-run&repoName=remix&key=KEY",
];

const URLENCODED = "application/x-www-form-urlencoded";
const MULTIPART = "multipart/form-data; boundary=edge";

/** Invalid bodies by content type; none may have an effect. */
const BODIES: Record<string, Kinds> = {
  [URLENCODED]: {
    nothing: oneOf(""),
    "repeated fields": oneOf(...FORMS).map((form) => `${form}&${form}`),
    "conflicting fields": oneOf(
      ...[
        "intent=keep:OWN&intent=archive:OWN",
        "intent=archive:OWN&intent=",
        "name=eve&name=mallory",
      ],
      ...["key=KEY&repoOwner=a&repoOwner=b&repoName=c", "intent=send&key=KEY&text=a&text=b"],
    ),
    "a truncated form": fc
      .tuple(oneOf(...FORMS), fc.integer({ min: 1, max: 30 }))
      .map(([form, cut]) => form.replace("KEY", KEY).slice(0, -cut)),
    "an oversized form": oneOf(...FORMS).map((form) => `${form}&more=${"x".repeat(256 * 1024)}`),
    "an intent for no session of one's own": fc
      .tuple(oneOf("archive", "restore", "keep"), notOwn)
      .map(([change, id]) => `intent=${change}:${id}`),
    "an unknown intent": oneOf(
      "delete:OWN",
      "archive",
      "archive:",
      "Archive:OWN",
      "__proto__",
      "send:OWN",
      "",
    ).map((intent) => `intent=${intent}`),
    "a message that is none": oneOf(
      ...["text=&key=KEY", "text=%20%0A&key=KEY", "text=Hello", "text=Hello&key=1", "key=KEY"],
      `text=${"x".repeat(33 * 1024)}&key=KEY`,
    ).map((message) => `intent=send&${message}`),
    "a repository that is none": oneOf(
      ...["key=KEY", "key=1&repoOwner=a&repoName=b", "key=KEY&repoOwner=-&repoName=b"],
      ...[
        "key=KEY&repoOwner=a/b/c&repoName=d",
        "key=KEY&repoOwner=a&repoName=..",
        "key=KEY&repoOwner=a&repoName=b.git",
      ],
      ...[
        "key=KEY&repoOwner=a&repoName=%3Cscript%3E",
        `key=KEY&repoOwner=${"a".repeat(40)}&repoName=b`,
      ],
      "key=KEY&repository=remix-run/remix",
    ),
    "a name that is none": oneOf(
      "name=",
      "name=%00",
      "name=-",
      "name=__proto__",
      `name=${"a".repeat(5000)}`,
    ),
    "bad percent-encoding": oneOf(
      "intent=%",
      "intent=archive%ZZOWN",
      "%=%",
      "intent=%C3%28",
      "intent=%00archive:OWN",
    ),
    "odd names": oneOf(
      "__proto__=1&constructor=2",
      "intent[]=archive:OWN",
      "=archive:OWN",
      "INTENT=archive:OWN",
      "&=&",
    ),
    "UTF-16": oneOf(...FORMS).map((form) => [...form].join("\0")),
    "a thousand fields": fc.constant(
      Array.from({ length: 1000 }, (_, index) => `f${index}=1`).join("&"),
    ),
    "any bytes": fc.uint8Array({ maxLength: 60 }).map((bytes) => String.fromCharCode(...bytes)),
  },
  [MULTIPART]: {
    "another type": oneOf(...FORMS),
    "repeated fields": oneOf(...FORMS).map((form) => multipart(`${form}&${form}`)),
    "a truncated form": fc
      .tuple(oneOf(...FORMS), fc.integer({ min: 8, max: 60 }))
      .map(([form, cut]) => multipart(form.replace("KEY", KEY)).slice(0, -cut)),
    "an oversized form": oneOf(...FORMS).map((form) =>
      multipart(`${form}&more=${"x".repeat(256 * 1024)}`),
    ),
    "a file where text belongs": oneOf(...FORMS).map((form) =>
      multipart(form, '; filename="a.txt"'),
    ),
    "parts without a name": oneOf(
      "--edge\r\n\r\nx\r\n--edge--\r\n",
      "--edge\r\nContent-Disposition: x\r\n\r\n\r\n--edge--",
    ),
    "nothing between the edges": oneOf("--edge--", "--edge\r\n--edge--\r\n", "--edge", "\r\n"),
    "any bytes": fc.uint8Array({ maxLength: 60 }).map((bytes) => String.fromCharCode(...bytes)),
  },
  "multipart/form-data": { "no boundary": oneOf(...FORMS).map((form) => multipart(form)) },
  "multipart/form-data; boundary=other": {
    "another boundary": oneOf(...FORMS).map((form) => multipart(form)),
  },
  "application/json": {
    "another type": oneOf('{"intent":"archive:OWN"}', "{", "null", "[[]]", ...FORMS),
  },
  "text/plain": { "another type": oneOf(...FORMS) },
  "application/x-www-form-urlencoded-not": { "another type": oneOf(...FORMS) },
  ";;=": { "a damaged type": oneOf(...FORMS) },
  "": { "no type": oneOf(...FORMS) },
};

const KEY = "7b0d7b1c-6f0e-4d0a-9c0b-5a4b7f0c1d2e";

/** @returns a form encoded as multipart/form-data */
function multipart(form: string, more = ""): string {
  const parts = form.split("&").map((field) => {
    const [name, value] = field.split("=");
    return `--edge\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
  });
  return `${parts.join("")}--edge--\r\n`;
}

const bodies = Object.entries(BODIES).flatMap(([type, kinds]) =>
  Object.entries(kinds).map(([kind, values]) => values.map((value) => ({ kind, type, value }))),
);

/** Pages whose form does nothing unless it is valid. */
const FORM_PAGES = oneOf(
  ...["/login", "/account", "/dashboard", "/dashboard/new", "/session/OWN", "/session/ARCHIVED"],
);

const CHANGING = ["POST", "PUT", "PATCH", "DELETE"];

/** Reads, in all variations. */
const reading: fc.Arbitrary<Hostile> = fc
  .tuple(
    oneOf("GET", "HEAD", "OPTIONS"),
    anyOf(PATHS_TO_READ),
    anyOf(QUERIES),
    anyOf(COOKIES),
    HEADERS,
  )
  .map(([method, path, query, cookie, headers]) => ({
    kinds: [path.kind, query.kind, cookie.kind],
    method,
    path: joined(path, query),
    headers: { ...headers, Cookie: cookie.value },
  }));

/** Requests from Ship's own pages with content that these pages never send, mostly to URLs that accept forms. */
const nonsense: fc.Arbitrary<Hostile> = fc
  .tuple(
    oneOf("POST", ...CHANGING),
    mostly("a page with a form", FORM_PAGES, anyOf(PATHS)),
    mostly("no query", oneOf(""), anyOf(QUERIES)),
    mostly("their own", oneOf("ship_auth=AUTH"), anyOf(COOKIES)),
    HEADERS,
    fc.oneof(...bodies),
  )
  .map(([method, path, query, cookie, headers, body]) => ({
    kinds: [path.kind, query.kind, cookie.kind, body.kind],
    method,
    path: joined(path, query),
    headers: { ...headers, Cookie: cookie.value, Origin: ORIGIN, "Content-Type": body.type },
    body: body.value,
  }));

/** Requests that Ship's own pages would send, sent by another site. */
const foreign: fc.Arbitrary<Hostile> = fc
  .tuple(
    oneOf(...CHANGING),
    oneOf(
      "/logout",
      "/account",
      "/login",
      "/dashboard",
      "/dashboard/new",
      "/dashboard/delete?id=OWN",
      "/session/OWN",
    ),
    oneOf(...FORMS, "name=mallory", ""),
    HEADERS,
    oneOf(
      "null",
      "https://evil.example",
      "http://localhost:3000",
      `${ORIGIN}.evil.example`,
      "",
      ORIGIN.toUpperCase(),
    ),
  )
  .map(([method, path, form, headers, origin]) => ({
    kinds: ["another origin"],
    method,
    path,
    headers: { ...headers, Cookie: "ship_auth=AUTH", Origin: origin, "Content-Type": URLENCODED },
    body: form,
  }));

function joined(path: OfKind, query: OfKind): string {
  if (!query.value) return path.value;
  return path.value + (path.value.includes("?") ? "&" : "?") + query.value;
}

/** The replacements of the words in capital letters. */
const known: Record<string, string> = { KEY, MISSING: "5c2d4a86-0b5e-4c1f-8a57-0f3f6c0e9d11" };

beforeAll(async () => {
  // A minute ahead, no alarm runs before the tests end, and no sign-in's last visit is written again.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  captureLog();
  const ada = await new Browser().signIn("ada");
  const bob = await new Browser().signIn("bob");
  known.OWN = await ada.create();
  await ada.post(`/session/${known.OWN}`, { intent: "send", key: crypto.randomUUID(), text: "Hi" });
  known.ARCHIVED = await ada.create();
  await ada.post("/dashboard", { intent: `archive:${known.ARCHIVED}` });
  known.FLASH = ada.cookies.get("ship_flash") ?? "";
  known.AUTH = ada.cookies.get("ship_auth") ?? "";
  known.BOBS = await bob.create("remix-run", SECRET);
  await sessionObject(env, known.BOBS).append("local:bob", freshMessage(SECRET));
  for (const id of [known.OWN, known.ARCHIVED, known.BOBS]) await settle(id);
  return () => vi.useRealTimers();
});

test.each([
  ["reading what is or is not there", reading, 1000],
  ["sending what makes no sense", nonsense, 1000],
  ["sending from elsewhere", foreign, 200],
])(
  "%s is answered below 500, and changes nothing",
  async (_, requests, numRuns) => {
    const before = await everythingStored();
    let { tables } = before;
    const property = fc.asyncProperty(requests, async (hostile) => {
      const tablesBefore = tables;
      const answer = await ask(requestOf(hostile));
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers.has("Content-Security-Policy")).toBe(true);
      expect(await answer.text()).not.toContain(SECRET);
      tables = await rowsStored();
      expect(tables).toEqual(tablesBefore);
    });
    await fc.assert(property, { numRuns, asyncReporter: report });
    expect(await everythingStored()).toEqual(before);
  },
  60_000,
);

function requestOf({ method, path, headers, body }: Hostile): Request {
  const fill = (text: string) =>
    text.replace(/KEY|MISSING|OWN|ARCHIVED|FLASH|AUTH|BOBS/g, (word) => known[word] ?? "");
  const filled = Object.entries(headers).map(([name, value]) => [name, fill(value)]);
  return new Request(ORIGIN + fill(path), {
    method,
    headers: [["Host", new URL(ORIGIN).host], ...filled] as [string, string][],
    ...(body !== undefined && {
      body: Uint8Array.from(fill(body), (character) => character.charCodeAt(0)),
    }),
  });
}

/** Reports the failing request, shortened, and the seed that repeats it. */
function report(run: fc.RunDetails<[Hostile]>): Promise<void> {
  if (!run.failed) return Promise.resolve();
  const readable = JSON.stringify(run.counterexample?.[0], undefined, 2).replace(
    /(.)\1{100,}/g,
    (repeated, character) => `${character}… (${repeated.length} times)`,
  );
  const again = `{ seed: ${run.seed}, path: "${run.counterexamplePath}" }`;
  throw new Error(`${String(run.errorInstance)}\n${readable}\nAgain by ${again}`);
}

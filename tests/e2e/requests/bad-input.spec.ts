import { randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import type { APIResponse } from "playwright/test";
import type { Client } from "../../support/client";
import { expect, requestTest as test } from "../../support/test";

type Form = Record<string, string>;
type Sent = NonNullable<Parameters<Client["request"]["post"]>[1]>;

/** @returns what must not change of a person's sessions: their ids, status and messages */
async function everything(ship: Client) {
  const seen: unknown[] = [];
  for (const status of ["active", "archived"] as const) {
    for (const id of await ship.list(status)) {
      const page = await (await ship.request.get(`/session/${id}`)).text();
      seen.push({ id, status, messages: /\d+ messages?\b|no messages/.exec(page)?.[0] });
    }
  }
  return seen;
}

/** Expects a refusal as a readable page. */
function expectRefusal(answer: { status: number; type: string; body: string }, about: string) {
  expect(answer.status, about).toBeGreaterThanOrEqual(400);
  expect(answer.status, about).toBeLessThan(500);
  expect(answer.type, about).toContain("text/html");
  expect(answer.body, about).toMatch(/<h1[^>]*>[^<]+<|role="alert"|aria-invalid="true"/);
}

async function read(answer: APIResponse) {
  const type = answer.headers()["content-type"] ?? "";
  return { status: answer.status(), type, body: await answer.text() };
}

/** The forms of Ship's pages, each filled in validly. */
const FORMS: Record<string, (id: string) => { path: string; form: Form }> = {
  create: () => ({
    path: "/dashboard/new",
    form: { key: randomUUID(), repoOwner: "octo", repoName: "cat" },
  }),
  send: (id) => ({
    path: `/session/${id}`,
    form: { intent: "send", key: randomUUID(), text: "Hello" },
  }),
  "archive on the list": (id) => ({ path: "/dashboard", form: { intent: `archive:${id}` } }),
  "archive on its page": (id) => ({ path: `/session/${id}`, form: { intent: `archive:${id}` } }),
  delete: (id) => ({ path: `/dashboard/delete?id=${id}`, form: {} }),
};

const FORM_TYPE = "application/x-www-form-urlencoded";
const BOUNDARY = "----boundary";
const MULTIPART = `multipart/form-data; boundary=${BOUNDARY}`;

/** Ways of sending a form that no page of Ship uses, and the status of the response. */
const WRONG_SENDINGS: Record<string, { status: number; sent: (form: Form) => Sent }> = {
  "a body of 1 MB": {
    status: 413,
    sent: (form) => ({ form: { ...form, text: "a".repeat(1_000_000) } }),
  },
  "JSON instead of a form": {
    status: 415,
    sent: (form) => ({
      data: JSON.stringify(form),
      headers: { "Content-Type": "application/json" },
    }),
  },
  "a body of no type": {
    status: 415,
    sent: (form) => ({
      data: new URLSearchParams(form).toString(),
      headers: { "Content-Type": "text/plain" },
    }),
  },
  "a multipart form cut short": {
    status: 415,
    sent: () => ({
      data: `--${BOUNDARY}\r\nContent-Disposition: form-data; name="intent"\r\n\r\nse`,
      headers: { "Content-Type": MULTIPART },
    }),
  },
  "every field twice": {
    status: 400,
    sent: (form) => ({
      data: `${new URLSearchParams({ ...form, more: "1" })}&${new URLSearchParams({ ...form, more: "1" })}`,
      headers: { "Content-Type": FORM_TYPE },
    }),
  },
  "a file in a field": {
    status: 400,
    sent: (form) => ({
      multipart: {
        ...form,
        text: { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") },
      },
    }),
  },
};

for (const [action, fill] of Object.entries(FORMS)) {
  for (const [sending, { status, sent }] of Object.entries(WRONG_SENDINGS)) {
    test(`${action}: ${sending} is refused, and changes nothing`, async ({ ship }) => {
      const id = await ship.create("octo/cat");
      await ship.send(id, "Hello");
      const before = await everything(ship);

      const { path, form } = fill(id);
      const { headers, ...body } = sent(form);
      const answer = await read(
        await ship.request.post(path, {
          ...body,
          headers: { Origin: ship.origin, ...headers },
          maxRedirects: 0,
        }),
      );

      expectRefusal(answer, sending);
      expect(answer.status).toBe(status);
      expect(await everything(ship)).toEqual(before);
    });
  }

  test(`${action}: what comes from elsewhere is refused, and changes nothing`, async ({ ship }) => {
    const id = await ship.create("octo/cat");
    const before = await everything(ship);

    for (const origin of [
      "https://evil.example",
      "null",
      "http://127.0.0.1",
      `${ship.origin}.evil.example`,
      undefined,
    ]) {
      const { path, form } = fill(id);
      const headers = { ...(origin && { Origin: origin }), "X-Forwarded-Host": "evil.example" };
      const answer = await read(await ship.request.post(path, { form, headers, maxRedirects: 0 }));
      expectRefusal(answer, String(origin));
      expect(answer.status, String(origin)).toBe(403);
    }

    expect(await everything(ship)).toEqual(before);
  });

  test(`${action}: 1 MB sent without saying how much is refused, and changes nothing`, async ({
    ship,
  }) => {
    const id = await ship.create("octo/cat");
    const before = await everything(ship);
    const { path, form } = fill(id);

    const answer = await postChunked(ship, path, { ...form, text: "a".repeat(1_000_000) });

    expectRefusal(answer, "chunked");
    expect(answer.status).toBe(413);
    expect(await everything(ship)).toEqual(before);
  });
}

const OWNERS = [
  "",
  "   ",
  "a".repeat(40),
  "-a",
  "a_",
  "a.b",
  "..",
  "octo/..",
  "octo/cat/dog",
  "https://github.com/octo",
  "https://github.com/oc.to/cat",
  "https://gitlab.com/octo/cat",
  "git@gitlab.com:octo/cat.git",
  "🚀",
  "قط",
  "\u202Eocto",
  "oc\0to",
  "oc\nto",
  "octo'; DROP TABLE sessions; --",
  "<script>",
  "ｏｃｔｏ",
];

const NAMES = [
  "",
  "   ",
  "a".repeat(101),
  ".",
  "..",
  "x.git",
  "x.GIT",
  "octo/c@t",
  "/",
  "\\",
  "https://gitlab.com/octo/cat",
  "🚀",
  "قط",
  "\u202Ecat",
  "c\0at",
  "c\nat",
  "c at",
  "cat'; DROP TABLE sessions; --",
  "<script>",
];

test("create: no wrong owner or name makes a session", async ({ ship }) => {
  const wrong = [
    ...OWNERS.map((repoOwner) => ({ repoOwner, repoName: "cat" })),
    ...NAMES.map((repoName) => ({ repoOwner: "octo", repoName })),
  ];
  for (const repository of wrong) {
    const answer = await read(
      await ship.post("/dashboard/new", { key: randomUUID(), ...repository }),
    );
    expectRefusal(answer, JSON.stringify(repository));
    expect(answer.status, JSON.stringify(repository)).toBe(400);
    expect(answer.body, JSON.stringify(repository)).toContain('aria-invalid="true"');
  }
  expect(await ship.list()).toEqual([]);
});

test("create: the longest and oddest names that GitHub allows do make one", async ({ ship }) => {
  for (const repository of [
    `${"a".repeat(39)}/${"n".repeat(100)}`,
    "a/b",
    "a-b-c/-",
    "A1/.github",
    "a/...",
    "a/git",
    "a/_.-",
  ]) {
    await expect(await ship.sendCreateForm(repository)).toBeOK();
  }
  expect(await ship.list()).toHaveLength(7);
});

test("create: a form with fields missing makes no session", async ({ ship }) => {
  const whole = { key: randomUUID(), repoOwner: "octo", repoName: "cat" };
  for (const missing of Object.keys(whole)) {
    const form = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== missing));
    expectRefusal(await read(await ship.post("/dashboard/new", form)), missing);
  }
  expectRefusal(await read(await ship.post("/dashboard/new")), "all of them");
  expect(await ship.list()).toEqual([]);
});

test("create: bad percent-encoding makes no session", async ({ ship }) => {
  for (const data of [
    `key=${randomUUID()}&repoOwner=%zz&repoName=cat`,
    `key=${randomUUID()}&repoOwner=octo&repoName=%`,
    `key=${randomUUID()}&repoOwner=octo&repoName=%ff%fe`,
    "%",
    "&&&===",
  ]) {
    const headers = { Origin: ship.origin, "Content-Type": FORM_TYPE };
    const answer = await ship.request.post("/dashboard/new", { data, headers, maxRedirects: 0 });
    expectRefusal(await read(answer), data);
  }
  expect(await ship.list()).toEqual([]);
});

test("send: a message without text or proper key is not sent", async ({ ship }) => {
  const id = await ship.create("octo/cat");
  const before = await everything(ship);
  const key = randomUUID();
  for (const form of [
    { intent: "send" },
    { intent: "send", key },
    { intent: "send", key, text: "" },
    { intent: "send", key, text: " \n\t " },
    { intent: "send", key, text: "a".repeat(32 * 1024 + 1) },
    { intent: "send", text: "Hello" },
    { intent: "send", key: "1", text: "Hello" },
    { key, text: "Hello" },
    { intent: "shout", key, text: "Hello" },
  ] as Form[]) {
    const answer = await read(await ship.post(`/session/${id}`, form));
    expectRefusal(answer, JSON.stringify(form).slice(0, 80));
    expect(answer.status).toBe(400);
  }
  expect(await everything(ship)).toEqual(before);
});

test("status change: an unknown intent is refused, and changes nothing", async ({ ship }) => {
  const id = await ship.create("octo/cat");
  const before = await everything(ship);
  for (const path of ["/dashboard", `/session/${id}`]) {
    for (const intent of [
      "",
      "archive",
      `Archive:${id}`,
      `delete:${id}`,
      `archive:`,
      "archive:1",
      `archive:${id}:${id}`,
      `archive:${id}\0`,
      "archive:../../etc/passwd",
      `constructor:${id}`,
    ]) {
      expectRefusal(await read(await ship.post(path, { intent })), JSON.stringify(intent));
    }
    expectRefusal(await read(await ship.post(path)), "no intent");
  }
  expect(await everything(ship)).toEqual(before);
});

test("an id that is no UUID, or no session's, or someone else's is refused alike", async ({
  ship,
  someoneElse,
}) => {
  const foreign = await someoneElse.create("octo/cat");
  await someoneElse.send(foreign, "Hello");
  const before = await everything(someoneElse);

  const bodies = new Set<string>();
  for (const id of ["1", "%00", "🚀", "a".repeat(2000), randomUUID(), foreign]) {
    for (const fill of [FORMS.send, FORMS["archive on the list"], FORMS.delete]) {
      const { path, form } = fill?.(id) ?? { path: "", form: {} };
      const answer = await read(await ship.post(path, form));
      expectRefusal(answer, path);
      expect(answer.status, path).toBe(404);
    }
    const answer = await read(await ship.request.get(`/session/${id}`));
    expect(answer.status).toBe(404);
    bodies.add(/<main.*<\/main>/s.exec(answer.body)?.[0].replace(/<[^>]*>/g, " ") ?? "");
  }

  expect(bodies.size).toBe(1);
  expect(await everything(someoneElse)).toEqual(before);
  expect(await ship.list()).toEqual([]);
});

test("delete: without an id, or with one twice, deletes nothing", async ({ ship }) => {
  const id = await ship.create("octo/cat");
  for (const query of ["", "?id=", "?id", `?id=${id}x`, `?ID=${id}`]) {
    expectRefusal(await read(await ship.post(`/dashboard/delete${query}`)), query);
  }
  expect(await ship.list()).toEqual([id]);
});

for (const path of [
  "/session/%E0%A4%A",
  "/%E0%A4%A",
  "/%",
  "/dashboard?status=%zz",
  "/dashboard?cursor=%zz",
  "/dashboard/delete?id=%zz",
  "/dashboard/../../etc/passwd",
  "/.env",
  "/dashboard/%00",
]) {
  test(`the address ${path} is answered readably`, async ({ ship }) => {
    expectRefusal(await getExactly(ship, path), path);
  });
}

interface RawAnswer {
  status: number;
  type: string;
  body: string;
}

/** Sends a form in chunks, without a Content-Length. */
function postChunked(ship: Client, path: string, form: Form): Promise<RawAnswer> {
  const headers = { "Content-Type": FORM_TYPE, "Transfer-Encoding": "chunked" };
  return raw(ship, "POST", path, headers, new URLSearchParams(form).toString());
}

/** Requests a path exactly as written; other clients would normalize it. */
function getExactly(ship: Client, path: string): Promise<RawAnswer> {
  return raw(ship, "GET", path, {});
}

async function raw(
  ship: Client,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<RawAnswer> {
  const { cookies } = await ship.request.storageState();
  const Cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const { hostname, port } = new URL(ship.origin);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { hostname, port, method, path, headers: { Origin: ship.origin, Cookie, ...headers } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (text += chunk));
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            type: answer.headers["content-type"] ?? "",
            body: text,
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

import { describe, expect, test } from "vitest";
import * as z from "zod/mini";
import { checkFields, readForm, readFormWithList } from "../../app/platform/http/form.server";
import { thrownBy } from "./support";

const URLENCODED = "application/x-www-form-urlencoded";

describe("reading a form", () => {
  test.each<[string, RequestInit["body"]]>([
    ["urlencoded", new URLSearchParams({ owner: " remix-run ", text: "a&b=c 🚀\0" })],
    [
      "multipart",
      formData([
        ["owner", " remix-run "],
        ["text", "a&b=c 🚀\0"],
      ]),
    ],
  ])("gives each field as it was typed: %s", async (_, body) => {
    expect(await readForm(post(body))).toEqual({ owner: " remix-run ", text: "a&b=c 🚀\0" });
  });

  test("that has no field gives none", async () => {
    expect(await readForm(post("", URLENCODED))).toEqual({});
  });

  test.each<[string, RequestInit["body"], string | undefined]>([
    ["JSON", `{"owner":"remix-run"}`, "application/json"],
    ["plain text", "owner=remix-run", "text/plain"],
    ["something unnamed", new Uint8Array([1, 2, 3]), undefined],
    ["a multipart form without a boundary", "--x\r\n", "multipart/form-data"],
    ["a multipart form that breaks off", "--x\r\nContent-Dis", "multipart/form-data; boundary=x"],
    ["nothing", null, undefined],
  ])("is refused where it is %s", async (_, body, type) => {
    const answer = await thrownBy(() => readForm(post(body, type)));
    expect(answer.status).toBe(415);
    expect(await answer.text()).toBe("Ship takes what is sent as a form only.");
  });

  test.each<[string, RequestInit["body"]]>([
    ["comes twice", new URLSearchParams("owner=a&name=b&owner=a")],
    ["comes twice, empty at first", new URLSearchParams("owner=&owner=a")],
    ["is a file", formData([["owner", new File(["a"], "a.txt")]])],
  ])("is refused, by its name, where a field %s", async (_, body) => {
    const answer = await thrownBy(() => readForm(post(body)));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe("The form has an unexpected “owner”.");
  });

  test("gives the values of the one field that may come more than once, in order", async () => {
    const form = "id=a&intent=archive-selected&id=b&id=a";
    expect(await readFormWithList(post(new URLSearchParams(form)), "id")).toEqual({
      fields: { intent: "archive-selected" },
      list: ["a", "b", "a"],
    });
    const twice = post(new URLSearchParams("id=a&intent=a&intent=b"));
    expect((await thrownBy(() => readFormWithList(twice, "id"))).status).toBe(400);
  });

  test("takes a field called like a part of every object as any other", async () => {
    const { constructor: field } = await readForm(post(new URLSearchParams("constructor=a")));
    expect(field).toBe("a");
  });
});

describe("checking fields", () => {
  const schema = z.object({
    name: z
      .string("Enter a name.")
      .check(z.trim(), z.minLength(3, "Too short."), z.regex(/^[a-z]*$/, "Odd.")),
    key: z.string("Enter a key."),
  });

  test("gives what is right in its proper form, and leaves out what was not asked for", () => {
    expect(checkFields(schema, { name: " ada ", key: "1", intent: "x" })).toEqual({
      values: { name: "ada", key: "1" },
    });
  });

  test("tells the first thing that is wrong with each field, and what was typed", () => {
    const typed = { name: " A ", intent: "x" };
    expect(checkFields(schema, typed)).toEqual({
      errors: { name: "Too short.", key: "Enter a key." },
      typed,
    });
  });
});

function formData(fields: [string, string | File][]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

function post(body: RequestInit["body"], type?: string): Request {
  const headers = type ? { "Content-Type": type } : undefined;
  return new Request("http://localhost:8788/dashboard", { method: "POST", body, headers });
}

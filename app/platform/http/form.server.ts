import type { output, ZodMiniObject } from "zod/mini";

/** What a person typed, by field. */
export type Fields = Record<string, string>;

/** The submitted values if they are right; otherwise what is wrong with each field, and what was typed. */
export type Checked<Schema extends ZodMiniObject> =
  | { values: output<Schema>; errors?: undefined }
  | { values?: undefined; errors: { [Field in keyof output<Schema>]?: string }; typed: Fields };

/**
 * Reads a submitted form.
 *
 * @throws a 400 or 415 Response with a message where it is no form, or has a field twice or a file in it
 */
export async function readForm(request: Request): Promise<Fields> {
  return (await readFormWithList(request, undefined)).fields;
}

/**
 * Reads a submitted form, of which one field may come any number of times.
 *
 * @param listed the name of that field
 * @returns its values apart from the other fields
 * @throws what `readForm` throws
 */
export async function readFormWithList(
  request: Request,
  listed: string | undefined,
): Promise<{ fields: Fields; list: string[] }> {
  const form = await parseForm(request).catch(() => {
    throw new Response("Ship takes what is sent as a form only.", { status: 415 });
  });
  const fields: Fields = {};
  const list: string[] = [];
  for (const [name, value] of form) {
    if (typeof value !== "string" || Object.hasOwn(fields, name)) {
      throw new Response(`The form has an unexpected “${name}”.`, { status: 400 });
    }
    if (name === listed) list.push(value);
    else fields[name] = value;
  }
  return { fields, list };
}

/** By the URL Standard where it can be: workerd's own reading of forms drops a “%” that stands for itself. */
async function parseForm(request: Request): Promise<URLSearchParams | FormData> {
  const [type] = (request.headers.get("Content-Type") ?? "").split(";");
  const urlencoded = type?.trim().toLowerCase() === "application/x-www-form-urlencoded";
  return urlencoded ? new URLSearchParams(await request.text()) : request.formData();
}

/** Checks a form's fields against a schema; each field's first error is the one told. */
export function checkFields<Schema extends ZodMiniObject>(
  schema: Schema,
  typed: Fields,
): Checked<Schema> {
  const parsed = schema.safeParse(typed);
  if (parsed.success) return { values: parsed.data };
  const errors: Record<string, string> = {};
  for (const issue of parsed.error.issues) errors[String(issue.path[0])] ??= issue.message;
  return { errors: errors, typed };
}

import type { output, ZodMiniObject } from "zod/mini";

/** The submitted values of a form as strings, by field name. */
export type Fields = Record<string, string>;

/** The parsed values if they are valid; otherwise an error message for each invalid field, and the submitted values. */
export type Checked<Schema extends ZodMiniObject> =
  | { values: output<Schema>; errors?: undefined }
  | { values?: undefined; errors: { [Field in keyof output<Schema>]?: string }; typed: Fields };

/**
 * Reads a submitted form.
 *
 * @throws a 415 Response if the body is not a form; a 400 Response if it has a field twice, or a file
 */
export async function readForm(request: Request): Promise<Fields> {
  return (await readFormWithList(request, undefined)).fields;
}

/**
 * Reads a submitted form in which one field may occur any number of times, such as a checkbox for each row.
 *
 * @param listed the name of that field
 * @returns `list` has the values of that field, `fields` all other fields
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

/** Parses URL-encoded forms with `URLSearchParams`, because workerd's `formData()` drops an unescaped “%” from them. */
async function parseForm(request: Request): Promise<URLSearchParams | FormData> {
  const [type] = (request.headers.get("Content-Type") ?? "").split(";");
  const urlencoded = type?.trim().toLowerCase() === "application/x-www-form-urlencoded";
  return urlencoded ? new URLSearchParams(await request.text()) : request.formData();
}

/** Checks a form's fields against a schema and reports the first error of each field. */
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

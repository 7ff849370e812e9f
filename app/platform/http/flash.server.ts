import {
  redirect,
  type AppLoadContext,
  type Cookie,
  type TypedResponse,
} from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { readCookie, serializeFitting, signedCookie } from "./cookies.server";

const flashSchema = z.object({
  text: z.string(),
  /** Shows an Undo button, which posts `intent` to the path `action`. */
  undo: z.optional(z.object({ action: z.string(), intent: z.string() })),
});

/** The message of an action, shown once on the next page. */
export type Flash = z.infer<typeof flashSchema>;

/** A text of this many characters fits into a cookie, even if each of them takes several bytes. */
const TEXT_LENGTH = 300;

/**
 * Redirects to `path`, which then shows this message. If the message is too long for a cookie, its Undo is dropped, and
 * then its text is cut.
 *
 * @returns the redirect, with the message in a cookie that lasts for a minute
 */
export async function redirectWithFlash(
  request: Request,
  context: AppLoadContext,
  path: string,
  flash: Flash,
): Promise<TypedResponse<never>> {
  const { text } = flash;
  const cut = { text: `${text.slice(0, TEXT_LENGTH)}…` };
  const cookie = await serializeFitting(flashCookie(request, context), [flash, { text }, cut]);
  return redirect(path, { headers: { "Set-Cookie": cookie } });
}

/**
 * Reads the message that the last action left, if any.
 *
 * For a document request, the returned headers delete the cookie. For a data request, the page deletes it by writing
 * `clear` to `document.cookie` once the message is shown: Remix's router may abort the request that brought the message
 * and send it again, and the second one must get the message too.
 */
export async function readFlash(
  request: Request,
  context: AppLoadContext,
): Promise<{ flash: (Flash & { clear?: string }) | null; headers: HeadersInit }> {
  const cookie = flashCookie(request, context);
  const parsed = flashSchema.safeParse(await readCookie(request, cookie));
  if (!parsed.success) return { flash: null, headers: {} };
  const clear = await cookie.serialize("", { maxAge: 0 });
  const isDocument = request.headers.get("Accept")?.includes("text/html");
  return isDocument
    ? { flash: parsed.data, headers: { "Set-Cookie": clear } }
    : { flash: { ...parsed.data, clear }, headers: {} };
}

function flashCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("flash", request, context, { httpOnly: false, maxAge: 60 });
}

import {
  redirect,
  type AppLoadContext,
  type Cookie,
  type TypedResponse,
} from "@remix-run/cloudflare";
import { readCookie, serializeFitting, signedCookie } from "./cookies.server";

/** What an action has to say on the next page, once. */
export interface Flash {
  text: string;
  /** Offers to take it back: a form that posts `intent` to the path `action`. */
  undo?: { action: string; intent: string };
}

/** A text of so many characters fits into a cookie, whatever they are. */
const TEXT_LENGTH = 300;

/** Answers an action: go to `path`, and say this there; what is too long for a cookie is said without Undo, and cut. */
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

/** @returns what the last action had to say, and the headers that make it be said only once */
export async function takeFlash(
  request: Request,
  context: AppLoadContext,
): Promise<{ flash: Flash | null; headers: HeadersInit }> {
  const cookie = flashCookie(request, context);
  const flash = (await readCookie(request, cookie)) as Flash | null;
  if (!flash) return { flash: null, headers: {} };
  return { flash, headers: { "Set-Cookie": await cookie.serialize("", { maxAge: 0 }) } };
}

function flashCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("flash", request, context, { maxAge: 60 });
}

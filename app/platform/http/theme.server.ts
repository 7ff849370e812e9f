import { createCookie, redirect, type TypedResponse } from "@remix-run/cloudflare";

const THEMES = ["light", "dark"] as const;

/** The colours that a person chose for this browser; where they chose none, the system decides. */
type Theme = (typeof THEMES)[number];

/** Not signed: a value that nobody chose here is no theme. */
const cookie = createCookie("ship_theme", {
  httpOnly: true,
  maxAge: 365 * 24 * 60 * 60,
  path: "/",
  sameSite: "lax",
});

/** @returns null where the system decides */
export async function readTheme(request: Request): Promise<Theme | null> {
  return parseTheme(await cookie.parse(request.headers.get("Cookie")));
}

/**
 * Answers the form that chooses a theme: goes back to `path`.
 *
 * @param value "light" or "dark"; anything else leaves it to the system
 */
export async function chooseTheme(value: string, path: string): Promise<TypedResponse<never>> {
  const theme = parseTheme(value);
  const chosen = await cookie.serialize(theme ?? "", theme ? {} : { maxAge: 0 });
  return redirect(path, { headers: { "Set-Cookie": chosen } });
}

function parseTheme(value: unknown): Theme | null {
  return THEMES.find((theme) => theme === value) ?? null;
}

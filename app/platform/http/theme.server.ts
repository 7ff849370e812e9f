import { createCookie, redirect, type TypedResponse } from "@remix-run/cloudflare";

const THEMES = ["light", "dark"] as const;

/** The colour theme that a person chose in this browser; without a choice, the system's theme applies. */
type Theme = (typeof THEMES)[number];

/** Not signed, because any value other than a known theme is ignored. */
const cookie = createCookie("ship_theme", {
  httpOnly: true,
  maxAge: 365 * 24 * 60 * 60,
  path: "/",
  sameSite: "lax",
});

/** @returns the chosen theme; null for the system's theme */
export async function readTheme(request: Request): Promise<Theme | null> {
  return parseTheme(await cookie.parse(request.headers.get("Cookie")));
}

/**
 * Stores the chosen theme in a cookie and redirects to `path`.
 *
 * @param value "light" or "dark"; anything else means the system's theme
 */
export async function chooseTheme(value: string, path: string): Promise<TypedResponse<never>> {
  const theme = parseTheme(value);
  const chosen = await cookie.serialize(theme ?? "", theme ? {} : { maxAge: 0 });
  return redirect(path, { headers: { "Set-Cookie": chosen } });
}

function parseTheme(value: unknown): Theme | null {
  return THEMES.find((theme) => theme === value) ?? null;
}

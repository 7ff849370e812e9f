/** Random tokens, of which only the hash is kept. */

/** @returns 256 random bits in hexadecimal */
export function randomToken(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(32)));
}

/** @returns the SHA-256 of a token, in hexadecimal: enough to know it again, not to make it up */
export async function hashToken(token: string): Promise<string> {
  const bytes = new TextEncoder().encode(token);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

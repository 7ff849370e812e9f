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

/**
 * The id of what a person asks for: the same of the same person and the same words, and of no other, so that a form sent
 * twice means one thing.
 *
 * @returns a UUID
 */
export async function derivedId(userId: string, words: string): Promise<string> {
  const name = new TextEncoder().encode(`${userId}\n${words}`);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", name)).slice(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80; // version 8 and variant of RFC 9562: a UUID of the application's own making
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

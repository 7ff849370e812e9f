/** Random tokens and ids. Ship stores only the hash of a token. */

/** @returns 256 random bits in hexadecimal */
export function randomToken(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(32)));
}

/** @returns the SHA-256 of a token in hexadecimal, which is stored in its place */
export async function hashToken(token: string): Promise<string> {
  const bytes = new TextEncoder().encode(token);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Derives an id from a person and a text such as a form's idempotency key. The same input always gives the same id, so
 * a form that is sent twice creates one thing.
 *
 * @returns a UUID, version 8 (RFC 9562)
 */
export async function derivedId(userId: string, text: string): Promise<string> {
  const name = new TextEncoder().encode(`${userId}\n${text}`);
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", name)).slice(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80; // Version 8 (custom) and the variant bits of RFC 9562.
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

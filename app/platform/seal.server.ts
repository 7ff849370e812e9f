/** Encryption of secrets at rest, such as GitHub tokens: AES-256-GCM with keys that can be rotated. */

/** One key of TOKEN_KEYS: 32 bytes, and its id, which is stored in front of every text encrypted with it. */
interface SealingKey {
  id: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Parses TOKEN_KEYS.
 *
 * @param keys comma-separated "id:key" pairs; an id has letters, digits, "-" and "_", a key is 32 bytes in base64
 * @returns the keys in order; an empty array if any of them is malformed
 */
export function parseKeys(keys = ""): SealingKey[] {
  const pairs = keys.split(",").map((pair) => pair.trim());
  const parsed = pairs.filter(Boolean).map(parseKey);
  return parsed.every((key) => key !== undefined) ? parsed : [];
}

function parseKey(pair: string): SealingKey | undefined {
  const [, id, key] = /^([\w-]+):([A-Za-z0-9+/]{43}=?)$/.exec(pair) ?? [];
  return id && key ? { id, bytes: fromBase64(key) } : undefined;
}

/**
 * Encrypts a text for one owner.
 *
 * @param keys TOKEN_KEYS, as in `parseKeys`; the first one encrypts
 * @param owner id of the person that the text belongs to; `unseal` returns undefined for any other
 * @returns "keyId.nonce.ciphertext", the last two in base64
 * @throws if there is no key, or any of them is malformed
 */
export async function seal(keys: string | undefined, text: string, owner: string): Promise<string> {
  const [first] = parseKeys(keys);
  if (!first) throw new Error("TOKEN_KEYS is not set, or not right");
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const ciphertext = await crypto.subtle.encrypt(
    algorithm(iv, owner),
    await importKey(first),
    new TextEncoder().encode(text),
  );
  return `${first.id}.${toBase64(iv)}.${toBase64(new Uint8Array(ciphertext))}`;
}

/**
 * Decrypts a text.
 *
 * @param sealed from `seal`
 * @returns the text; undefined if its key is no longer listed, it is damaged, or it was sealed for another owner
 */
export async function unseal(
  keys: string | undefined,
  sealed: string,
  owner: string,
): Promise<string | undefined> {
  const [id, iv, ciphertext] = sealed.split(".");
  const key = parseKeys(keys).find((known) => known.id === id);
  if (!key || !iv || !ciphertext) return undefined;
  try {
    const text = await crypto.subtle.decrypt(
      algorithm(fromBase64(iv), owner),
      await importKey(key),
      fromBase64(ciphertext),
    );
    return new TextDecoder().decode(text);
  } catch {
    return undefined; // Authentication failed: the key, the ciphertext or the owner differs.
  }
}

function algorithm(iv: Uint8Array<ArrayBuffer>, owner: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(owner) };
}

function importKey({ bytes }: SealingKey): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

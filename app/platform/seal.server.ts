/** Encryption of what Ship keeps for others: AES-256-GCM with keys that can be replaced. */

/** One of TOKEN_KEYS: 32 bytes, and the id by which what it sealed names it. */
interface SealingKey {
  id: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * @param keys TOKEN_KEYS: "id:key" pairs, comma-separated; an id has letters, digits, "-" and "_", a key is 32 bytes in base64
 * @returns them in order; none where one of them is not right
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
 * @param keys as `parseKeys` takes them; the first one encrypts
 * @param owner whom the text belongs to: sealed for one person, it opens for nobody else
 * @returns "key id.nonce.ciphertext", the last two in base64
 * @throws where there is no key, or one of them is not right
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
 * @param sealed what `seal` returned
 * @returns the text; undefined where its key is no longer listed, or it is damaged or somebody else's
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
    return undefined; // The tag is wrong: not the key, the text or the owner that it was sealed with.
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

/** Encryption of what Ship keeps for others: AES-256-GCM with keys that can be replaced. */

/**
 * @param keys "id:key" pairs, comma-separated, a key being 32 bytes in base64; the first one encrypts
 * @param owner whom the text belongs to: sealed for one person, it opens for nobody else
 * @returns "key id.nonce.ciphertext", the last two in base64
 * @throws where there is no key
 */
export async function seal(keys: string | undefined, text: string, owner: string): Promise<string> {
  const [first] = parseKeys(keys);
  if (!first) throw new Error("TOKEN_KEYS is not set");
  const [id, key] = first;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const ciphertext = await crypto.subtle.encrypt(
    algorithm(iv, owner),
    await importKey(key),
    new TextEncoder().encode(text),
  );
  return `${id}.${toBase64(iv)}.${toBase64(new Uint8Array(ciphertext))}`;
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
  const key = parseKeys(keys).find(([name]) => name === id)?.[1];
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

function parseKeys(keys = ""): [id: string, key: string][] {
  return keys
    .split(",")
    .filter(Boolean)
    .map((pair) => {
      const colon = pair.indexOf(":");
      return [pair.slice(0, colon), pair.slice(colon + 1)];
    });
}

function algorithm(iv: Uint8Array<ArrayBuffer>, owner: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(owner) };
}

function importKey(key: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", fromBase64(key), "AES-GCM", false, ["encrypt", "decrypt"]);
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

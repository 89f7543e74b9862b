/**
 * Return an Idempotency-Key that nobody else has: 128 random bits.
 *
 * Not `crypto.randomUUID`, which is missing where a page came without https.
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What the server signs about its record of the past, and the proof that one such statement
// continues another: C2SP signed-note and tlog-checkpoint, RFC 9162 section 2.1.4.

type Bytes = Uint8Array<ArrayBuffer>;

/** A text with the signatures below it, not verified. */
export interface Note {
  /** Word for word, as it came. */
  note: string;
  /** The part that is signed. */
  text: string;
  signatures: readonly { name: string; keyId: string; signature: Bytes }[];
}

/** The log is said to have this many entries and this root. */
export interface Checkpoint extends Note {
  origin: string;
  size: number;
  root: string;
}

const NOTE = /^((?:.+\n)+)\n((?:— [^\s+]+ [A-Za-z0-9+/]+=*\n)+)$/;
const CHECKPOINT = /^(.+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:.+\n)*$/;
const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/;
const ED25519 = 1;
const HASH_BYTES = 32;

/** Return the parts of a signed note, or null if it is none. */
export function opened(note: unknown): Note | null {
  const [, text = "", lines = ""] = NOTE.exec(String(note)) ?? [];
  const signatures = [];
  for (const line of lines.trimEnd().split("\n")) {
    const [, name = "", encoded = ""] = line.split(" ");
    const value = bytes(encoded);
    if (!value?.length) {
      return null;
    }
    signatures.push({ name, keyId: hex(value.subarray(0, 4)), signature: value.slice(4) });
  }
  return { note: String(note), text, signatures };
}

/** Return what a checkpoint says, or null if it is none. Whether it is true is not looked at. */
export function parse(note: unknown): Checkpoint | null {
  const found = opened(note);
  const [, origin = "", digits, root = ""] = CHECKPOINT.exec(found?.text ?? "") ?? [];
  const size = Number(digits);
  return found && Number.isSafeInteger(size) ? { ...found, origin, size, root } : null;
}

/**
 * Say whether the holder of a key ("name+id+base64") signed this.
 *
 * Null: there is such a signature, and this browser cannot check it.
 */
export async function signed(note: Note, vkey: string): Promise<boolean | null> {
  const [, name = "", keyId = "", encoded = ""] = VKEY.exec(vkey) ?? [];
  const key = bytes(encoded);
  if (key?.length !== 1 + HASH_BYTES || key[0] !== ED25519) {
    return false;
  }
  for (const one of note.signatures) {
    if (one.name === name && one.keyId === keyId) {
      const found = await verifies(key.slice(1), one.signature, note.text);
      if (found !== false) {
        return found;
      }
    }
  }
  return false;
}

async function verifies(key: Bytes, signature: Bytes, text: string): Promise<boolean | null> {
  const { subtle } = crypto;
  try {
    const imported = await subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await subtle.verify("Ed25519", imported, signature, new TextEncoder().encode(text));
  } catch (error) {
    // Chrome before 137, for example, does not know this algorithm.
    return error instanceof DOMException && error.name === "NotSupportedError" ? null : false;
  }
}

/**
 * Say whether `proof` shows that the log of `old` is the beginning of that of `fresh`.
 *
 * The variables have the names of RFC 9162 section 2.1.4.2. No bit operations: those of JavaScript
 * end at 2**32.
 */
export async function continues(
  old: Checkpoint,
  fresh: Checkpoint,
  proof: readonly unknown[],
): Promise<boolean> {
  if (old.size === 0 || old.size >= fresh.size) {
    return (
      proof.length === 0 && old.size <= fresh.size && (old.size === 0 || old.root === fresh.root)
    );
  }
  const hashes = proof.map((one) => bytes(String(one)));
  let fn = old.size - 1;
  let sn = fresh.size - 1;
  while (fn % 2 === 1) {
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (fn === 0) {
    // A complete old tree is the first node of the proof, and so is left out of it.
    hashes.unshift(bytes(old.root));
  }
  const first = hashes.shift();
  let fr = first;
  let sr = first;
  for (const hash of [first, ...hashes]) {
    if (hash?.length !== HASH_BYTES) {
      return false;
    }
  }
  for (const hash of hashes as Bytes[]) {
    if (sn === 0) {
      return false;
    }
    if (fn % 2 === 1 || fn === sn) {
      fr = await node(hash, fr as Bytes);
      sr = await node(hash, sr as Bytes);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      sr = await node(sr as Bytes, hash);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 && base64(fr as Bytes) === old.root && base64(sr as Bytes) === fresh.root;
}

async function node(left: Bytes, right: Bytes): Promise<Bytes> {
  const both = new Uint8Array([1, ...left, ...right]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", both));
}

function bytes(encoded: string): Bytes | null {
  try {
    const value = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    // atob reads other spellings, too: without padding, with spaces, with bits left over.
    return base64(value) === encoded ? value : null;
  } catch {
    return null;
  }
}

function base64(value: Bytes): string {
  return btoa(String.fromCharCode(...value));
}

function hex(value: Bytes): string {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

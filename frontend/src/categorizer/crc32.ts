/**
 * Rolling CRC-32 (the one of zlib, ISO-HDLC) over the UTF-8 of code points.
 *
 * A state is the register before the final complement, so that the crc of a prefix can be
 * continued by several endings without making a string of any of them.
 */

export const CRC_START = -1;

const TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

function addByte(state: number, byte: number): number {
  return (TABLE[(state ^ byte) & 255] as number) ^ (state >>> 8);
}

/** Continues `state` by the UTF-8 bytes of one code point that is no surrogate. */
export function addCodePoint(state: number, codePoint: number): number {
  if (codePoint < 0x80) {
    return addByte(state, codePoint);
  }
  const last = 0x80 | (codePoint & 63);
  if (codePoint < 0x800) {
    return addByte(addByte(state, 0xc0 | (codePoint >> 6)), last);
  }
  const third = 0x80 | ((codePoint >> 6) & 63);
  if (codePoint < 0x10000) {
    return addByte(addByte(addByte(state, 0xe0 | (codePoint >> 12)), third), last);
  }
  const second = 0x80 | ((codePoint >> 12) & 63);
  const first = addByte(state, 0xf0 | (codePoint >> 18));
  return addByte(addByte(addByte(first, second), third), last);
}

/** Continues `state` by the UTF-8 bytes of a string without lone surrogates. */
export function addText(state: number, text: string): number {
  let result = state;
  for (const character of text) {
    result = addCodePoint(result, character.codePointAt(0) as number);
  }
  return result;
}

/** Continues `state` by bytes. */
export function addBytes(state: number, bytes: Uint8Array): number {
  return bytes.reduce(addByte, state);
}

/** Returns the crc32 of what a state has seen, an unsigned 32-bit integer. */
export function finish(state: number): number {
  return ~state >>> 0;
}

/**
 * A strict reader of the safetensors container: eight bytes with the length of a JSON header,
 * the header, then the tensors without a gap or an overlap. No code runs on load.
 */

/** The bytes are not a model that may serve; the message says why and may be shown. */
export class UnusableModel extends Error {
  override name = "UnusableModel";
}

// The file is little-endian, and so is every processor that runs a browser.
const TYPES = {
  I64: BigInt64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  I8: Int8Array,
};
type TypeName = keyof typeof TYPES;

/** The tensors of a format in file order, each with the types that it may have. */
export type Layout = Readonly<Record<string, readonly TypeName[]>>;

/** What a file of a layout holds. */
export interface Container<L extends Layout> {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tensors: { readonly [Name in keyof L]: InstanceType<(typeof TYPES)[L[Name][number]]> };
}

const HEADER_LIMIT = 100_000_000; // the safetensors library's own limit

/** Returns `value` if it is an object with names, otherwise an object without any. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}

/** Returns `value` if it is a list, otherwise an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Returns the text in UTF-8 bytes, a byte order mark included. Throws UnusableModel. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UnusableModel(`${what} is not UTF-8`);
  }
}

/** Returns the object in a JSON text. Throws UnusableModel. */
export function parseRecord(json: string, what: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(json));
  } catch {
    throw new UnusableModel(`${what} is not JSON`);
  }
}

function headerSize(data: Uint8Array): number {
  if (data.length < 8) {
    throw new UnusableModel("the file is cut off before its header");
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (size > HEADER_LIMIT || 8 + size > data.length) {
    throw new UnusableModel("the file is cut off inside its header");
  }
  return size;
}

/** Returns the tensors and metadata in `data`. Throws UnusableModel. */
export function readSafetensors<L extends Layout>(data: Uint8Array, layout: L): Container<L> {
  const start = 8 + headerSize(data);
  const json = decodeText(data.subarray(8, start), "the header");
  const { __metadata__: metadata, ...header } = parseRecord(json, "the header");
  const tensors: Record<string, unknown> = {};
  let offset = start;
  for (const [name, types] of Object.entries(layout)) {
    const { dtype, shape, data_offsets: offsets } = record(header[name]);
    const type = types.find((each) => each === dtype);
    const [count, ...more] = list(shape);
    if (type === undefined || !isCount(count) || more.length > 0) {
      throw new UnusableModel(`${name} is not one row of ${types.join(" or ")}`);
    }
    const end = offset + count * TYPES[type].BYTES_PER_ELEMENT;
    const [first, last] = list(offsets);
    if (first !== offset - start || last !== end - start || end > data.length) {
      throw new UnusableModel(`${name} is not where the format puts it, or the file is cut off`);
    }
    // A copy, because a view of wide integers has to start at a multiple of their width.
    tensors[name] = new TYPES[type](new Uint8Array(data.subarray(offset, end)).buffer);
    offset = end;
  }
  if (Object.keys(header).length !== Object.keys(layout).length) {
    throw new UnusableModel("the header does not name the specified tensors");
  }
  if (offset !== data.length) {
    throw new UnusableModel("there are bytes behind the last tensor");
  }
  return { metadata: record(metadata), tensors: tensors as Container<L>["tensors"] };
}

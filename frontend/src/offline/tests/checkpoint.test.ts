import { afterEach, expect, test, vi } from "vitest";
import { type Checkpoint, continues, parse, signed } from "../checkpoint.ts";
import vectors from "../vectors/log.json" with { type: "json" };

const { vkeys } = vectors;

function read(note: unknown): Checkpoint {
  const found = parse(note);
  if (found === null) {
    throw new Error(`This is no checkpoint: ${note}`);
  }
  return found;
}

const notes = Object.entries(vectors.notes).map(([size, note]) => [Number(size), note] as const);
const at = (size: number, log: Record<string, string> = vectors.notes) => read(log[size]);
const turned = (text: string) => (text.startsWith("A") ? "B" : "A") + text.slice(1);

afterEach(() => vi.restoreAllMocks());

test("it reads what the program writes", () => {
  for (const [size, note] of notes) {
    expect(read(note)).toMatchObject({ origin: vectors.origin, size, note });
  }
});

test("what is not exactly a checkpoint is none", () => {
  const [, note] = notes[4] ?? [0, ""];
  const [, , root = ""] = note.split("\n");
  for (const wrong of [
    "",
    null,
    undefined,
    {},
    note.slice(0, -1),
    `${note}\n`,
    note.replaceAll("\n", "\r\n"),
    note.replace("\n5\n", "\n05\n"),
    note.replace("\n5\n", "\n-5\n"),
    note.replace("\n5\n", "\n5.0\n"),
    note.replace("\n5\n", "\n9007199254740993\n"),
    note.replace(root, root.slice(4)),
    note.replace("\n\n", "\n"),
    note.replace("— ", "- "),
    note.replace(/— .*\n/, ""),
    note.replace(/=\n$/, "\n"),
    note.replace(/\n$/, "!\n"),
  ]) {
    expect(parse(wrong), String(wrong)).toBeNull();
  }
});

test("further lines of a checkpoint are signed, too", async () => {
  const more = read(vectors.notes["5"].replace("\n\n", "\nmore\n\n"));
  expect(more.text.endsWith("more\n")).toBe(true);
  expect(await signed(more, vkeys.old)).toBe(false);
});

test("only the key that signed is said to have signed", async () => {
  for (const [, note] of notes) {
    expect(await signed(read(note), vkeys.old)).toBe(true);
    expect(await signed(read(note), vkeys.new)).toBe(false);
  }
  for (const key of [vkeys.old, vkeys.new]) {
    expect(await signed(read(vectors.signed_by_both), key)).toBe(true);
  }
  expect(await signed(read(vectors.cosigned), vkeys.old)).toBe(true);
});

test("a witness's key is no key of the log", async () => {
  expect(await signed(read(vectors.cosigned), vkeys.witness)).toBe(false);
});

test("another root, size or origin below the same signature is found out", async () => {
  const note = vectors.notes["9"];
  const root = note.split("\n")[2] ?? "";
  for (const wrong of [
    note.replace("\n9\n", "\n8\n"),
    note.replace(root, turned(root)),
    note.replace(vectors.origin, "another.example/log"),
  ]) {
    expect(await signed(read(wrong), vkeys.old)).toBe(false);
  }
});

test("what is no key signed nothing", async () => {
  for (const key of ["", "x", vkeys.old.slice(0, -8), vkeys.old.replace("+A", "+B")]) {
    expect(await signed(at(5), key), key).toBe(false);
  }
});

test("a browser without Ed25519 says that it does not know", async () => {
  vi.spyOn(crypto.subtle, "importKey").mockRejectedValue(
    new DOMException("Unrecognized name", "NotSupportedError"),
  );
  expect(await signed(at(5), vkeys.old)).toBeNull();
  expect(await signed(at(5), vkeys.new)).toBe(false);
});

test("every log continues each of its beginnings", async () => {
  for (const { from, to, proof } of vectors.proofs) {
    expect(await continues(at(from), at(to), proof), `${from} to ${to}`).toBe(true);
  }
});

test("a proof that is wrong in one place, too short or too long proves nothing", async () => {
  for (const { from, to, proof } of vectors.proofs) {
    const wrong: unknown[][] = [[...proof, proof[0] ?? vectors.proofs[1]?.proof[0]]];
    for (const [place, hash] of proof.entries()) {
      const [before, after] = [proof.slice(0, place), proof.slice(place + 1)];
      wrong.push([...before, ...after]);
      for (const other of [turned(hash), hash.slice(4), null]) {
        wrong.push([...before, other, ...after]);
      }
    }
    for (const one of wrong) {
      expect(await continues(at(from), at(to), one), `${from} to ${to}: ${one}`).toBe(false);
    }
  }
});

test("no log continues a longer one", async () => {
  for (const { from, to, proof } of vectors.proofs.filter((one) => one.from < one.to)) {
    expect(await continues(at(to), at(from), proof)).toBe(false);
    expect(await continues(at(to), at(from), [])).toBe(false);
  }
});

test("a rewritten log does not continue what was signed before", async () => {
  const { rewritten } = vectors;
  let held = 0;
  for (const { from, to, proof } of rewritten.proofs) {
    const fresh = at(to, rewritten.notes);
    // Its own proofs are good, as far as one believes its own beginning.
    expect(await continues(at(from, rewritten.notes), fresh, proof)).toBe(true);
    // The entry number 5 is another one, so that the first five are still the same.
    expect(await continues(at(from), fresh, proof), `${from} to ${to}`).toBe(from <= 5);
    held += Number(from <= 5);
  }
  expect(held).toBeGreaterThan(10);
});

test("sizes beyond 32 bits are no smaller ones", async () => {
  const huge = 2 ** 40;
  const grown = (size: number) => ({ ...at(5), size });
  expect(await continues(grown(huge + 1), grown(huge + 3), [])).toBe(false);
  const one = at(1);
  // One leaf, and the way of a single leaf up a tree of 2**40: forty hashes, each on the right.
  const proof: string[] = [];
  let root = Buffer.from(one.root, "base64");
  for (let height = 0; height < 40; height += 1) {
    proof.push(one.root);
    const both = new Uint8Array([1, ...root, ...Buffer.from(one.root, "base64")]);
    root = Buffer.from(await crypto.subtle.digest("SHA-256", both));
  }
  const fresh = { ...one, size: huge, root: root.toString("base64") };
  expect(await continues(one, fresh, proof)).toBe(true);
  expect(await continues(one, { ...fresh, size: 2 ** 8 }, proof)).toBe(false);
});

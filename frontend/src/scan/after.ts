// What follows from a scan: which product is shown, and what is said about it.
import type { ProductRef } from "../offline/changes.ts";
import { newPath, refPath, routeOf } from "../tablet/router.ts";
import { type Goods, read, type Scanned, shortGtin } from "./normalize.ts";

/** What a product is found by here. */
export interface Known {
  ref: ProductRef;
  product: { name: string };
}

/** The tablet, as far as a scan needs it. */
export interface World {
  /** The address of the screen that is shown. */
  here: string;
  now: Date;
  mayAdd: boolean;
  /** Return the product with exactly this SKU or GTIN, on this tablet or from the server. */
  find: (codes: readonly string[]) => Promise<Known | undefined>;
}

export interface Outcome {
  /** Full sentences. */
  say: string;
  isFault: boolean;
  /** Where to go; null: stay. */
  go: string | null;
}

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );

function day(iso: string): string {
  const [year, month, day] = iso.split("-").map(Number);
  return `${day} ${MONTHS[(month ?? 1) - 1]} ${year}`;
}

/** Return the day of a moment where the person is. */
function today(now: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Say what a label tells beyond the product. */
function details({ batch, expires, serial, content }: Goods, now: Date): string {
  const said = [
    content && "The label is on a logistic unit that contains this product.",
    batch && `Batch ${batch}.`,
    serial && `Serial number ${serial}.`,
    expires && `${expires < today(now) ? "It expired" : "Expires"} on ${day(expires)}.`,
  ];
  return said.filter(Boolean).join(" ");
}

const stay = (say: string, isFault = false): Outcome => ({ say, isFault, go: null });

/** Say what follows from a scan. */
export async function outcome(text: string, world: World): Promise<Outcome> {
  const { now, here } = world;
  const scanned = read(text, now.getFullYear());
  if (scanned.kind === "sscc") {
    return stay(
      `This is a logistic unit (SSCC ${scanned.sscc}), not a product. Scan a product in it.`,
      true,
    );
  }
  const found = await world.find(codesOf(scanned));
  if (found === undefined && scanned.kind === "bad") {
    return stay(scanned.why, true);
  }
  const more = scanned.kind === "gtin" ? details(scanned, now) : "";
  const code = scanned.kind === "gtin" ? shortGtin(scanned.gtin) : scanned.text;
  if (found === undefined && !world.mayAdd) {
    return stay(`No product has the code ${code}. ${more}`.trim(), true);
  }
  const name = found === undefined ? code : found.product.name;
  const path = found === undefined ? newPath(code) : refPath(found.ref);
  if (path === here) {
    return stay(`Scanned twice: ${name}. ${more}`.trim());
  }
  const told = found === undefined ? `No product has the code ${code} yet.` : `Scanned: ${name}.`;
  const { name: screen } = routeOf(here);
  const left = screen === "edit" || screen === "new" ? "What you typed before is kept." : "";
  return { say: [told, more, left].filter(Boolean).join(" "), isFault: false, go: path };
}

/** Return what a product may be known by. A SKU may look like anything, also like a wrong GTIN. */
function codesOf(scanned: Scanned): string[] {
  return scanned.kind === "gtin" ? [scanned.text, scanned.gtin] : [scanned.text];
}

/** Return what a field that asks for a code gets; null: nothing, with the reason in `why`. */
export function codeFor(text: string, now: Date): { code: string } | { why: string } {
  const scanned = read(text, now.getFullYear());
  switch (scanned.kind) {
    case "gtin":
      return { code: shortGtin(scanned.gtin) };
    case "code":
      return { code: scanned.code };
    case "sscc":
      return { why: "This is the number of a logistic unit, not of a product." };
    case "bad":
      return { why: scanned.why };
  }
}

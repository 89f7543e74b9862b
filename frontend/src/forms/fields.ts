// What can be typed about a product, and how it is read. Values are texts, as the inputs hold them.
import type { Product } from "../api/types.ts";
import { read, shortGtin } from "../scan/normalize.ts";
import { gtinFault } from "../ui/gtin.ts";

export type Name =
  | "name"
  | "description"
  | "brand"
  | "sku"
  | "gtin"
  | "width_mm"
  | "height_mm"
  | "depth_mm"
  | "weight_g"
  | "price"
  | "category";
export type Values = Record<Name, string>;
export type Faults = Partial<Record<Name, string>>;

export interface Field {
  label: string;
  kind: "text" | "area" | "gtin" | "whole" | "money" | "category";
  /** The most characters of a text, or the largest number. */
  most: number;
  unit?: string;
  isNeeded?: boolean;
  hint?: string;
}

// The limits are those of the server, which has the last word.
const LONGEST_MM = 100_000;

export const FIELDS: Record<Name, Field> = {
  name: { label: "Name", kind: "text", most: 500, isNeeded: true },
  description: { label: "Description", kind: "area", most: 20_000 },
  brand: { label: "Brand", kind: "text", most: 2000 },
  sku: { label: "SKU", kind: "text", most: 64, isNeeded: true, hint: "No two products share one." },
  gtin: { label: "GTIN", kind: "gtin", most: 14, hint: "The number under the bar code." },
  width_mm: { label: "Width", kind: "whole", most: LONGEST_MM, unit: "mm" },
  height_mm: { label: "Height", kind: "whole", most: LONGEST_MM, unit: "mm" },
  depth_mm: { label: "Depth", kind: "whole", most: LONGEST_MM, unit: "mm" },
  weight_g: { label: "Weight", kind: "whole", most: 10_000_000, unit: "g" },
  price: { label: "Price", kind: "money", most: 9_999_999_999 },
  category: { label: "Category", kind: "category", most: 1000 },
};
export const NAMES = Object.keys(FIELDS) as Name[];

export const BLANK = Object.fromEntries(NAMES.map((name) => [name, ""])) as Values;

export function isName(name: string): name is Name {
  return Object.hasOwn(FIELDS, name);
}

/** Return a stored product as the form shows it. */
export function valuesOf(product: Product): Values {
  return Object.fromEntries(
    NAMES.map((name) => [name, product[name] === null ? "" : String(product[name])]),
  ) as Values;
}

/** Return the fields whose texts differ by more than the space around them. */
export function differing(one: Values, other: Values): Name[] {
  return NAMES.filter((name) => one[name].trim() !== other[name].trim());
}

/** Say what is wrong with a field as it is typed; null if nothing is. */
export function faultOf(name: Name, typed: string): string | null {
  const field = FIELDS[name];
  const value = typed.trim();
  if (value === "") {
    return field.isNeeded ? `A product needs ${name === "sku" ? "an SKU" : "a name"}.` : null;
  }
  switch (field.kind) {
    case "gtin":
      return read(value).kind === "gtin" ? null : gtinFault(value);
    case "whole":
      return wholeFault(value, field);
    case "money":
      return MONEY.test(value) ? null : "Write an amount with at most two decimals, such as 12.90.";
    default: {
      const length = [...value].length;
      return length > field.most
        ? `At most ${count(field.most)} characters. This has ${count(length)}.`
        : null;
    }
  }
}

const MONEY = /^[0-9]{1,10}(?:[.,][0-9]{1,2})?$/;

function wholeFault(value: string, { most, unit }: Field): string | null {
  if (!/^[0-9]+$/.test(value)) {
    return `Write a whole number of ${unit}, in digits alone.`;
  }
  const number = Number(value);
  return number >= 1 && number <= most ? null : `This must be from 1 to ${count(most)} ${unit}.`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}

export function faultsOf(values: Values): Faults {
  const faults: Faults = {};
  for (const name of NAMES) {
    const fault = faultOf(name, values[name]);
    if (fault !== null) {
      faults[name] = fault;
    }
  }
  return faults;
}

/** Return a value as the API takes it. The field has no fault. */
function sent(name: Name, typed: string): string | number | null {
  const value = typed.trim();
  switch (FIELDS[name].kind) {
    case "gtin": {
      const scanned = read(value);
      return scanned.kind === "gtin" ? shortGtin(scanned.gtin) : value || null;
    }
    case "whole":
      return value === "" ? null : Number(value);
    case "money":
      return value === "" ? null : value.replace(",", ".");
    case "category":
      return value === "" ? null : value;
    default:
      return value;
  }
}

/** Return the body that says `names` of a product. */
export function bodyOf(values: Values, names: readonly Name[] = NAMES): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, sent(name, values[name])]));
}

const NO_FEATURES: readonly Name[] = ["sku", "gtin", "category"];
const FEWEST_LETTERS = 3;

/**
 * Return what a model can read of a product that is still being typed, as the body of a request:
 * whatever has no fault yet. Null while there is too little to go by.
 */
export function featuresOf(values: Values): string | null {
  const told = NAMES.filter(
    (name) =>
      !NO_FEATURES.includes(name) &&
      values[name].trim() !== "" &&
      faultOf(name, values[name]) === null,
  );
  const letters = values.name.trim().length + values.description.trim().length;
  return letters < FEWEST_LETTERS ? null : JSON.stringify(bodyOf(values, told));
}

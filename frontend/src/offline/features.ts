// What a model reads of a product: the same as predictions/features.py makes of a stored one.
import type { Product } from "../api/types.ts";

const TEXTS = ["name", "description", "brand"] as const;
const WHOLES = ["width_mm", "height_mm", "depth_mm", "weight_g"] as const;
const MONEY = /^([0-9]+)(?:\.([0-9]{1,2}))?$/;

export type Features = Readonly<Record<string, string | number>>;
export type Described = Partial<
  Pick<Product, (typeof TEXTS)[number] | (typeof WHOLES)[number] | "price">
>;

/** Return the features of a product, without those that say nothing. */
export function featuresOf(product: Described): Features {
  const features: Record<string, string | number> = {};
  for (const name of [...TEXTS, ...WHOLES]) {
    const value = product[name];
    if (value !== null && value !== undefined && value !== "") {
      features[name] = value;
    }
  }
  const [, whole, cents = ""] = MONEY.exec(product.price ?? "") ?? [];
  if (whole !== undefined) {
    features.price = `${whole.replace(/^0+(?=[0-9])/, "")}.${cents.padEnd(2, "0")}`;
  }
  return features;
}

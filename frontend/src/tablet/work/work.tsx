// The chunk of the screens about products.
import type { ProductRef } from "../../offline/changes.ts";
import { Nowhere } from "../parts.tsx";
import type { Known } from "../who.ts";
import { ProductView } from "./ProductView.tsx";

export { Home } from "./Home.tsx";

export function ProductScreen({ who, at }: { who: Known; at: ProductRef }) {
  return "id" in at ? <ProductView who={who} id={at.id} /> : <Nowhere />;
}

export function EditScreen(_: { who: Known; at: ProductRef }) {
  return <Nowhere />;
}

export function NewScreen(_: { who: Known; code: string }) {
  return <Nowhere />;
}

import type { Product } from "../../api/types.ts";

function measured(value: number | null, unit: string): string {
  return value === null ? "" : `${value.toLocaleString("en")} ${unit}`;
}

/** What is known of a product. What is not known is left out: there is little room. */
export function Facts({ product }: { product: Product }) {
  const facts = [
    ["SKU", product.sku],
    ["GTIN", product.gtin ?? ""],
    ["Brand", product.brand],
    ["Width", measured(product.width_mm, "mm")],
    ["Height", measured(product.height_mm, "mm")],
    ["Depth", measured(product.depth_mm, "mm")],
    ["Weight", measured(product.weight_g, "g")],
    ["Price", product.price ?? ""],
    ["Filed under", product.category ?? "nothing yet"],
  ].filter(([, value]) => value !== "");
  return (
    <>
      {product.description && <p className="description">{product.description}</p>}
      <dl className="fields">
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>
        <a className="page" href={`/products/${product.id}`}>
          Open its page
        </a>
      </p>
    </>
  );
}

import { useEffect, useState } from "react";
import { Refused } from "../../api/client.ts";
import type { Product } from "../../api/types.ts";
import { useNet } from "../net.ts";
import { Link, Title } from "../parts.tsx";
import { HOME } from "../router.ts";
import { useStored } from "../stored.ts";
import { type Known, request } from "../who.ts";
import { sourceInWords, when } from "../words.ts";
import { Prediction } from "./Prediction.tsx";

type Load = "asking" | "fresh" | "failed" | "gone" | { refused: string };

/** One product: what is known about it, and where it belongs. */
export function ProductView({ who, id }: { who: Known; id: number }) {
  const { store } = who;
  const [load, setLoad] = useState<Load>("asking");
  const net = useNet();
  const stored = useStored(store, async () => (await store.product(id)) ?? null, id);

  const read = async (signal?: AbortSignal) => {
    try {
      const { data } = await request<Product>(`products/${id}`, signal ? { signal } : {});
      await store.keepProducts([data], new Date());
      setLoad("fresh");
    } catch (error) {
      if (signal?.aborted) {
        return;
      }
      if (error instanceof Refused && error.status === 404) {
        await store.drop(id);
        setLoad("gone");
      } else {
        setLoad(error instanceof Refused ? { refused: error.message } : "failed");
      }
    }
  };

  // Read again when the connection comes back: somebody else may have changed it.
  const isOffline = net === "offline";
  // biome-ignore lint/correctness/useExhaustiveDependencies: `read` is new at every rendering
  useEffect(() => {
    const over = new AbortController();
    void read(over.signal).then(() => store.opened(id, new Date()));
    return () => over.abort();
  }, [store, id, isOffline]);

  if (load === "gone") {
    return (
      <Missing title="This product is not there">
        It does not exist, or somebody deleted it.
      </Missing>
    );
  }
  if (stored === undefined || (stored === null && load === "asking")) {
    return <p role="status">Opening the product…</p>;
  }
  if (stored === null) {
    return typeof load === "object" ? (
      <Missing title="This product cannot be shown">{load.refused}</Missing>
    ) : (
      <Missing title="This product is not on this tablet">
        The server cannot be reached, and this product was never opened here. Open it again when
        there is a connection.
      </Missing>
    );
  }
  const { product, storedAt } = stored;
  return (
    <article>
      <p>
        <Link className="back" to={HOME}>
          ← Find another product
        </Link>
      </p>
      <Title>{product.name}</Title>
      <div className="columns">
        <Prediction who={who} product={product} onReviewed={() => read()} />
        <section className="card" aria-labelledby="facts">
          <h2 id="facts">The product</h2>
          <Facts product={product} />
          <p className="quiet">
            Version {product.version}. Last read from the server:{" "}
            {when(new Date(storedAt), new Date())}.
          </p>
        </section>
      </div>
    </article>
  );
}

function Missing({ title, children }: { title: string; children: string }) {
  return (
    <>
      <Title>{title}</Title>
      <p>{children}</p>
      <p>
        <Link to={HOME}>Find another product</Link>
      </p>
    </>
  );
}

function Facts({ product }: { product: Product }) {
  const millimetres = [product.width_mm, product.height_mm, product.depth_mm];
  const facts: [string, string | null][] = [
    ["Category", product.category ?? "none"],
    ["Source", sourceInWords(product.category_source)],
    ["SKU", product.sku],
    ["Barcode", product.gtin],
    ["Brand", product.brand],
    [
      "Width × height × depth",
      millimetres.some((one) => one !== null)
        ? `${millimetres.map((one) => one ?? "?").join(" × ")} mm`
        : null,
    ],
    ["Weight", product.weight_g === null ? null : `${product.weight_g} g`],
    ["Price", product.price],
    ["Description", product.description],
  ];
  return (
    <dl className="fields">
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

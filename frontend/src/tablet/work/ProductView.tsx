import { useEffect, useState } from "react";
import { Refused } from "../../api/client.ts";
import type { Product } from "../../api/types.ts";
import type { Change, ProductRef } from "../../offline/changes.ts";
import type { Shown } from "../../offline/store.ts";
import { State } from "../care/Icon.tsx";
import { deed, reason } from "../care/words.ts";
import { useNet } from "../net.ts";
import { Link, Title } from "../parts.tsx";
import { CHANGES, editPath, HOME, refPath } from "../router.ts";
import { useStored } from "../stored.ts";
import { useNow } from "../useNow.ts";
import { type Known, may, request } from "../who.ts";
import { sourceInWords, when } from "../words.ts";
import { useLasting, useSteady } from "./lasting.ts";
import { Prediction } from "./Prediction.tsx";
import { changesOf, worst } from "./states.ts";
import "./work.css";

/** For how long a product says that its last change was sent. */
const NEWS_MS = 86_400_000;

type Load = "asking" | "fresh" | "failed" | "gone" | { refused: string };

/** One product: what is known about it, what waits, and where it belongs. */
export function ProductView({ who, at }: { who: Known; at: ProductRef }) {
  const { store } = who;
  const ref = useLasting(store, at, refPath);
  const load = useServersWord(who, ref);
  const shown = useSteady(useStored(store, () => store.shown(ref), ref));
  const all = useSteady(useStored(store, () => store.changes(), "changes"));

  if (load === "gone") {
    return (
      <Missing title="This product is not there">
        It does not exist, or somebody deleted it.
      </Missing>
    );
  }
  if (shown === undefined || (shown === null && load === "asking")) {
    return <p role="status">Opening the product…</p>;
  }
  if (shown === null) {
    return typeof load === "object" ? (
      <Missing title="This product cannot be shown">{load.refused}</Missing>
    ) : (
      <Missing title="This product is not on this tablet">
        The server cannot be reached, and this product was never opened here. Open it again when
        there is a connection.
      </Missing>
    );
  }
  const { product } = shown;
  const changes = all === undefined ? undefined : changesOf(all, shown);
  return (
    <article>
      <p>
        <Link className="back" to={HOME}>
          ← Find another product
        </Link>
      </p>
      <div className="row heading">
        <Title>{product.name}</Title>
        {mayEdit(who) && (
          <Link className="button plain main" to={editPath(ref)}>
            Edit
          </Link>
        )}
      </div>
      <News shown={shown} changes={changes ?? []} />
      <div className="columns">
        <Prediction who={who} shown={shown} changes={changes} />
        <section className="card" aria-labelledby="facts">
          <h2 id="facts">The product</h2>
          <Facts product={product} />
          <Origin shown={shown} />
        </section>
      </div>
    </article>
  );
}

function mayEdit({ person }: Known): boolean {
  return may(person, "inventory.change_product") || may(person, "inventory.categorize_product");
}

/** Read the product from the server: this tablet may not have it yet, or not as it is now. */
function useServersWord(who: Known, ref: ProductRef): Load {
  const { store } = who;
  const [load, setLoad] = useState<Load>("asking");
  // Read again when the connection comes back: somebody else may have changed it.
  const isOffline = useNet() === "offline";
  const id = "id" in ref ? ref.id : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `who` changes whenever the server is asked
  useEffect(() => {
    if (id === null) {
      setLoad("failed");
      return;
    }
    const over = new AbortController();
    const read = async () => {
      try {
        const { data } = await request<Product>(`products/${id}`, { signal: over.signal });
        await store.keepProducts([data], new Date());
        setLoad("fresh");
      } catch (error) {
        if (over.signal.aborted) {
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
    void store.opened(id, new Date());
    void read().then(() => (over.signal.aborted ? undefined : store.opened(id, new Date())));
    return () => over.abort();
  }, [store, id, isOffline]);
  return load;
}

/** What waits here, what needs the person, and what arrived last. */
function News({ shown, changes }: { shown: Shown; changes: readonly Change[] }) {
  const now = useNow();
  const open = [...shown.troubled, ...shown.waiting];
  const state = worst(open);
  const last = changes.at(-1);
  const isNews =
    last?.status === "sent" && now.getTime() - Date.parse(last.settledAt ?? "") < NEWS_MS;
  return (
    <div className="news-of" role="status">
      {state !== null && <State status={state} />}
      {state === null && last !== undefined && isNews && (
        <p className="row">
          <State status="sent" />
          <span className="quiet">
            {deed(last)}, {when(new Date(last.settledAt ?? last.madeAt), now)}
          </span>
        </p>
      )}
      {open.length > 0 && (
        <ul className="waits">
          {open.map((one) => (
            <li key={one.id}>
              {deed(one)}
              {one.status === "refused" && <strong> Refused: {reason(one)}</strong>}
              {one.status === "conflict" && <strong> Somebody else decided otherwise.</strong>}{" "}
              <span className="quiet">{when(new Date(one.madeAt), now)}</span>
            </li>
          ))}
        </ul>
      )}
      {shown.troubled.length > 0 && (
        <p>
          <Link className="button main" to={CHANGES}>
            Decide what becomes of it
          </Link>
        </p>
      )}
    </div>
  );
}

function Origin({ shown: { product, storedAt } }: { shown: Shown }) {
  const now = useNow();
  return (
    <p className="quiet">
      {product.version === 0
        ? "Made on this tablet. The server does not know it yet."
        : `Version ${product.version}. Last read from the server: ${when(new Date(storedAt), now)}.`}
    </p>
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

import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import type { Product, ProductPage } from "../../api/types.ts";
import { currentNet, useNet } from "../net.ts";
import { Link, Title } from "../parts.tsx";
import { go, productPath } from "../router.ts";
import { useStored } from "../stored.ts";
import { type Known, may, request } from "../who.ts";

const MOST = 50;
const RECENT = 12;
const TYPING_MS = 250;

interface Found {
  text: string;
  products: readonly Product[];
  hasMore: boolean;
  /** From the server; otherwise what this tablet has. */
  isWhole: boolean;
}

/** Search, and the products that were last opened here. */
export function Home({ who }: { who: Known }) {
  const { store, person } = who;
  const [text, setText] = useState("");
  const [notice, setNotice] = useState("");
  const found = useSearch(who, text.trim());
  const recent = useStored(store, () => store.recent(RECENT), "recent");
  const count = useStored(store, () => store.count(), "count");
  const field = useId();
  const input = useRef<HTMLInputElement>(null);

  if (!may(person, "inventory.view_product")) {
    return (
      <>
        <Title>Your role does not look at products</Title>
        <p>Ask an administrator if you need to.</p>
      </>
    );
  }

  const open = async (event: FormEvent) => {
    event.preventDefault();
    const code = text.trim();
    if (code === "") {
      return;
    }
    if ((await store.exact(code)) === undefined && currentNet() !== "offline") {
      await search(who, code).catch(() => undefined);
    }
    const hit = await store.exact(code);
    if (hit !== undefined) {
      input.current?.blur();
      go(productPath(hit.id));
    } else {
      setNotice(`No product has exactly this SKU or barcode: ${code}`);
    }
  };

  return (
    <>
      <Title>Find a product</Title>
      <search>
        <form onSubmit={(event) => void open(event)}>
          <label htmlFor={field}>Name, SKU or barcode</label>
          <div className="row">
            <input
              id={field}
              ref={input}
              type="search"
              value={text}
              autoComplete="off"
              enterKeyHint="go"
              onChange={(event) => {
                setText(event.target.value);
                setNotice("");
              }}
            />
            <button type="submit" className="main">
              Open
            </button>
          </div>
        </form>
      </search>
      <p role="status" className="quiet">
        {notice || (found !== null && sentence(found))}
      </p>
      {found !== null && <List products={found.products} />}
      {found === null && recent !== undefined && (
        <section>
          <h2>Last opened on this tablet</h2>
          {recent.length === 0 ? (
            <p>Nothing yet. Search for a product, or scan its barcode into the field above.</p>
          ) : (
            <List products={recent.map((one) => one.product)} />
          )}
        </section>
      )}
      {count !== undefined && count > 0 && (
        <p className="quiet">
          {count === 1 ? "1 product is" : `${count} products are`} kept on this tablet for{" "}
          {person.name} and can be opened without a connection.
        </p>
      )}
    </>
  );
}

function sentence({ products, hasMore, isWhole }: Found): string {
  const where = isWhole ? "" : " on this tablet";
  if (products.length === 0) {
    return `No product${where} matches.`;
  }
  const number = products.length === 1 ? "1 product" : `${products.length} products`;
  return `${number}${where}${hasMore ? ". There are more: type more letters." : "."}`;
}

function List({ products }: { products: readonly Product[] }) {
  return (
    <ul className="list">
      {products.map((product) => (
        <li key={product.id}>
          <Link to={productPath(product.id)}>
            <strong>{product.name}</strong>
            <span className="quiet">
              {product.sku}
              {product.brand && ` · ${product.brand}`}
              {product.category !== null && ` · ${product.category}`}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

async function search(who: Known, text: string, signal?: AbortSignal): Promise<ProductPage> {
  const asked = `products?search=${encodeURIComponent(text.slice(0, 200))}&limit=${MOST}`;
  const { data } = await request<ProductPage>(asked, signal ? { signal } : {});
  await who.store.keepProducts(data.results, new Date());
  return data;
}

/** Show what this tablet has at once, and what the server has when it answers. Null: no search. */
function useSearch(who: Known, text: string): Found | null {
  const net = useNet();
  const [found, setFound] = useState<Found | null>(null);
  const isOffline = net === "offline";
  // biome-ignore lint/correctness/useExhaustiveDependencies: `who` changes whenever the server is asked
  useEffect(() => {
    if (text === "") {
      setFound(null);
      return;
    }
    const over = new AbortController();
    const later = setTimeout(async () => {
      const here = await who.store.search(text, MOST);
      if (!over.signal.aborted) {
        const products = here.map((one) => one.product);
        const hasMore = products.length === MOST;
        setFound({ text, products, hasMore, isWhole: false });
      }
      if (isOffline) {
        return;
      }
      try {
        const page = await search(who, text, over.signal);
        if (!over.signal.aborted) {
          const { results, next } = page;
          setFound({ text, products: results, hasMore: next !== null, isWhole: true });
        }
      } catch {
        // What this tablet has stays on the screen, and the line above says why.
      }
    }, TYPING_MS);
    return () => {
      clearTimeout(later);
      over.abort();
    };
  }, [who.store, text, isOffline]);
  return found?.text === text ? found : null;
}

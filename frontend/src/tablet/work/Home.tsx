import { type FormEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { ProductPage } from "../../api/types.ts";
import { PATIENCE_S } from "../../offline/rules.ts";
import type { Shown, Store } from "../../offline/store.ts";
import { currentNet, useNet } from "../net.ts";
import { Link, Title } from "../parts.tsx";
import { go, newPath, refPath } from "../router.ts";
import { useStored } from "../stored.ts";
import { type Known, may, request } from "../who.ts";
import { useSteady } from "./lasting.ts";
import { ProductList } from "./ProductList.tsx";
import "./work.css";

const RECENT = 5;
const FROM_SERVER = 50;
const TYPING_MS = 250;

/** Every product of this tablet, and a field that finds one. */
export function Home({ who }: { who: Known }) {
  // Nothing of one person stays on the screen when another one signs in.
  return <Find key={who.person.id} who={who} />;
}

function Find({ who }: { who: Known }) {
  const { store, person } = who;
  const [text, setText] = useState(() => typedBefore() ?? "");
  const [unknown, setUnknown] = useState("");
  const field = useId();
  const input = useRef<HTMLInputElement>(null);
  const wanted = text.trim();
  // What was found before stays until the next is found: nothing flickers.
  const found = useSteady(useStored(store, () => search(store, wanted), wanted));
  const isComplete = useStored(store, async () => (await store.mirror()).isComplete, "complete");
  useServerSearch(who, wanted, isComplete === false);
  useWayBack(found !== undefined);

  if (!may(person, "inventory.view_product")) {
    return (
      <>
        <Title>Your role does not look at products</Title>
        <p>Ask an administrator if you need to.</p>
      </>
    );
  }

  const type = (next: string) => {
    setText(next);
    setUnknown("");
    // The way back from a product leads to what was found.
    window.history.replaceState({ typed: next }, "");
  };
  const open = async (event: FormEvent) => {
    event.preventDefault();
    if (wanted === "") {
      return;
    }
    const hit = await exactly(who, wanted);
    if (hit !== undefined) {
      input.current?.blur();
      go(refPath(hit.ref));
    } else {
      setUnknown(wanted);
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
              autoCapitalize="off"
              spellCheck={false}
              enterKeyHint="go"
              onChange={(event) => type(event.target.value)}
            />
            <button type="submit" className="main">
              Open
            </button>
          </div>
        </form>
      </search>
      <div className="row found">
        <p role="status" className="quiet">
          {unknown
            ? `No product has exactly this SKU or barcode: ${unknown}.`
            : found !== undefined && sentence(found, isComplete ?? true)}
        </p>
        {may(person, "inventory.add_product") && (
          <Link className={unknown ? "button main" : "button plain main"} to={newPath(unknown)}>
            {unknown ? "New product with this code" : "New product"}
          </Link>
        )}
      </div>
      {found?.text === "" && <Recent products={found.products} />}
      {found !== undefined && found.products.length > 0 && (
        <section>
          {found.text === "" && <h2>All products</h2>}
          <ProductList label="Products" products={found.products} />
        </section>
      )}
    </>
  );
}

function Recent({ products }: { products: readonly Shown[] }) {
  const opened = products
    .filter((one) => one.openedAt !== undefined)
    .sort((one, other) => ((one.openedAt ?? "") < (other.openedAt ?? "") ? 1 : -1))
    .slice(0, RECENT);
  return opened.length === 0 ? null : (
    <section>
      <h2>Last opened on this tablet</h2>
      <ProductList label="Last opened" products={opened} />
    </section>
  );
}

interface Found {
  /** What was looked for. */
  text: string;
  products: readonly Shown[];
}

async function search(store: Store, text: string): Promise<Found> {
  return { text, products: await store.find(text) };
}

function sentence({ text, products: { length } }: Found, isComplete: boolean): string {
  const where = isComplete ? "" : " on this tablet so far";
  if (length === 0) {
    return text === "" ? `There are no products${where}.` : `No product${where} matches.`;
  }
  return `${length === 1 ? "1 product" : `${length.toLocaleString("en")} products`}${where}.`;
}

async function exactly(who: Known, code: string): Promise<Shown | undefined> {
  const here = await who.store.exact(code);
  if (here !== undefined || currentNet() === "offline") {
    return here;
  }
  await fetchFound(who, code).catch(() => undefined);
  return who.store.exact(code);
}

async function fetchFound(who: Known, text: string, signal?: AbortSignal): Promise<void> {
  const asked = `products?search=${encodeURIComponent(text.slice(0, 200))}&limit=${FROM_SERVER}`;
  const options = { timeoutMs: PATIENCE_S * 1000, ...(signal ? { signal } : {}) };
  const { data } = await request<ProductPage>(asked, options);
  await who.store.keepProducts(data.results, new Date());
}

/** While this tablet does not have everything yet, fetch what the server finds. */
function useServerSearch(who: Known, text: string, isWanted: boolean): void {
  const isOffline = useNet() === "offline";
  // biome-ignore lint/correctness/useExhaustiveDependencies: `who` changes whenever the server is asked
  useEffect(() => {
    if (text === "" || isOffline || !isWanted) {
      return;
    }
    const over = new AbortController();
    // What this tablet has stays on the screen; the line above says how the connection is.
    const later = setTimeout(
      () => fetchFound(who, text, over.signal).catch(() => undefined),
      TYPING_MS,
    );
    return () => {
      clearTimeout(later);
      over.abort();
    };
  }, [who.store, text, isOffline, isWanted]);
}

let leftAt = 0;

function typedBefore(): string | null {
  const state = window.history.state as { typed?: unknown } | null;
  return typeof state?.typed === "string" ? state.typed : null;
}

/** Whoever comes back finds the list where they left it. */
function useWayBack(isDrawn: boolean): void {
  const isBack = useRef(typedBefore() !== null);
  useEffect(() => {
    const home = window.location.pathname;
    if (typedBefore() === null) {
      leftAt = 0;
      window.history.replaceState({ typed: "" }, "");
    }
    const note = () => {
      // Leaving scrolls to the top of the next screen.
      if (window.location.pathname === home) {
        leftAt = window.scrollY;
      }
    };
    window.addEventListener("scroll", note, { passive: true });
    return () => window.removeEventListener("scroll", note);
  }, []);
  useLayoutEffect(() => {
    if (isDrawn && isBack.current) {
      isBack.current = false;
      window.scrollTo(0, leftAt);
    }
  }, [isDrawn]);
}

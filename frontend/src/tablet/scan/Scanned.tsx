// Acts on every scan, whatever is on the screen, and says what came of it.
import { useEffect, useRef, useState } from "react";
import type { ProductPage } from "../../api/types.ts";
import { PATIENCE_S } from "../../offline/rules.ts";
import { codeFor, type Known as Found, type Outcome, outcome } from "../../scan/after.ts";
import { onSeen } from "../../scan/seen.ts";
import { fill, onScan, type WedgeScan } from "../../scan/wedge.ts";
import { currentNet } from "../net.ts";
import { go } from "../router.ts";
import { type Known, may, request } from "../who.ts";
import { prepareScanner } from "./prepare.ts";

type Said = Pick<Outcome, "say" | "isFault">;

export function Scanned({ who }: { who: Known }) {
  const [said, setSaid] = useState<Said | null>(null);
  const now = useRef(who);
  now.current = who;
  useEffect(() => {
    // Without a connection, or without room for it: the camera screen says so when it is opened.
    prepareScanner().catch(() => undefined);
    let last: Promise<void> = Promise.resolve();
    const act = (scan: WedgeScan) => {
      // One after the other: the second of two scans has to know where the first one led.
      last = last.then(async () => setSaid(await follow(scan, now.current)));
    };
    const stops = [onScan(act), onSeen((text) => act({ text, field: null }))];
    return () => {
      for (const stop of stops) {
        stop();
      }
    };
  }, []);
  return (
    <div className="scanned" role="status">
      {said !== null && (
        <div className={said.isFault ? "banner warn" : "banner"}>
          <span>{said.say}</span>
          <button type="button" className="plain" onClick={() => setSaid(null)}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}

async function follow({ text, field }: WedgeScan, who: Known): Promise<Said> {
  if (document.querySelector("dialog[open]") !== null) {
    return { say: "Answer the question on the screen first, then scan again.", isFault: true };
  }
  if (field !== null) {
    const found = codeFor(text, new Date());
    if ("why" in found) {
      return { say: found.why, isFault: true };
    }
    fill(field, found.code);
    return { say: `Scanned: ${found.code}.`, isFault: false };
  }
  if (!may(who.person, "inventory.view_product")) {
    return { say: "Your role does not look at products.", isFault: true };
  }
  try {
    const { go: address, ...said } = await outcome(text, {
      here: `${window.location.pathname}${window.location.search}`,
      now: new Date(),
      mayAdd: may(who.person, "inventory.add_product"),
      find: (codes) => find(codes, who),
    });
    if (address !== null) {
      // Otherwise the next screen would not take the focus, and a screen reader would say nothing.
      (document.activeElement as HTMLElement | null)?.blur();
      go(address);
    }
    return said;
  } catch {
    return { say: "This tablet could not look for the code. Scan it again.", isFault: true };
  }
}

async function find(codes: readonly string[], { store }: Known): Promise<Found | undefined> {
  const here = await exact(codes, store);
  if (here !== undefined || currentNet() === "offline") {
    return here;
  }
  try {
    // The tablet may not have everything yet, and somebody may have added it a moment ago.
    const asked = `products?code=${encodeURIComponent(codes[0] ?? "")}&limit=2`;
    const { data } = await request<ProductPage>(asked, { timeoutMs: PATIENCE_S * 1000 });
    await store.keepProducts(data.results, new Date());
  } catch {
    return undefined;
  }
  return exact(codes, store);
}

async function exact(codes: readonly string[], store: Known["store"]) {
  for (const code of codes) {
    const found = await store.exact(code);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

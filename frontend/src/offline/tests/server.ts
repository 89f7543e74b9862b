// A server for tests: it keeps what it was sent once, and its line does what the test says.
import type { Product } from "../../api/types.ts";
import type { Contested, NewChange, Result } from "../changes.ts";

export interface Sent {
  id: string;
  seq: number;
  person: number;
  kind: string;
  product: { id: number } | { uuid: string } | null;
  payload: Record<string, unknown>;
  base_version: number | null;
  resolves: string | null;
}

/** What the line does to one answer; the server has done its work before it in those of `AFTER`. */
export type Fault =
  | "cut"
  | "lost"
  | "hangs"
  | "gateway"
  | "portal"
  | "elsewhere"
  | "half"
  | "torn"
  | "strange";

export const AFTER: readonly Fault[] = ["lost", "hangs", "gateway", "torn"];
export const UNKNOWN: readonly Fault[] = [...AFTER, "cut", "portal", "half", "strange"];

export function product(id: number, more: Partial<Product> = {}): Product {
  return {
    id,
    sku: `SF-${id}`,
    gtin: null,
    name: `Product ${id}`,
    description: "",
    brand: "",
    width_mm: null,
    height_mm: null,
    depth_mm: null,
    weight_g: null,
    price: null,
    category: null,
    category_id: null,
    category_source: "",
    version: 1,
    created_at: "2026-11-20T14:02:00Z",
    updated_at: "2026-11-20T14:02:00Z",
    ...more,
  };
}

export function edit(id: number, name: string): NewChange {
  return {
    kind: "product.edit",
    product: { id },
    payload: { set: { name }, base: {} },
    baseVersion: 1,
    label: `Product ${id}`,
  };
}

export function create(uuid: string, sku: string): NewChange {
  return {
    kind: "product.create",
    product: { uuid },
    payload: { fields: { sku, name: sku }, category: null },
    baseVersion: null,
    label: sku,
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": type, ...headers },
  });
}

const problem = (status: number, code: string, headers = {}) =>
  json({ code, detail: `No: ${code}.` }, status, headers);
const html = (status: number) =>
  new Response("<h1>Welcome to Wi-Fi</h1>", {
    status,
    headers: { "Content-Type": "text/html" },
  });

export class FakeServer {
  /** Who is signed in; null: nobody. */
  person: number | null = 7;
  permissions: string[] = ["predictions.review_prediction"];
  csrf = "fresh";
  products = new Map<number, Product>();
  /** What was carried out, in order. */
  effects: Sent[] = [];
  known = new Map<string, Result>();
  /** Every batch that arrived, as it came. */
  batches: Sent[][] = [];
  asked: string[] = [];
  /** What the line does to the next pushes, one after the other. */
  faults: Fault[] = [];
  /** What the server answers to the next pushes instead of doing anything. */
  refusals: Response[] = [];
  /** Names that nobody may give, and what is said to whoever does. */
  poison: Record<string, "rejected" | "conflict" | "deferred"> = {};
  /** Names at which the server breaks: it refuses the whole batch. */
  breaks: Record<string, number> = {};
  /** Answers other addresses. */
  other: (path: string) => Response | null = () => null;

  fetch = async (address: string, options: RequestInit = {}): Promise<Response> => {
    const path = address.replace("/api/v1/", "");
    this.asked.push(`${options.method ?? "GET"} ${path}`);
    const own = this.other(path);
    if (own !== null) {
      return own;
    }
    if (path === "session") {
      return json({
        authenticated: this.person !== null,
        user_id: this.person,
        username: "somebody",
        display_name: "Somebody",
        permissions: this.permissions,
        perms_hash: "",
        csrf: this.csrf,
      });
    }
    if (path === "sync/push") {
      return this.#push(options);
    }
    const [, ids = ""] = /^sync\/ops\?ids=(.*)$/.exec(path) ?? [];
    if (ids !== "") {
      return json({
        results: ids.split(",").flatMap((id) => {
          const found = this.known.get(id);
          return found ? [this.#again(found)] : [];
        }),
      });
    }
    throw new TypeError(`Nobody answers ${path}.`);
  };

  #push(options: RequestInit): Response {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      return refusal;
    }
    if (this.person === null) {
      return problem(401, "not_authenticated");
    }
    if (new Headers(options.headers).get("X-CSRFToken") !== this.csrf) {
      return problem(403, "csrf_failed");
    }
    const fault = this.faults.shift();
    if (fault === "cut") {
      throw new TypeError("Failed to fetch");
    }
    if (fault === "portal") {
      return html(200);
    }
    if (fault === "elsewhere") {
      const answer = { type: "opaqueredirect", status: 0, ok: false, headers: new Headers() };
      return answer as Response;
    }
    if (fault === "strange") {
      return json({ results: [{ id: "somebody-elses", status: "applied", product: null }] });
    }
    const { changes } = JSON.parse(String(options.body)) as { changes: Sent[] };
    this.batches.push(changes);
    const status = changes
      .map((one) => this.breaks[this.#nameIn(one)])
      .find((one) => one !== undefined);
    if (status !== undefined) {
      return problem(status, status === 500 ? "" : "invalid");
    }
    const answer = json({
      results: this.#carryOut(changes, fault),
      sync_head: this.effects.length,
    });
    switch (fault) {
      case "lost":
      case "half":
        throw new TypeError("Failed to fetch");
      case "hangs":
        throw new DOMException("The operation timed out.", "TimeoutError");
      case "gateway":
        return html(502);
      case "torn":
        return new Response('{"results": [{"id"', {
          headers: { "Content-Type": "application/json" },
        });
      default:
        return answer;
    }
  }

  #nameIn({ payload }: Sent): string {
    const { set, fields } = payload as { set?: Partial<Product>; fields?: Partial<Product> };
    return set?.name ?? fields?.name ?? "";
  }

  #carryOut(changes: readonly Sent[], fault: Fault | undefined): Result[] {
    const held = new Set<string>();
    const some = fault === "half" ? changes.slice(0, Math.ceil(changes.length / 2)) : changes;
    return some.map((change) => {
      const key = JSON.stringify(change.product);
      const before = this.known.get(change.id);
      if (before !== undefined) {
        return this.#again(before);
      }
      const verdict = held.has(key) ? "deferred" : this.poison[this.#nameIn(change)];
      if (verdict !== undefined) {
        held.add(key);
      }
      const result = this.#result(change, verdict ?? "applied", held.has(key));
      if (result.status === "deferred") {
        return result;
      }
      this.known.set(change.id, result);
      return result;
    });
  }

  #result(change: Sent, status: Result["status"], isHeld: boolean): Result {
    let now: Product | null = null;
    if (status === "applied") {
      this.effects.push(change);
      now = this.#changed(change);
    } else if (change.product !== null && "id" in change.product) {
      now = this.products.get(change.product.id) ?? null;
    }
    const contested: Contested[] = [];
    return {
      id: change.id,
      status,
      was: null,
      code: status === "applied" ? null : isHeld && status === "deferred" ? "held" : "invalid",
      detail: status === "applied" ? null : "That cannot be.",
      product: now,
      prediction: null,
      agreement: null,
      rebased: false,
      contested,
    };
  }

  #changed(change: Sent): Product {
    const { set, fields, category } = change.payload as Record<string, Partial<Product>> & {
      category?: string | null;
    };
    const ids = this.effects.filter((one) => one.kind === "product.create");
    const id =
      change.product !== null && "id" in change.product
        ? change.product.id
        : 1000 +
          ids.findIndex((one) => JSON.stringify(one.product) === JSON.stringify(change.product));
    const known = this.products.get(id) ?? product(id, { version: 0 });
    const next = { ...known, ...set, ...fields, version: known.version + 1 };
    if (category !== undefined && category !== null) {
      next.category = category;
      next.category_source = "person";
    }
    this.products.set(id, next);
    return next;
  }

  #again(result: Result): Result {
    return { ...result, status: "duplicate", was: result.status as "applied" };
  }
}

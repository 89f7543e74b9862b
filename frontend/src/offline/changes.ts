// A change: something that a person did on this tablet, on its way to the server.
import type { Product } from "../api/types.ts";

/** A product of the server by its id, or one made on this tablet by the name it got here. */
export type ProductRef = { id: number } | { uuid: string };

/** The fields of a product that a person fills in; the category is said apart. */
export type Fields = Partial<
  Pick<
    Product,
    | "sku"
    | "gtin"
    | "name"
    | "description"
    | "brand"
    | "width_mm"
    | "height_mm"
    | "depth_mm"
    | "weight_g"
    | "price"
  >
>;

/** What the person had on the screen when they decided. */
export interface Seen {
  /** The category of the product: its id, or null for none. */
  category_id: number | null;
  /** Who answered: the server's receipt, or the provisional change that this tablet made. */
  prediction: string | null;
  /** The digest of the model that answered, if one did. */
  model: string | null;
  source: "server" | "tablet" | null;
}

/** The answer of the categorizer on this tablet, in whole numbers. */
export interface TabletAnswer {
  model_sha256: string;
  category: string;
  score: number;
  confidence_ppm: number;
  alternatives: readonly { category: string; score: number; confidence_ppm: number }[];
}

/** What each kind of change carries. */
export interface Payloads {
  "product.create": { fields: Fields; category: string | null };
  "product.edit": { set: Fields; base: Fields };
  /** `category` is a path, null takes it away. */
  "product.categorize": { category: string | null; seen: Seen };
  /** `prediction` is a receipt, or the id of the provisional change that it came from. */
  "prediction.accept": { prediction: string; category: string; note: string; seen: Seen };
  "prediction.correct": { prediction: string; category: string; note: string; seen: Seen };
  "prediction.provisional": { answer: TabletAnswer };
  "prediction.skip": { prediction: string };
  /** The person leaves what is there: the change in `resolves` is given up. */
  "conflict.dismiss": Record<string, never>;
}
export type Kind = keyof Payloads;

export type Status = "waiting" | "sent" | "conflict" | "refused";

/** Two values for one thing, as the server told it. */
export interface Contested {
  /** "category" or the name of a field. */
  what: string;
  mine: unknown;
  theirs: unknown;
  /** Who set the other value, as people call them; null: the program itself. */
  by: string | null;
  /** Null: the log does not say. */
  at: string | null;
}

/** What the server said to one change. */
export interface Result {
  id: string;
  /** `duplicate`: it was here before, and this is what became of it then. */
  status: "applied" | "duplicate" | "conflict" | "rejected" | "deferred";
  /** What a duplicate was the first time. */
  was: "applied" | "conflict" | "rejected" | null;
  code: string | null;
  /** A full sentence for the person. */
  detail: string | null;
  /** The product as it is now, null if there is none. */
  product: Product | null;
  /** The receipt that came of it, if one did. */
  prediction: string | null;
  /** Whether the server's answer is that of the tablet. Only of a provisional one. */
  agreement: "same" | "differs" | null;
  /** Whether the machine had changed the product meanwhile, and the person won. */
  rebased: boolean;
  contested: readonly Contested[];
}

export interface Change<K extends Kind = Kind> {
  /** The order in which they were made here; IndexedDB counts. */
  seq: number;
  /** Made once. However often the change is sent, the server carries it out once. */
  id: string;
  person: number;
  kind: K;
  product: ProductRef | null;
  payload: Payloads[K];
  /** The version of the product that the person saw; null for one made here. */
  baseVersion: number | null;
  /** The change that this one settles: a conflict, or one that was refused. */
  resolves: string | null;
  /** By the clock of this tablet (ISO 8601). */
  madeAt: string;
  build: string;
  /** What the product was called, so that a list can say it when the product is gone. */
  label: string;
  status: Status;
  attempts: number;
  /** When it was last sent, or null; with attempts > 0 and "waiting" the outcome is unknown. */
  triedAt: string | null;
  settledAt: string | null;
  result: Result | null;
}

/** What somebody hands in; the outbox adds the rest. */
export type NewChange = {
  [K in Kind]: Pick<Change<K>, "kind" | "product" | "payload" | "baseVersion" | "label"> &
    Partial<Pick<Change<K>, "id" | "resolves">>;
}[Kind];

/** The name under which changes of one product are kept in order. */
export function keyOf(product: ProductRef | null): string {
  if (product === null) {
    return "";
  }
  return "id" in product ? `id:${product.id}` : `uuid:${product.uuid}`;
}

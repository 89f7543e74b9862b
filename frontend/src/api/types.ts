// What the API gives, by the names that the screens use. Written from schema.d.ts, which
// `make schema` makes from the server's own description.
import type { components } from "./schema.d.ts";

export type Product = components["schemas"]["ProductOutput"];
export type Category = components["schemas"]["CategoryOutput"];
export type CategoryPage = components["schemas"]["CategoryPage"];
export type ProductPage = components["schemas"]["ProductPage"];
export type Suggested = components["schemas"]["PredictionOutput"];
export type Alternative = components["schemas"]["AlternativeOutput"];
export type Review = components["schemas"]["ReviewOutput"];

export interface PastReview {
  outcome: Review["outcome"];
  category: string;
  note: string;
  reviewed_by: string;
  reviewed_at: string;
}

export interface PastPrediction {
  id: string;
  category: string | null;
  confidence_ppm: number | null;
  decision_path: Suggested["decision_path"];
  needs_review: boolean;
  threshold_ppm: number | null;
  model: string | null;
  taxonomy_version: number;
  made_at: string;
  product_version: number;
  asked_by: string;
  review: PastReview | null;
}

export interface HistoryPage {
  results: PastPrediction[];
  next: string | null;
}

export interface Contribution {
  field: string;
  kind: string;
  text: string;
  amount: number;
  share_ppm: number;
}

export interface Explanation {
  id: string;
  category: string;
  score: number;
  bias: number;
  contributions: Contribution[];
  others: { count: number; amount: number };
}

export interface Waiting {
  product: Product;
  prediction: Suggested;
}

export interface QueuePage {
  results: Waiting[];
  next: string | null;
  waiting: number;
}

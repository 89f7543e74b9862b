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
export type PastReview = components["schemas"]["PastReviewOutput"];
export type PastPrediction = components["schemas"]["PastPredictionOutput"];
export type HistoryPage = components["schemas"]["HistoryPage"];
export type Contribution = components["schemas"]["ContributionOutput"];
export type Explanation = components["schemas"]["ExplanationOutput"];
export type Waiting = components["schemas"]["WaitingOutput"];
export type QueuePage = components["schemas"]["QueuePage"];
export type Consistency = components["schemas"]["ConsistencyOutput"];
export type LogKeys = components["schemas"]["KeyOutput"];
export type LiveModel = components["schemas"]["LiveModelOutput"];

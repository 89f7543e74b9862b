export type { Digest, ModelData } from "./artifact.ts";
export { type Contribution, type Explanation, explain } from "./explain.ts";
export { BadProduct, blocks, type Product } from "./features.ts";
export { type Answer, Categorizer, load, type Suggestion } from "./model.ts";
export { UnusableModel } from "./safetensors.ts";
export { fold } from "./text.ts";

// Products that were made here and got their lasting address while they were on the screen.
import { keyOf, type ProductRef } from "../offline/changes.ts";

const first = new Map<number, string>();

/** Remember that the screen of a product made here goes on as that of the server's product. */
export function keepScreen(uuid: string, id: number): void {
  first.set(id, uuid);
}

/** Return the same text for a screen before and after its product moved. */
export function screenKey(ref: ProductRef): string {
  const uuid = "id" in ref ? first.get(ref.id) : undefined;
  return keyOf(uuid === undefined ? ref : { uuid });
}

// A product that was made here keeps its screen when the server gives it another name.
import { useEffect, useMemo, useState } from "react";
import type { ProductRef } from "../../offline/changes.ts";
import type { Store } from "../../offline/store.ts";
import { keepScreen } from "../moved.ts";
import { goInstead } from "../router.ts";
import { useStored } from "../stored.ts";

/** Return the name that the product has by now, and move to the address of that name. */
export function useLasting(
  store: Store,
  at: ProductRef,
  pathOf: (ref: ProductRef) => string,
): ProductRef {
  const uuid = "uuid" in at ? at.uuid : null;
  const known = useStored(store, () => aliasOf(store, uuid), uuid);
  const id = "id" in at ? at.id : (known ?? null);
  useEffect(() => {
    if (uuid !== null && id !== null) {
      keepScreen(uuid, id);
      goInstead(pathOf({ id }));
    }
  }, [uuid, id, pathOf]);
  return useMemo(() => (id === null ? { uuid: uuid ?? "" } : { id }), [id, uuid]);
}

async function aliasOf(store: Store, uuid: string | null): Promise<number | null> {
  return uuid === null ? null : store.alias(uuid);
}

/** Return the last value that was there: what is read anew does not empty the screen meanwhile. */
export function useSteady<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) {
    setLast(value);
  }
  return value === undefined ? last : value;
}

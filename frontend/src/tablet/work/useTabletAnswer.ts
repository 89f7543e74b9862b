import { useEffect, useState } from "react";
import type { Product } from "../../api/types.ts";
import type { TabletAnswer } from "../../offline/changes.ts";
import { featuresOf } from "../../offline/features.ts";
import { suggest, useModel } from "../model.ts";

const TOP = 5;

/** What this tablet itself says about a product. Undefined: not known yet. Null: nothing. */
export function useTabletAnswer(
  product: Product,
  isWanted: boolean,
): TabletAnswer | null | undefined {
  const { sha256 } = useModel();
  const [found, setFound] = useState<{ key: string; answer: TabletAnswer | null }>();
  const key = `${sha256} ${JSON.stringify(featuresOf(product))}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is what matters of the product
  useEffect(() => {
    if (!isWanted) {
      return;
    }
    let isOver = false;
    const tell = (answer: TabletAnswer | null) => isOver || setFound({ key, answer });
    suggest(product, TOP).then(
      ({ answer }) => tell(answer),
      // There is no model here yet. When it comes, `key` is another one.
      () => tell(null),
    );
    return () => {
      isOver = true;
    };
  }, [key, isWanted]);
  return found?.key === key ? found.answer : undefined;
}

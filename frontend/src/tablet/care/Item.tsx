import { useState } from "react";
import type { Product, Waiting } from "../../api/types.ts";
import type { Store } from "../../offline/store.ts";
import { type Option, options } from "../../ui/options.ts";
import { useFocus } from "../../ui/useFocus.ts";
import { useKeys } from "../../ui/useKeys.ts";
import { differing, doubt, need, percent } from "../../ui/words.ts";
import { Link } from "../parts.tsx";
import { productPath } from "../router.ts";
import { CategoryPicker } from "../work/CategoryPicker.tsx";
import { useReasons } from "./useReasons.ts";

interface Properties {
  store: Store;
  waiting: Waiting;
  areKeysWanted: boolean;
  /** Whether something was decided before, so that the focus has to come along. */
  isNext: boolean;
  isBusy: boolean;
  /** Null skips. */
  onDecide: (category: string | null) => void;
}

/** One product that waits for a person, with the categories it may belong to. */
export function Item(properties: Properties) {
  const { store, waiting, areKeysWanted, isNext, isBusy, onDecide } = properties;
  const { product, prediction, recalled, tablet_said: said } = waiting;
  const offered = options(waiting);
  const [isElsewhere, setElsewhere] = useState(offered.length === 0);
  const heading = useFocus(isNext);
  const reasons = useReasons(waiting);
  useKeys(areKeysWanted && !isBusy ? offered.length : 0, (place) => {
    const option = offered[place];
    if (option !== undefined) {
      onDecide(option.category);
    }
  });

  return (
    <section className="item" aria-labelledby="waiting">
      <div className="card">
        <h2 id="waiting" ref={heading} tabIndex={-1}>
          <Link to={productPath(product.id)}>{product.name}</Link>
        </h2>
        <Facts product={product} />
      </div>
      <div className="card">
        <p className="verdict warn">{recalled === null ? need(prediction) : doubt(recalled)}</p>
        {said && <p className="verdict warn">{differing(said)}</p>}
        {offered.length > 0 && (
          <ol className="offers" aria-label="Where it may belong">
            {offered.map((option, place) => (
              <Offer
                key={option.category}
                option={option}
                place={place}
                reasons={reasons[place] ?? []}
                isKeyShown={areKeysWanted}
                isBusy={isBusy}
                onTake={() => onDecide(option.category)}
              />
            ))}
          </ol>
        )}
        {isElsewhere && (
          <CategoryPicker
            store={store}
            value=""
            onChange={onDecide}
            autoFocus={offered.length > 0}
          />
        )}
        <p className="row">
          {!isElsewhere && (
            <button
              type="button"
              className="main plain"
              disabled={isBusy}
              onClick={() => setElsewhere(true)}
            >
              Another category
            </button>
          )}
          <button
            type="button"
            className="main plain"
            disabled={isBusy}
            aria-describedby="skipping"
            onClick={() => onDecide(null)}
          >
            Skip
          </button>
          <span id="skipping" className="quiet">
            Skipping is yours alone: others still see it.
          </span>
        </p>
      </div>
    </section>
  );
}

function Offer(props: {
  option: Option;
  place: number;
  reasons: readonly string[];
  isKeyShown: boolean;
  isBusy: boolean;
  onTake: () => void;
}) {
  const { option, place, reasons, isKeyShown, isBusy, onTake } = props;
  const { category, confidence_ppm } = option;
  const name = `offer-${place}`;
  return (
    // The button covers all of it: a thumb in a glove needs room.
    <li className="offer">
      {isKeyShown && (
        <span className="key" aria-hidden="true">
          {place + 1}
        </span>
      )}
      <div id={name}>
        <p className="category">{category}</p>
        <p className="confidence">
          <meter min={0} max={1_000_000} value={confidence_ppm} aria-label="Confidence" />
          <span className="number">{percent(confidence_ppm)}</span>
        </p>
        <p className="quiet reasons">{reasons.length > 0 && `Why: ${reasons.join(", ")}`}</p>
      </div>
      <button
        type="button"
        className={place === 0 ? "main" : "main plain"}
        disabled={isBusy}
        {...(place > 0 && { "aria-label": `Choose ${category}` })}
        aria-describedby={name}
        onClick={onTake}
      >
        {place === 0 ? "Accept" : "Choose"}
      </button>
    </li>
  );
}

/** What is known of it. What is not known is left out: there is little room. */
function Facts({ product }: { product: Product }) {
  const sides = [product.width_mm, product.height_mm, product.depth_mm];
  const facts: [string, string | null][] = [
    ["SKU", product.sku],
    ["Barcode", product.gtin],
    ["Brand", product.brand],
    [
      "Size",
      sides.some((one) => one !== null) ? `${sides.map((one) => one ?? "?").join(" × ")} mm` : null,
    ],
    ["Weight", product.weight_g === null ? null : `${product.weight_g.toLocaleString("en")} g`],
    ["Price", product.price],
    ["Category", product.category ?? "none yet"],
  ];
  return (
    <>
      {product.description && <p className="description">{product.description}</p>}
      <dl className="fields">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}

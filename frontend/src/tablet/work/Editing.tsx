import { useEffect, useState } from "react";
import type { ProductRef } from "../../offline/changes.ts";
import { Link, Title } from "../parts.tsx";
import { editPath, HOME, refPath } from "../router.ts";
import { type Known, may } from "../who.ts";
import { useLasting } from "./lasting.ts";
import { ProductForm } from "./ProductForm.tsx";
import { type Beginning, beginning, useForm } from "./useForm.ts";
import "./work.css";

/** A product that nobody knew; with the code that was scanned, if one was. */
export function NewProduct({ who, code }: { who: Known; code: string }) {
  return may(who.person, "inventory.add_product") ? (
    <Editing key={who.person.id} who={who} at={null} code={code} />
  ) : (
    <Refusal title="Your role does not add products" />
  );
}

export function EditProduct({ who, at }: { who: Known; at: ProductRef }) {
  const ref = useLasting(who.store, at, editPath);
  const { person } = who;
  return may(person, "inventory.change_product") || may(person, "inventory.categorize_product") ? (
    <Editing who={who} at={ref} code="" />
  ) : (
    <Refusal title="Your role does not change products" />
  );
}

function Editing({ who, at, code }: { who: Known; at: ProductRef | null; code: string }) {
  const [from, setFrom] = useState<Beginning | null>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once; what is typed is not read again
  useEffect(() => {
    void beginning(who.store, at, code).then(setFrom);
  }, []);
  if (from === undefined) {
    return <p role="status">Opening the form…</p>;
  }
  if (from === null) {
    return <Refusal title="This product is not on this tablet" />;
  }
  return <Typing who={who} at={at} code={code} from={from} />;
}

function Typing(props: { who: Known; at: ProductRef | null; code: string; from: Beginning }) {
  const { who, at, code, from } = props;
  const form = useForm(who.store, from, at, code);
  const back = at === null ? HOME : refPath(at);
  return (
    <>
      <p>
        <Link className="back" to={back}>
          {at === null ? "← Find a product" : "← Back to the product"}
        </Link>
      </p>
      <Title>{at === null ? "New product" : `Edit ${from.draft.start.name}`}</Title>
      <ProductForm who={who} form={form} at={at} back={back} />
    </>
  );
}

function Refusal({ title }: { title: string }) {
  return (
    <>
      <Title>{title}</Title>
      <p>
        <Link to={HOME}>Find a product</Link>
      </p>
    </>
  );
}

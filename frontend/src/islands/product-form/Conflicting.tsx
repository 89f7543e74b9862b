import { Alert, Button } from "antd";
import { type FormEvent, useState } from "react";
import { FIELDS } from "../../forms/fields.ts";
import { useFocus } from "../../ui/useFocus.ts";
import { type Choices, type Difference, merged, obvious } from "./merge.ts";
import type { Form } from "./useForm.ts";
import type { Conflict } from "./useSave.ts";

interface Properties {
  conflict: Conflict;
  form: Form;
  onEnd: () => void;
}

/** Both values of every field that somebody else changed meanwhile; the person chooses. */
export function Conflicting({ conflict: { theirs, found }, form, onEnd }: Properties) {
  const [choices, setChoices] = useState<Choices>(() => obvious(found));
  const [isMissing, setIsMissing] = useState(false);
  const heading = useFocus(true);
  const finish = (event: FormEvent) => {
    event.preventDefault();
    if (found.some(({ name }) => choices[name] === undefined)) {
      setIsMissing(true);
      return;
    }
    form.rebase(theirs, merged(form.values, found, choices));
    onEnd();
  };
  return (
    <form className="card conflict" onSubmit={finish} aria-labelledby="conflict">
      <h2 id="conflict" ref={heading} tabIndex={-1}>
        Somebody else changed this product meanwhile
      </h2>
      <p>
        It is now version {theirs.version}.{" "}
        {found.length > 0
          ? "Choose for each of these fields what it shall say. Then save once more."
          : "Your own changes do not touch theirs. Go on, then save once more."}
      </p>
      {isMissing && <Alert type="error" showIcon title="Choose for every field, then go on." />}
      {found.map((one) => (
        <Choose
          key={one.name}
          difference={one}
          chosen={choices[one.name]}
          onChoose={(side) => setChoices((old) => ({ ...old, [one.name]: side }))}
        />
      ))}
      <Button type="primary" htmlType="submit">
        Go on with these
      </Button>
    </form>
  );
}

interface ChooseProperties {
  difference: Difference;
  chosen: "mine" | "theirs" | undefined;
  onChoose: (side: "mine" | "theirs") => void;
}

function Choose({ difference: { name, mine, theirs }, chosen, onChoose }: ChooseProperties) {
  const sides = [
    { side: "mine", value: mine, says: "You" },
    { side: "theirs", value: theirs, says: "Stored now" },
  ] as const;
  return (
    <fieldset>
      <legend>{FIELDS[name].label}</legend>
      {sides.map(({ side, value, says }) => (
        <label key={side} className="side">
          <input
            type="radio"
            name={`conflict-${name}`}
            checked={chosen === side}
            onChange={() => onChoose(side)}
          />
          <span>
            <span className="quiet">{says}:</span> {value || "nothing"}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

import { useState } from "react";
import type { Change } from "../../offline/changes.ts";
import { discard, enqueue } from "../../offline/outbox.ts";
import type { Store } from "../../offline/store.ts";
import { Title } from "../parts.tsx";
import { useStored } from "../stored.ts";
import type { Known } from "../who.ts";
import { Card } from "./Card.tsx";
import { Contested } from "./Contested.tsx";
import { Confirm } from "./Dialog.tsx";
import { EditChange } from "./EditChange.tsx";
import { Offered, Section } from "./Section.tsx";
import { again, dependents, dismissal, sections } from "./sections.ts";
import { Tools } from "./Tools.tsx";
import { kept as whyNotKept } from "./trouble.ts";
import { loss, remedy, remedyByKind } from "./words.ts";

type Asked = { what: "edit" | "discard"; change: Change };

/** The sync centre: what waits, what arrived, what needs a decision, what was refused and why. */
export function Changes({ who }: { who: Known }) {
  const { store } = who;
  const changes = useStored(store, () => store.changes(), "changes");
  const [asked, setAsked] = useState<Asked | null>(null);
  const [said, setSaid] = useState("");

  if (changes === undefined) {
    return (
      <>
        <Title>Changes</Title>
        <p role="status">Reading what waits…</p>
      </>
    );
  }
  const answered = (told: string) => {
    setAsked(null);
    setSaid(told);
  };
  return (
    <div className="care">
      <Title>Changes</Title>
      <Tools who={who} waiting={sections(changes).waiting.length} onSaid={setSaid} />
      <p role="status" className="news">
        {said}
      </p>
      <All who={who} changes={changes} onAsk={setAsked} onSaid={setSaid} />
      {asked?.what === "discard" && (
        <Confirm
          title="Discard this change?"
          yes="Discard"
          onYes={() => void takeBack(store, asked.change, changes).then(answered)}
          onNo={() => setAsked(null)}
        >
          {loss(asked.change, dependents(asked.change, changes).length)}
        </Confirm>
      )}
      {asked?.what === "edit" && (
        <EditChange store={store} change={asked.change} onClose={answered} />
      )}
    </div>
  );
}

/** Give a change up, and before it what builds on it: that must not be sent without it. */
async function takeBack(store: Store, change: Change, all: readonly Change[]): Promise<string> {
  for (const one of [...dependents(change, all).reverse(), change]) {
    const outcome = await discard(store, one.id);
    if (outcome !== "discarded") {
      return DISCARDED[outcome];
    }
  }
  return DISCARDED.discarded;
}

const DISCARDED: Record<Awaited<ReturnType<typeof discard>>, string> = {
  discarded: "Discarded.",
  sent: "It was sent meanwhile, so it could not be discarded. Change the product instead.",
  unknown:
    "It may have reached the server already, so it cannot be discarded now. With a connection it will be known.",
};

interface Properties {
  who: Known;
  changes: readonly Change[];
  onAsk: (asked: Asked) => void;
  onSaid: (told: string) => void;
}

function All({ who, changes, onAsk, onSaid }: Properties) {
  const { conflict, refused, waiting, sent } = sections(changes);
  const decide = (change: Change, isMine: boolean) =>
    void enqueue(who.store, isMine ? again(change) : dismissal(change)).then(
      () => onSaid(isMine ? "Yours is on its way." : "Theirs stays."),
      (error: Error) => onSaid(whyNotKept(error)),
    );
  const offered = (change: Change, way: ReturnType<typeof remedy>) => (
    <Card change={change}>
      {(heading) => (
        <Offered
          heading={heading}
          way={way}
          onEdit={() => onAsk({ what: "edit", change })}
          onAgain={() => decide(change, true)}
          onDiscard={() => onAsk({ what: "discard", change })}
        />
      )}
    </Card>
  );
  return (
    <>
      <Section title="Needs your decision" items={conflict} empty={null}>
        {(change) => <Conflict who={who} change={change} onDecide={decide} />}
      </Section>
      <Section title="Refused" items={refused} empty={null}>
        {(change) => offered(change, remedy(change))}
      </Section>
      <Section
        title="On this tablet"
        items={waiting}
        empty="Nothing waits. What you do is sent as soon as there is a connection."
      >
        {(change) => offered(change, remedyByKind(change))}
      </Section>
      <Section title="Sent" items={sent} empty="Nothing was sent from this tablet lately.">
        {(change) => <Card change={change} />}
      </Section>
    </>
  );
}

function Conflict(props: {
  who: Known;
  change: Change;
  onDecide: (change: Change, isMine: boolean) => void;
}) {
  const { who, change, onDecide } = props;
  return (
    <Card change={change}>
      {(heading) => (
        <>
          <Contested change={change} person={who.person.name} />
          <button
            type="button"
            className="main"
            aria-describedby={heading}
            onClick={() => onDecide(change, true)}
          >
            Keep mine
          </button>
          <button
            type="button"
            className="main plain"
            aria-describedby={heading}
            onClick={() => onDecide(change, false)}
          >
            Keep theirs
          </button>
        </>
      )}
    </Card>
  );
}

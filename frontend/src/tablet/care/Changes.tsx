import { useState } from "react";
import type { Change } from "../../offline/changes.ts";
import { discard, enqueue, exported } from "../../offline/outbox.ts";
import { useNet } from "../net.ts";
import { Title } from "../parts.tsx";
import { useStored } from "../stored.ts";
import { sendNow, useSyncing } from "../syncing.ts";
import type { Known } from "../who.ts";
import { Card } from "./Card.tsx";
import { Contested } from "./Contested.tsx";
import { CopyReport } from "./CopyReport.tsx";
import { Confirm } from "./Dialog.tsx";
import { EditChange } from "./EditChange.tsx";
import { LongList } from "./LongList.tsx";
import { save } from "./save.ts";
import { again, dependents, dismissal, sections } from "./sections.ts";
import { kept as whyNotKept } from "./trouble.ts";
import { count, loss, remedy, remedyByKind } from "./words.ts";

type Asked = { what: "edit" | "discard"; change: Change };

/** The sync centre: what waits, what arrived, what needs a decision, what was refused and why. */
export function Changes({ who }: { who: Known }) {
  const { store, person } = who;
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
  const { conflict, refused, waiting, sent } = sections(changes);
  const decide = (change: Change, isMine: boolean) =>
    void enqueue(store, isMine ? again(change) : dismissal(change)).then(
      () => setSaid(isMine ? "Yours is on its way." : "Theirs stays."),
      (error: Error) => setSaid(whyNotKept(error)),
    );
  const takeBack = async (change: Change) => {
    setAsked(null);
    // The last one first: what builds on it must not be sent without it.
    let told = "";
    for (const one of [...dependents(change, changes).reverse(), change]) {
      told = DISCARDED[await discard(store, one.id)];
    }
    setSaid(told);
  };
  const edit = (change: Change) => setAsked({ what: "edit", change });
  const drop = (change: Change) => setAsked({ what: "discard", change });

  return (
    <div className="care">
      <Title>Changes</Title>
      <Tools who={who} waiting={waiting.length} onSaid={setSaid} />
      <p role="status" className="news">
        {said}
      </p>
      <Section title="Needs your decision" items={conflict} empty={null}>
        {(change) => (
          <Card change={change}>
            {(heading) => (
              <>
                <Contested change={change} person={person.name} />
                <button
                  type="button"
                  className="main"
                  aria-describedby={heading}
                  onClick={() => decide(change, true)}
                >
                  Keep mine
                </button>
                <button
                  type="button"
                  className="main plain"
                  aria-describedby={heading}
                  onClick={() => decide(change, false)}
                >
                  Keep theirs
                </button>
              </>
            )}
          </Card>
        )}
      </Section>
      <Section title="Refused" items={refused} empty={null}>
        {(change) => (
          <Card change={change}>
            {(heading) => (
              <Offered
                change={change}
                heading={heading}
                way={remedy(change)}
                onEdit={edit}
                onAgain={() => decide(change, true)}
                onDiscard={drop}
              />
            )}
          </Card>
        )}
      </Section>
      <Section
        title="On this tablet"
        items={waiting}
        empty="Nothing waits. What you do is sent as soon as there is a connection."
      >
        {(change) => (
          <Card change={change}>
            {(heading) => (
              <Offered
                change={change}
                heading={heading}
                way={remedyByKind(change)}
                onEdit={edit}
                onDiscard={drop}
              />
            )}
          </Card>
        )}
      </Section>
      <Section title="Sent" items={sent} empty="Nothing was sent from this tablet lately.">
        {(change) => <Card change={change} />}
      </Section>
      {asked?.what === "discard" && (
        <Confirm
          title="Discard this change?"
          yes="Discard"
          onYes={() => void takeBack(asked.change)}
          onNo={() => setAsked(null)}
        >
          {loss(asked.change, dependents(asked.change, changes).length)}
        </Confirm>
      )}
      {asked?.what === "edit" && (
        <EditChange
          store={store}
          change={asked.change}
          onClose={(told) => {
            setAsked(null);
            setSaid(told);
          }}
        />
      )}
    </div>
  );
}

const DISCARDED: Record<Awaited<ReturnType<typeof discard>>, string> = {
  discarded: "Discarded.",
  sent: "It was sent meanwhile, so it could not be discarded. Change the product instead.",
  unknown:
    "It may have reached the server already, so it cannot be discarded now. With a connection it will be known.",
};

function Section(props: {
  title: string;
  items: readonly Change[];
  /** What stands in an empty section; null: an empty section is not shown. */
  empty: string | null;
  children: (change: Change) => React.ReactNode;
}) {
  const { title, items, empty, children } = props;
  if (items.length === 0 && empty === null) {
    return null;
  }
  return (
    <section aria-label={title}>
      <h2>
        {title} <span className="quiet">({items.length.toLocaleString("en")})</span>
      </h2>
      {items.length === 0 ? (
        <p className="quiet">{empty}</p>
      ) : (
        <LongList label={title} items={items}>
          {children}
        </LongList>
      )}
    </section>
  );
}

function Offered(props: {
  change: Change;
  heading: string;
  way: ReturnType<typeof remedy>;
  onEdit: (change: Change) => void;
  onAgain?: () => void;
  onDiscard: (change: Change) => void;
}) {
  const { change, heading, way } = props;
  const isEditable = way === "category" || way === "fields";
  return (
    <>
      {isEditable && (
        <button
          type="button"
          className="plain"
          aria-describedby={heading}
          onClick={() => props.onEdit(change)}
        >
          Edit
        </button>
      )}
      {way === "again" && (
        <button type="button" className="plain" aria-describedby={heading} onClick={props.onAgain}>
          Try again
        </button>
      )}
      <button
        type="button"
        className="plain"
        aria-describedby={heading}
        onClick={() => props.onDiscard(change)}
      >
        Discard
      </button>
    </>
  );
}

function Tools(props: { who: Known; waiting: number; onSaid: (told: string) => void }) {
  const { who, waiting, onSaid } = props;
  const { isSending, lastError } = useSyncing();
  const [begunWith, setBegunWith] = useState(0);
  const net = useNet();
  const send = async () => {
    onSaid("");
    setBegunWith(waiting);
    const { state, sent, left } = await sendNow();
    setBegunWith(0);
    onSaid(`${SENT[state]} ${count(sent, "change")} sent, ${left} left.`.trim());
  };
  const file = async () => {
    save(await exported(who.store), `shelfmark-changes-${who.person.id}.json`);
    onSaid("The file holds everything that waits here. It is still here, too.");
  };
  return (
    <div className="tools">
      <p className="row">
        <button
          type="button"
          className="main"
          disabled={isSending || waiting === 0}
          onClick={() => void send()}
        >
          Send now
        </button>
        <button type="button" className="plain main" onClick={() => void file()}>
          Export
        </button>
        <CopyReport who={who} onSaid={onSaid} />
      </p>
      {isSending && begunWith > 0 && (
        <p className="fetching">
          <label>
            Sent {Math.max(0, begunWith - waiting)} of {begunWith}
            <progress value={Math.max(0, begunWith - waiting)} max={begunWith} />
          </label>
        </p>
      )}
      {net !== "offline" && waiting > 0 && lastError !== null && (
        <p className="quiet">{lastError}</p>
      )}
      {net === "offline" && waiting > 0 && (
        <p className="quiet">
          There is no connection. {count(waiting, "change")} {waiting === 1 ? "waits" : "wait"} here
          and will be sent by {waiting === 1 ? "itself" : "themselves"}.
        </p>
      )}
    </div>
  );
}

const SENT: Record<Awaited<ReturnType<typeof sendNow>>["state"], string> = {
  done: "",
  busy: "Another window is sending already.",
  auth: "Sign in to send.",
  unreachable: "The server cannot be reached.",
  later: "The server asks to try again later.",
};

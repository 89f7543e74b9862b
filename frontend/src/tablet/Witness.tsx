// What this tablet finds when it checks the server's log. In a chunk of its own: the screens do not
// wait for it.
import { useEffect, useSyncExternalStore } from "react";
import { type Alarm, type Reason, type Witnessed, witnessed } from "../offline/device.ts";
import { check, report } from "../offline/witness.ts";
import { age } from "../ui/words.ts";
import { loadModel } from "./loadModel.ts";
import { useNow } from "./useNow.ts";
import { when } from "./words.ts";

const REASONS: Record<Reason, string> = {
  refused: "It no longer has entries that it had signed.",
  signature: "What it shows is not signed with the key that this tablet knows.",
  shorter: "It has fewer entries than it had signed before.",
  rewritten: "It has other entries than those that it had signed before.",
};

let found: Witnessed | undefined;
const listeners = new Set<() => void>();

function become(next: Witnessed | undefined): void {
  found = next;
  for (const listener of listeners) {
    listener();
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let running: Promise<void> | null = null;

/** Check the log. Somebody who is signed in also reports it, with the model that is held here. */
export function sync(held: (() => Promise<string | null>) | null): Promise<void> {
  running ??= syncOnce(held).finally(() => {
    running = null;
  });
  return running;
}

async function syncOnce(held: (() => Promise<string | null>) | null): Promise<void> {
  if (window.isSecureContext) {
    const next = await check(new Date());
    become(next);
    if (held !== null) {
      // Without a model of its own, the tablet shows what the server's answered last.
      const own = await loadModel().then(({ heldModel }) => heldModel());
      await report(next, own ?? (await held()));
    }
  }
}

/** How long ago the log was found to be whole, and a warning for ever once it was not. */
export function Witness() {
  const state = useSyncExternalStore(subscribe, () => found);
  const now = useNow();
  useEffect(() => {
    // Without a connection nothing is checked, and what was found before counts.
    void witnessed().then((kept) => found ?? become(kept));
  }, []);
  if (state === undefined || state.note === "") {
    return <p className="log">{state ? "Log not checked yet" : "\u00a0"}</p>;
  }
  const { alarm, size, isSigned } = state;
  return (
    <>
      {alarm !== null && <Warning alarm={alarm} state={state} now={now} />}
      <p className="log">
        {alarm === null ? "Log checked" : "Log last found whole"}: {size.toLocaleString("en")}{" "}
        {size === 1 ? "entry" : "entries"}, {age(new Date(state.checkedAt), now)}
        {!isSigned && ", without its signature, which this browser cannot check"}
      </p>
    </>
  );
}

function Warning(props: { alarm: Alarm; state: Witnessed; now: Date }) {
  const { alarm, state, now } = props;
  return (
    <div className="banner alarm" role="alert">
      <span>
        <strong>The server’s record of the past has changed.</strong> {REASONS[alarm.reason]} This
        tablet noticed it {day(when(new Date(alarm.at), now))} and keeps the proof. Save the
        evidence and tell your auditor. Your work goes on.
      </span>
      <button type="button" onClick={() => save(state)}>
        Save the evidence
      </button>
    </div>
  );
}

function day(moment: string): string {
  return moment.includes(" ") ? moment.replace(/^(?=\d)/, "on ") : `at ${moment}`;
}

function save({ tablet, vkeys, alarm }: Witnessed): void {
  const content = JSON.stringify({ format: "shelfmark-alarm/1", tablet, vkeys, ...alarm }, null, 2);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  link.download = `shelfmark-evidence-${tablet}.json`;
  link.click();
}

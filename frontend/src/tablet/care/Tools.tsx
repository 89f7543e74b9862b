import { useState } from "react";
import { exported } from "../../offline/outbox.ts";
import { useNet } from "../net.ts";
import { sendNow, useSyncing } from "../syncing.ts";
import type { Known } from "../who.ts";
import { CopyReport } from "./CopyReport.tsx";
import { save } from "./save.ts";
import { count } from "./words.ts";

/** What can be done with all that waits. */
export function Tools(props: { who: Known; waiting: number; onSaid: (told: string) => void }) {
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

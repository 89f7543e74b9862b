import { useState } from "react";
import { sendNow, useSyncing } from "../syncing.ts";
import { type Known, signOut } from "../who.ts";
import { Dialog } from "./Dialog.tsx";
import { count } from "./words.ts";

interface Properties {
  who: Known;
  waiting: number;
  /** How many of them need a decision, or were refused. */
  troubled: number;
  onClose: () => void;
}

/** Asks what becomes of what was not sent, before somebody leaves. */
export function SignOutDialog({ who, waiting, troubled, onClose }: Properties) {
  const { name } = who.person;
  const { isSending, progress } = useSyncing();
  const [problem, setProblem] = useState("");
  const all = waiting + troubled;
  const leave = async (how: "send" | "seal") => (await signOut(how)).isOut;
  const send = async () => {
    setProblem("");
    const { left, state } = await sendNow();
    if (state !== "done" || !(await leave("send"))) {
      setProblem(NOT_SENT[state](left));
    }
  };
  return (
    <Dialog
      title={`${count(all, "change")} ${all === 1 ? "waits" : "wait"} on this tablet`}
      onClose={onClose}
    >
      {problem && (
        <p className="banner alarm" role="alert">
          {problem}
        </p>
      )}
      <p>
        {troubled > 0 &&
          `${count(troubled, "change")} ${troubled === 1 ? "needs" : "need"} your decision. `}
        Sealed changes stay on this tablet. Nobody else sees or sends them, and they go on when{" "}
        {name} signs in here again.
      </p>
      {isSending && progress !== null && (
        <p role="status">
          Sending {progress.done} of {progress.total}…
        </p>
      )}
      <p className="row">
        {waiting > 0 && (
          <button type="button" className="main" disabled={isSending} onClick={() => void send()}>
            Send now
          </button>
        )}
        <button type="button" className="main plain" onClick={onClose}>
          Stay
        </button>
        <button type="button" className="main plain" onClick={() => void leave("seal")}>
          Seal for {name}
        </button>
      </p>
    </Dialog>
  );
}

const NOT_SENT: Record<Awaited<ReturnType<typeof sendNow>>["state"], (left: number) => string> = {
  done: (left) =>
    left === 0
      ? "Everything is sent. What needs your decision is under Changes; decide it, or seal it."
      : `${count(left, "change")} could not be sent. Look under Changes, or seal them.`,
  busy: () => "Another window is sending already. Wait a moment, then try again.",
  auth: () => "You are not signed in any more. Stay and sign in to send, or seal.",
  unreachable: () => "The server cannot be reached. Stay until there is a connection, or seal.",
  later: () => "The server asks to try again later. Stay, or seal.",
};

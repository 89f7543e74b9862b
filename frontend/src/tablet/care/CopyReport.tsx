import { useState } from "react";
import { workerState } from "../../offline/register.ts";
import { useModel } from "../model.ts";
import { currentNet } from "../net.ts";
import { useSyncing } from "../syncing.ts";
import type { Known } from "../who.ts";
import { Dialog } from "./Dialog.tsx";
import { useSkew } from "./skew.ts";
import { room } from "./storage.ts";
import { report } from "./syncReport.ts";

/** Hands over what support asks for first. */
export function CopyReport({ who, onSaid }: { who: Known; onSaid: (told: string) => void }) {
  const { sha256 } = useModel();
  const { lastError } = useSyncing();
  const skewMs = useSkew();
  const [shown, setShown] = useState<string | null>(null);
  const copy = async () => {
    const { store } = who;
    const [facts, changes, space] = await Promise.all([store.facts(), store.changes(), room()]);
    const { isComplete, lastPull, epoch } = facts;
    const text = report(
      {
        build: changes.at(-1)?.build ?? "",
        worker: workerState(),
        net: currentNet(),
        mirror: { isComplete, lastPull, epoch },
        model: sha256,
        space,
        isInstalled: space.isInstalled,
        skewMs,
        canSync: "sync" in (globalThis.ServiceWorkerRegistration?.prototype ?? {}),
        lastError: lastError === null ? null : String(lastError),
      },
      changes,
      new Date(),
    );
    try {
      await navigator.clipboard.writeText(text);
      onSaid("The report is copied. It says nothing about people.");
    } catch {
      setShown(text); // no clipboard without https, or not allowed
    }
  };
  return (
    <>
      <button type="button" className="plain main" onClick={() => void copy()}>
        Copy sync report
      </button>
      {shown !== null && (
        <Dialog title="Sync report" onClose={() => setShown(null)}>
          <p>Copy this text and send it to whoever helps you. It says nothing about people.</p>
          <textarea readOnly rows={12} value={shown} aria-label="Sync report" />
          <p className="row">
            <button type="button" className="main" onClick={() => setShown(null)}>
              Close
            </button>
          </p>
        </Dialog>
      )}
    </>
  );
}

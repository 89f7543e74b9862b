import { type ComponentType, useEffect, useState } from "react";
import type { Known } from "../tablet/who.ts";

type Acts = ComponentType<{ who: Known }>;

/** What acts on every scan, on whichever screen; null until its chunk is there. */
export function useScanning(): Acts | null {
  const [Acts, setActs] = useState<Acts | null>(null);
  useEffect(() => {
    // Not kept yet and no connection: the next start has it.
    void import("../tablet/scan/scan.tsx").then(
      ({ Scanned }) => setActs(() => Scanned),
      () => undefined,
    );
  }, []);
  return Acts;
}

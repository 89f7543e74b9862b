// Whether the clock of this tablet is right, as the server's answers tell.
import { useEffect, useState } from "react";
import { useNet } from "../net.ts";

const TOLERATED_MS = 300_000;
const AGAIN_MS = 3_600_000;

let skew: number | null = null;
let readAt = Number.NEGATIVE_INFINITY;

/** Return by how much the clock of this tablet is ahead, in milliseconds; null: not known. */
export function ahead(date: string | null, before: number, after: number): number | null {
  const server = date === null ? Number.NaN : Date.parse(date);
  // The server's seconds are whole, and the answer was on its way for a while.
  return Number.isNaN(server) ? null : Math.round((before + after) / 2 - (server + 500));
}

async function read(): Promise<number | null> {
  const before = Date.now();
  const response = await fetch("/healthz", { cache: "no-store", redirect: "manual" });
  return response.ok ? ahead(response.headers.get("Date"), before, Date.now()) : null;
}

/** Return what is wrong with the clock, as a sentence; null: nothing, or not known. */
export function clockTrouble(ms: number | null): string | null {
  if (ms === null || Math.abs(ms) <= TOLERATED_MS) {
    return null;
  }
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const hours = Math.round(minutes / 60);
  const days = Math.round(hours / 24);
  const far = days >= 2 ? `${days} days` : hours >= 2 ? `${hours} hours` : `${minutes} minutes`;
  return `The clock of this tablet is ${far} ${ms > 0 ? "ahead" : "behind"}. Your work counts, but its times are wrong: set the clock in the settings of the tablet.`;
}

export function useSkew(): number | null {
  const net = useNet();
  const [known, setKnown] = useState(skew);
  useEffect(() => {
    if (net !== "online" || performance.now() - readAt < AGAIN_MS) {
      return;
    }
    readAt = performance.now();
    void read()
      .catch(() => null)
      .then((found) => {
        skew = found ?? skew;
        setKnown(skew);
      });
  }, [net]);
  return known;
}

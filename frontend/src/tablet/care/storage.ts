// How much room there is, and whether the system may take back what is kept.

export interface Room {
  /** Bytes; null: the browser does not tell. */
  used: number | null;
  free: number | null;
  /** Whether the browser promised to keep it; null: it does not tell. */
  isKept: boolean | null;
  isInstalled: boolean;
  isApple: boolean;
}

const LOW_BYTES = 200_000_000;

/** Ask the browser. It may well know nothing. */
export async function room(): Promise<Room> {
  const { storage } = navigator;
  const told = await storage?.estimate?.().catch(() => null);
  const used = told?.usage ?? null;
  return {
    used,
    free: told?.quota === undefined || used === null ? null : Math.max(0, told.quota - used),
    isKept: (await storage?.persisted?.().catch(() => null)) ?? null,
    isInstalled:
      window.matchMedia("(display-mode: standalone)").matches ||
      (navigator as { standalone?: boolean }).standalone === true,
    // An iPad calls itself a Macintosh, but no Macintosh is touched.
    isApple: /iPad|iPhone/.test(navigator.userAgent) || isTouchedMac(),
  };
}

function isTouchedMac(): boolean {
  return /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
}

export function isLow({ free }: Room): boolean {
  return free !== null && free < LOW_BYTES;
}

/** Whether the system deletes what is kept when nobody comes for a week. */
export function isFleeting({ isApple, isInstalled, isKept }: Room): boolean {
  return isApple && !isInstalled && isKept !== true;
}
